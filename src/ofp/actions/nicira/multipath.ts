import { decodeShortOxmHeader } from '../../oxm/oxm.ts';
import { readRange, type Subfield, writeRange, writeShortReference } from '../../oxm/subfield.ts';
import { readPort16, writePort16 } from '../../port16.ts';
import { type Enumerated, enumeration } from '../../wire/enumeration.ts';
import { badLength, type WireView } from '../../wire/wire-view.ts';
import type { Writer } from '../../wire/writer.ts';
import { type ActionCodec, actionCodec, type WithDefaults } from '../codec.ts';

/**
 * NX_HASH_FIELDS_: what of a packet is hashed; `symmetric` gives both directions of a connection the same hash
 * (ovs-actions(7)).
 */
export type HashFields =
  | 'ethSrc'
  | 'symmetricL4'
  | 'symmetricL3L4'
  | 'symmetricL3L4Udp'
  | 'nwSrc'
  | 'nwDst'
  | 'symmetricL3';

/** NX_MP_ALG_: how a hash chooses a link (ovs-actions(7)). */
export type MultipathAlgorithm = 'moduloN' | 'hashThreshold' | 'hrw' | 'iterHash';

/** NX_BD_ALG_: how a member is chosen: the first that is up, or by the highest random weight (ovs-actions(7)). */
export type BundleAlgorithm = 'activeBackup' | 'hrw';

/** NXAST_MULTIPATH: writes the number of a link, chosen by hashing the packet, into a field (ovs-actions(7)). */
export interface NxMultipath {
  readonly type: 'nxMultipath';
  readonly fields: Enumerated<HashFields>;
  /** Makes one hash differ from another. */
  readonly basis: number;
  readonly algorithm: Enumerated<MultipathAlgorithm>;
  /** How many links there are, less one. */
  readonly maxLink: number;
  /** The algorithm's argument. */
  readonly arg: number;
  readonly dst: Subfield;
}

/** A {@link NxMultipath} to be sent: basis and argument 0 unless given (ovs-actions(7)). */
export type NxMultipathInit = WithDefaults<NxMultipath, 'basis' | 'arg'>;

interface BundleMembers {
  readonly algorithm: Enumerated<BundleAlgorithm>;
  readonly fields: Enumerated<HashFields>;
  readonly basis: number;
  /** Ports, of which those that are up are chosen from. */
  readonly members: readonly number[];
}

/** NXAST_BUNDLE: sends the packet out of one of several ports (ovs-actions(7)). */
export interface NxBundle extends BundleMembers {
  readonly type: 'nxBundle';
}

/**
 * NXAST_BUNDLE_LOAD: writes the port that {@link NxBundle} would choose into a field of at least 16 bits
 * (ovs-actions(7)).
 */
export interface NxBundleLoad extends BundleMembers {
  readonly type: 'nxBundleLoad';
  readonly dst: Subfield;
}

/** Actions that spread packets over links (ovs-actions(7)). */
export type NxSpreadAction = NxMultipath | NxBundle | NxBundleLoad;

/** A {@link NxSpreadAction} to be sent: basis 0 unless given (ovs-actions(7)). */
export type NxSpreadActionInit =
  | NxMultipathInit
  | WithDefaults<NxBundle, 'basis'>
  | WithDefaults<NxBundleLoad, 'basis'>;

const hashFields = enumeration<HashFields>('NX_HASH_FIELDS', {
  ethSrc: 0,
  symmetricL4: 1,
  symmetricL3L4: 2,
  symmetricL3L4Udp: 3,
  nwSrc: 4,
  nwDst: 5,
  symmetricL3: 6,
});

const multipathAlgorithms = enumeration<MultipathAlgorithm>('NX_MP_ALG', {
  moduloN: 0,
  hashThreshold: 1,
  hrw: 2,
  iterHash: 3,
});

