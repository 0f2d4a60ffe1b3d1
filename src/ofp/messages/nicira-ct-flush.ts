import { WireError } from '../../util/errors.ts';
import { isIpv4, readIpv4, readIpv6, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { bitsToBytes, bytesToBits, fromBits, toBits } from '../oxm/field-bits.ts';
import { Experimenter } from '../oxm/fields.ts';
import { exactBody } from '../wire/property.ts';
import {
  type PropertyRow,
  propertyTable,
  type UnknownProperties,
  u8Property,
  u16Property,
  u32Property,
} from '../wire/property-table.ts';
import type { WireView } from '../wire/wire-view.ts';
import { type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';

/** NXT_CT_FLUSH_ZONE: forgets the connections of a zone (nicira-ext.h). */
export interface NxCtFlushZone extends MessageBase<'nxCtFlushZone'> {
  readonly zoneId: number;
}

/** What connections {@link NxCtFlush} forgets: those that are all of what is said. */
interface CtProperties extends UnknownProperties {
  /** The addresses and ports of the first packet, and of the answer. */
  readonly orig?: CtTuple;
  readonly reply?: CtTuple;
  readonly zoneId?: number;
  /** The mark; Open vSwitch reads this and what follows since 3.3. */
  readonly mark?: number;
  /** Which bits of the mark count; all where it is left out. */
  readonly markMask?: number;
  /** 128 bits as `0x` and 32 digits. */
  readonly labels?: string;
  readonly labelsMask?: string;
}

/** NXT_CT_FLUSH: forgets some connections (nicira-ext.h). */
export interface NxCtFlush extends MessageBase<'nxCtFlush'>, CtProperties {
  /** The IP protocol; 0 for any. */
  readonly ipProto: number;
}

/** One direction of a connection; what is left out may be anything (nicira-ext.h). */
export interface CtTuple extends UnknownProperties {
  /** An IPv4 or IPv6 address. */
  readonly src?: string;
  readonly dst?: string;
  /** Of ICMP and ICMPv6 only. */
  readonly icmpId?: number;
  readonly icmpType?: number;
  readonly icmpCode?: number;
  /** Of the other protocols. */
  readonly srcPort?: number;
  readonly dstPort?: number;
}

/** NXT_CT_TUPLE_. */
const tupleTable = propertyTable<CtTuple>(
  addressProperty('src', 0),
  addressProperty('dst', 1),
  u16Property('srcPort', 2),
  u16Property('dstPort', 3),
  u16Property('icmpId', 4),
  u8Property('icmpType', 5),
  u8Property('icmpCode', 6),
);

/** NXT_CT_. */
const table = propertyTable<CtProperties>(
  tupleProperty('orig', 0),
  tupleProperty('reply', 1),
  u16Property('zoneId', 2),
  u32Property('mark', 3),
  u32Property('markMask', 4),
  labelsProperty('labels', 5),
  labelsProperty('labelsMask', 6),
);

const PROPERTIES_OFFSET = 24;
const LABELS_SIZE = 16;

/** The codec of {@link NxCtFlushZone}. */
export const nxCtFlushZone: ExperimenterCodec = experimenterCodec<NxCtFlushZone>({
  type: 'nxCtFlushZone',
  experimenter: Experimenter.NICIRA,
  expType: 29,
  size: 24,
  decode: ({ view }, start, _end, xid) => ({
    type: 'nxCtFlushZone',
    xid,
    zoneId: view.getUint16(start + 22),
  }),
  encode(writer, { zoneId }) {
    writer.zeros(6);
    writer.u16(zoneId);
  },
});

/** The codec of {@link NxCtFlush}. */
export const nxCtFlush: ExperimenterCodec = experimenterCodec<NxCtFlush>({
  type: 'nxCtFlush',
  experimenter: Experimenter.NICIRA,
  expType: 32,
  size: PROPERTIES_OFFSET,
  decode: (wire, start, end, xid) => ({
    type: 'nxCtFlush',
    xid,
    ipProto: wire.view.getUint8(start + 16),
    ...table.decode(wire, start + PROPERTIES_OFFSET, end),
  }),
  encode(writer, message) {
    writer.u8(message.ipProto);
    writer.zeros(7);
    table.encode(writer, message);
  },
});

function tupleProperty(name: string, code: number): PropertyRow {
  return {
    name,
    code,
    nested: true,
    read: tupleTable.decode,
    write: (writer, value) => tupleTable.encode(writer, value as CtTuple),
  };
}

/** An IPv6 address, or an IPv4 one in `::ffff:0:0/96`. */
function addressProperty(name: string, code: number): PropertyRow {
  return {
    name,
    code,
    read(wire, body, end) {
      const at = exactBody(name, body, end, 16);
      return isMapped(wire, at) ? readIpv4(wire.bytes, at + 12) : readIpv6(wire.bytes, at);
    },
    write(writer, value) {
      writer.zeros(16);
      const at = writer.offset - 16;
      if (isIpv4(value as string)) {
        writer.view.setUint16(at + 10, 0xffff);
        writeIpv4(writer.bytes, at + 12, value as string);
      } else writeIpv6(writer.bytes, at, value as string);
    },
  };
}

function labelsProperty(name: string, code: number): PropertyRow {
  return {
    name,
    code,
    read(wire, body, end) {
      const at = exactBody(name, body, end, LABELS_SIZE);
      return fromBits('ctLabel', bytesToBits(wire.bytes.subarray(at, at + LABELS_SIZE)));
    },
    write(writer, value) {
      if (!/^0x[0-9a-f]{1,32}$/i.test(value as string)) {
        throw new WireError('OFP_BAD_VALUE', `${name} takes 0x and up to 32 digits, got ${value}`);
      }
      writer.raw(bitsToBytes(toBits('ctLabel', value), LABELS_SIZE));
    },
  };
}

function isMapped({ view }: WireView, at: number): boolean {
  return view.getUint32(at) === 0 && view.getUint32(at + 4) === 0 && view.getUint32(at + 8) === 0xffff;
}
