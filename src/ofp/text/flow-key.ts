/**
 * The places of a packet that fields name, as Open vSwitch keeps them: several fields may share a place (`nw_tos`,
 * `ip_dscp` and `nw_ecn`; `reg0`, `xreg0` and `xxreg0`), and one place may mean different things in different packets
 * (`tpSrc` is a port or an ICMP type). Sizes in bits.
 */
export const PLACES = {
  packetType: 32,
  dpHash: 32,
  recircId: 32,
  conjId: 32,
  tunId: 64,
  tunSrc: 32,
  tunDst: 32,
  tunIpv6Src: 128,
  tunIpv6Dst: 128,
  tunFlags: 16,
  tunTos: 8,
  tunTtl: 8,
  tunGbpId: 16,
  tunGbpFlags: 8,
  tunErspanIdx: 32,
  tunErspanVer: 8,
  tunErspanDir: 8,
  tunErspanHwid: 8,
  tunGtpuFlags: 8,
  tunGtpuMsgtype: 8,
  metadata: 64,
  inPort: 32,
  actsetOutput: 32,
  pktMark: 32,
  ctState: 8,
  ctZone: 16,
  ctMark: 32,
  ctLabel: 128,
  ctNwProto: 8,
  ctNwSrc: 32,
  ctNwDst: 32,
  ctIpv6Src: 128,
  ctIpv6Dst: 128,
  ctTpSrc: 16,
  ctTpDst: 16,
  /** Sixteen registers of 32 bits, `reg0` the highest, so that `xreg0` and `xxreg0` are runs of bits. */
  regs: 512,
  dlSrc: 48,
  dlDst: 48,
  dlType: 16,
  vlanTci: 16,
  /** The tag under the outermost one: of packets, no match can say it. */
  innerTci: 16,
  mplsLabel: 32,
  mplsTc: 8,
  mplsBos: 8,
  mplsTtl: 8,
  /** The labels under the outermost one, whole: of packets, no match can say them. */
  mplsLse1: 32,
  mplsLse2: 32,
  nwSrc: 32,
  nwDst: 32,
  ipv6Src: 128,
  ipv6Dst: 128,
  ipv6Label: 32,
  nwProto: 8,
  nwTos: 8,
  nwTtl: 8,
  nwFrag: 2,
  arpSha: 48,
  arpTha: 48,
  tpSrc: 16,
  tpDst: 16,
  tcpFlags: 16,
  ndTarget: 128,
  ndReserved: 32,
  nshFlags: 8,
  nshMdtype: 8,
  nshNp: 8,
  nshSpi: 32,
  nshSi: 8,
  nshC1: 32,
  nshC2: 32,
  nshC3: 32,
  nshC4: 32,
  nshTtl: 8,
  /** Which tunnel options a packet has, and their values: matches say them by {@link FlowKey.tunnelOptions}. */
  tunOptionsPresent: 64,
  tunOptions: 2048,
} as const;

/** The name of a place. */
export type Place = keyof typeof PLACES;

/** A tunnel option as a match has it: `bytes` of value and mask, the mask absent when it is an exact match. */
export interface TunnelOption {
  readonly value: Uint8Array;
  readonly mask: Uint8Array | undefined;
}

/** All ones of a size. */
export function allOnes(bits: number): bigint {
  return (1n << BigInt(bits)) - 1n;
}

/** A match by places instead of fields: what a packet must be, whichever fields said so. Value bits outside the mask are 0. */
export class FlowKey {
  readonly #values = new Map<Place, bigint>();
  readonly #masks = new Map<Place, bigint>();
  /** Tunnel options by their number: `tun_metadata3` is 3. */
  readonly tunnelOptions = new Map<number, TunnelOption>();

  /** The bits of a place, 0 where nothing is said of them. */
  value(place: Place): bigint {
    return this.#values.get(place) ?? 0n;
  }

  /** Which bits of a place something is said of. */
  mask(place: Place): bigint {
    return this.#masks.get(place) ?? 0n;
  }

  /** As {@link value}, for places of up to 32 bits. */
  number(place: Place): number {
    return Number(this.value(place));
  }

  /** The places that something has been said of, and maybe taken back. */
  places(): Iterable<Place> {
    return this.#masks.keys();
  }

  /** True when anything is said of a place. */
  has(place: Place): boolean {
    return this.mask(place) !== 0n;
  }

  /** True when every bit of a place is said. */
  isExact(place: Place): boolean {
    return this.mask(place) === allOnes(PLACES[place]);
  }

  /** Says all of a place. */
  setExact(place: Place, value: bigint | number): void {
    this.set(place, BigInt(value), allOnes(PLACES[place]));
  }

  /** Says the bits in `mask` and takes back what was said of the others. */
  set(place: Place, value: bigint, mask: bigint): void {
    this.#values.set(place, value & mask);
    this.#masks.set(place, mask);
  }

  /** Says a run of `bits` bits from `shift` on, and leaves the rest of the place. */
  setRun(place: Place, shift: number, bits: number, value: bigint, mask: bigint): void {
    const run = allOnes(bits) << BigInt(shift);
    const newMask = (this.mask(place) & ~run) | ((mask << BigInt(shift)) & run);
    this.set(place, (this.value(place) & ~run) | ((value << BigInt(shift)) & run), newMask);
  }

  /** A key that says the same. */
  clone(): FlowKey {
    const copy = new FlowKey();
    for (const [place, mask] of this.#masks) copy.set(place, this.value(place), mask);
    for (const [number, option] of this.tunnelOptions) copy.tunnelOptions.set(number, option);
    return copy;
  }
}