const bundleAlgorithms = enumeration<BundleAlgorithm>('NX_BD_ALG', { activeBackup: 0, hrw: 1 });

/** NXM_OF_IN_PORT's header: the one kind of member that bundles have. */
const MEMBER_TYPE = 0x00000002;
const MEMBERS_OFFSET = 32;

/** The codecs of {@link NxSpreadAction}. */
export const nxSpreadActions: readonly ActionCodec[] = [
  actionCodec<NxMultipath>({
    type: 'nxMultipath',
    code: 10,
    size: 32,
    fixed: true,
    decode: (wire, start) => ({
      type: 'nxMultipath',
      fields: hashFields.name(wire.view.getUint16(start + 10)),
      basis: wire.view.getUint16(start + 12),
      algorithm: multipathAlgorithms.name(wire.view.getUint16(start + 16)),
      maxLink: wire.view.getUint16(start + 18),
      arg: wire.view.getUint32(start + 20),
      dst: readRange(wire, start + 26, decodeShortOxmHeader(wire, start + 28)),
    }),
    encode(writer, { fields, basis = 0, algorithm, maxLink, arg = 0, dst }) {
      writer.u16(hashFields.code(fields));
      writer.u16(basis);
      writer.zeros(2);
      writer.u16(multipathAlgorithms.code(algorithm));
      writer.u16(maxLink);
      writer.u32(arg);
      writer.zeros(2);
      writeRange(writer, dst);
      writeShortReference(writer, dst);
    },
  }),
  actionCodec<NxBundle>({
    type: 'nxBundle',
    code: 12,
    size: MEMBERS_OFFSET,
    fixed: false,
    decode(wire, start, end) {
      const members = decodeMembers(wire, start, end);
      const hasTarget = wire.view.getUint16(start + 22) !== 0 || wire.view.getUint32(start + 24) !== 0;
      return members === undefined || hasTarget ? undefined : { type: 'nxBundle', ...members };
    },
    encode: (writer, action) => encodeMembers(writer, action, undefined),
  }),
  actionCodec<NxBundleLoad>({
    type: 'nxBundleLoad',
    code: 13,
    size: MEMBERS_OFFSET,
    fixed: false,
    decode(wire, start, end) {
      const members = decodeMembers(wire, start, end);
      const dst = readRange(wire, start + 22, decodeShortOxmHeader(wire, start + 24));
      return members === undefined ? undefined : { type: 'nxBundleLoad', ...members, dst };
    },
    encode: (writer, action) => encodeMembers(writer, action, action.dst),
  }),
];

/** Gives undefined when the members are of another type than ports. */
function decodeMembers({ view }: WireView, start: number, end: number): BundleMembers | undefined {
  const count = view.getUint16(start + 20);
  if (MEMBERS_OFFSET + count * 2 > end - start) {
    throw badLength('bundle', end - start, MEMBERS_OFFSET + count * 2, 0xffff);
  }
  if (view.getUint32(start + 16) !== MEMBER_TYPE) return undefined;
  return {
    algorithm: bundleAlgorithms.name(view.getUint16(start + 10)),
    fields: hashFields.name(view.getUint16(start + 12)),
    basis: view.getUint16(start + 14),
    members: Array.from({ length: count }, (_, i) => readPort16(view, start + MEMBERS_OFFSET + i * 2)),
  };
}

function encodeMembers(
  writer: Writer,
  { algorithm, fields, basis = 0, members }: WithDefaults<BundleMembers, 'basis'>,
  dst: Subfield | undefined,
): void {
  writer.u16(bundleAlgorithms.code(algorithm));
  writer.u16(hashFields.code(fields));
  writer.u16(basis);
  writer.u32(MEMBER_TYPE);
  writer.u16(members.length);
  if (dst === undefined) writer.zeros(6);
  else {
    writeRange(writer, dst);
    writeShortReference(writer, dst);
  }
  writer.zeros(4);
  for (const port of members) writePort16(writer, port);
}
