import { readIpv4, readIpv6 } from '../../../util/ip.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { propertyBody, readProperties } from '../check/properties.ts';
import { demand } from '../check/refusal.ts';
import { IpProto } from '../packet-kind.ts';
import type { WireMessage } from './form.ts';

/** One direction of a connection as a flush names it. */
interface Tuple {
  src: Uint8Array;
  dst: Uint8Array;
  icmpId: number;
  icmpType: number;
  icmpCode: number;
  srcPort: number;
  dstPort: number;
}

/** Address families, as Open vSwitch takes them from the addresses: the last one counts. */
type Family = 'ipv4' | 'ipv6' | undefined;

const ADDRESS_SIZE = 16;

function newTuple(): Tuple {
  const none = new Uint8Array(ADDRESS_SIZE);
  return { src: none, dst: none, icmpId: 0, icmpType: 0, icmpCode: 0, srcPort: 0, dstPort: 0 };
}

/** NXT_CT_TUPLE_ numbers of what is not an address, with the bytes that they take. */
const PARTS: ReadonlyMap<number, readonly [name: Exclude<keyof Tuple, 'src' | 'dst'>, size: 1 | 2]> = new Map(
  [
    [2, ['srcPort', 2]],
    [3, ['dstPort', 2]],
    [4, ['icmpId', 2]],
    [5, ['icmpType', 1]],
    [6, ['icmpCode', 1]],
  ],
);

function readTuple(wire: WireView, start: number, end: number, tuple: Tuple, before: Family): Family {
  let family = before;
  readProperties(wire, start, end, (type, body, bodyEnd) => {
    if (type <= 1) {
      const at = propertyBody(body, bodyEnd, ADDRESS_SIZE);
      const address = wire.bytes.subarray(at, at + ADDRESS_SIZE);
      const kind = familyOf(address);
      const differs = family !== undefined && kind !== undefined && kind !== family;
      demand(!differs, 'OFPBPC_BAD_VALUE', 'the addresses are of two families');
      family = kind;
      tuple[type === 0 ? 'src' : 'dst'] = address;
    }
    const part = PARTS.get(type);
    if (part === undefined) return;
    const at = propertyBody(body, bodyEnd, part[1]);
    tuple[part[0]] = part[1] === 1 ? wire.view.getUint8(at) : wire.view.getUint16(at);
  });
  return family;
}

function isMapped(address: Uint8Array): boolean {
  return address.subarray(0, 10).every((byte) => byte === 0) && address[10] === 0xff && address[11] === 0xff;
}

function familyOf(address: Uint8Array): Family {
  if (address.every((byte) => byte === 0)) return undefined;
  return isMapped(address) ? 'ipv4' : 'ipv6';
}

function formatTuple(tuple: Tuple, protocol: number, family: Family): string {
  const kind = family === 'ipv4' ? 'nw' : 'ipv6';
  const address = (bytes: Uint8Array) => (isMapped(bytes) ? readIpv4(bytes, 12) : readIpv6(bytes, 0));
  const addresses = `ct_${kind}_src=${address(tuple.src)},ct_${kind}_dst=${address(tuple.dst)}`;
  if (protocol === IpProto.ICMP || protocol === IpProto.ICMPV6) {
    return `${addresses},icmp_id=${tuple.icmpId},icmp_type=${tuple.icmpType},icmp_code=${tuple.icmpCode}`;
  }
  return `${addresses},ct_tp_src=${tuple.srcPort},ct_tp_dst=${tuple.dstPort}`;
}

/** NXT_CT_ numbers. */
const Property = { ORIG_TUPLE: 0, REPLY_TUPLE: 1, ZONE_ID: 2 } as const;

/** Writes NXT_CT_FLUSH. */
export function* printCtFlush({ wire, body, end }: WireMessage): Iterable<string> {
  const { view, bytes } = wire;
  const isReserved = bytes.subarray(body + 1, body + 8).some((byte) => byte !== 0);
  demand(!isReserved, 'NXBRC_MUST_BE_ZERO', 'reserved bytes are not zero');
  const protocol = view.getUint8(body);
  const [orig, reply] = [newTuple(), newTuple()];
  let family: Family;
  let zone = 0;
  readProperties(wire, body + 8, end, (type, at, next) => {
    if (type === Property.ORIG_TUPLE || type === Property.REPLY_TUPLE) {
      const start = propertyBody(at, next, 4) + 4;
      family = readTuple(wire, start, next, type === Property.ORIG_TUPLE ? orig : reply, family);
    } else if (type === Property.ZONE_ID) zone = view.getUint16(propertyBody(at, next, 2));
  });
  const first = formatTuple(orig, protocol, family);
  yield ` zone=${zone} '${first},ct_nw_proto=${protocol}' '${formatTuple(reply, protocol, family)}'`;
}
