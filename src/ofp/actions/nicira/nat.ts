import { readIpv4, readIpv6, writeIpv4, writeIpv6 } from '../../../util/ip.ts';
import { need, type WireView } from '../../wire/wire-view.ts';
import type { Writer } from '../../wire/writer.ts';
import { type ActionCodec, actionCodec, type WithDefaults } from '../codec.ts';

/**
 * NXAST_NAT: translates the connection's addresses, within {@link NxCt} (ovs-actions(7)). Without a range, it does to
 * later packets what was done to the connection's first.
 */
export interface NxNat {
  readonly type: 'nxNat';
  /** Bits of {@link NatFlag}. */
  readonly flags: number;
  /** The range of addresses to choose from; only the least when there is but one. */
  readonly ipv4Min?: string;
  readonly ipv4Max?: string;
  readonly ipv6Min?: string;
  readonly ipv6Max?: string;
  /** The range of TCP, UDP or SCTP ports. */
  readonly protoMin?: number;
  readonly protoMax?: number;
}

/** A {@link NxNat} to be sent: no flags unless given (ovs-actions(7)). */
export type NxNatInit = WithDefaults<NxNat, 'flags'>;

/** NX_NAT_F_ bits (ovs-actions(7)). */
export const NatFlag = {
  SRC: 1 << 0,
  DST: 1 << 1,
  /** The same address for the same source, over restarts. */
  PERSISTENT: 1 << 2,
  /** Ports by hash, or at random. */
  PROTO_HASH: 1 << 3,
  PROTO_RANDOM: 1 << 4,
} as const;

/** The parts of a range, in the order of their NX_NAT_RANGE_ bits, in which they are sent. */
const PARTS = [
  { name: 'ipv4Min', size: 4 },
  { name: 'ipv4Max', size: 4 },
  { name: 'ipv6Min', size: 16 },
  { name: 'ipv6Max', size: 16 },
  { name: 'protoMin', size: 2 },
  { name: 'protoMax', size: 2 },
] as const;
const RANGE_OFFSET = 16;

/** The codec of {@link NxNat}. */
export const nxNat: ActionCodec = actionCodec<NxNat>({
  type: 'nxNat',
  code: 36,
  size: RANGE_OFFSET,
  fixed: false,
  decode(wire, start, end) {
    const present = wire.view.getUint16(start + 14);
    if (present >>> PARTS.length !== 0) return undefined;
    const range: Record<string, string | number> = {};
    let at = start + RANGE_OFFSET;
    PARTS.forEach(({ name, size }, bit) => {
      if ((present & (1 << bit)) === 0) return;
      need(name, size, at, end);
      range[name] = readPart(wire, at, size);
      at += size;
    });
    return { type: 'nxNat', flags: wire.view.getUint16(start + 12), ...range };
  },
  encode(writer, action) {
    writer.zeros(2);
    writer.u16(action.flags ?? 0);
    const presentAt = writer.offset;
    let present = 0;
    writer.u16(0);
    PARTS.forEach(({ name, size }, bit) => {
      const value = action[name];
      if (value === undefined) return;
      present |= 1 << bit;
      writePart(writer, value, size);
    });
    writer.view.setUint16(presentAt, present);
  },
});

function readPart({ bytes, view }: WireView, at: number, size: 2 | 4 | 16): string | number {
  if (size === 2) return view.getUint16(at);
  return size === 4 ? readIpv4(bytes, at) : readIpv6(bytes, at);
}

function writePart(writer: Writer, value: string | number, size: 2 | 4 | 16): void {
  writer.zeros(size);
  const at = writer.offset - size;
  if (size === 2) writer.view.setUint16(at, value as number);
  else if (size === 4) writeIpv4(writer.bytes, at, value as string);
  else writeIpv6(writer.bytes, at, value as string);
}
