import { MeterFlag, type MeterMod } from '../../ofp/messages/meter-mod.ts';
import type { MeterBand } from '../../ofp/meter-band.ts';
import { MeterNo } from '../../ofp/ports.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import type { Journal } from './journal.ts';

/** Bits or packets, in thousandths, so that a rate in thousands a second is what a millisecond adds. */
interface Band {
  readonly band: MeterBand;
  readonly capacity: number;
  bucket: number;
  packets: number;
  bytes: number;
}

const MAX_BANDS = 8;
const ALL_FLAGS = MeterFlag.KBPS | MeterFlag.PKTPS | MeterFlag.BURST | MeterFlag.STATS;

/** What a meter is made of. */
type MeterInit = Pick<MeterMod, 'meterId' | 'flags' | 'bands'>;

/** A meter (OpenFlow 1.3.5, 5.7): a token bucket for each band. */
export class Meter {
  readonly meterId: number;
  readonly flags: number;
  readonly createdMs: number;
  readonly bands: readonly Band[];
  packets = 0;
  bytes = 0;
  #filledMs: number;

  /** @param createdMs when it was added, if that was before it was changed into this */
  constructor({ meterId, flags, bands }: MeterInit, nowMs: number, createdMs = nowMs) {
    this.meterId = meterId;
    this.flags = flags;
    this.createdMs = createdMs;
    this.#filledMs = nowMs;
    this.bands = bands.map((band) => {
      const burstSize = band.burstSize === 0 ? band.rate : band.burstSize;
      const capacity = burstSize * 1000;
      return { band: { ...band, burstSize }, capacity, bucket: capacity, packets: 0, bytes: 0 };
    });
  }

  /** Takes the packet's tokens. @returns false when a band drops it: the one of the highest rate that is exceeded */
  passes(bytes: number, nowMs: number): boolean {
    this.packets++;
    this.bytes += bytes;
    const elapsedMs = nowMs - this.#filledMs;
    this.#filledMs = nowMs;
    const isInPackets = (this.flags & MeterFlag.PKTPS) !== 0;
    const cost = isInPackets ? 1000 : bytes * 8;
    let exceeded: Band | undefined;
    for (const each of this.bands) {
      each.bucket = Math.min(each.capacity, each.bucket + elapsedMs * each.band.rate);
      if (each.bucket >= cost) each.bucket -= cost;
      else if (exceeded === undefined || each.band.rate > exceeded.band.rate) exceeded = each;
    }
    if (exceeded === undefined) return true;
    exceeded.packets++;
    exceeded.bytes += bytes;
    return false;
  }

  /** @returns what undoes all that has passed since */
  mark(): () => void {
    const { packets, bytes } = this;
    const filledMs = this.#filledMs;
    const before = this.bands.map((band) => ({ ...band }));
    return () => {
      this.packets = packets;
      this.bytes = bytes;
      this.#filledMs = filledMs;
      for (const [i, band] of this.bands.entries()) Object.assign(band, before[i]);
    };
  }
}

/** The meters of a switch (OpenFlow 1.3.5, 6.6). */
export class Meters {
  readonly #meters = new Map<number, Meter>();
  readonly capacity: number;

  /** @param capacity meters that there may be */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get(meterId: number): Meter | undefined {
    return this.#meters.get(meterId);
  }

  /** The meters in the order of their numbers: all of them for OFPM_ALL. */
  select(meterId: number): readonly Meter[] {
    if (meterId === MeterNo.ALL) return [...this.#meters.values()].sort((a, b) => a.meterId - b.meterId);
    const meter = this.#meters.get(meterId);
    demand(meter !== undefined, 'OFPMMFC_UNKNOWN_METER', `there is no meter ${meterId}`);
    return [meter];
  }

  /**
   * Does what a meter-mod orders, which has been found to be one that Open vSwitch takes at sight.
   * @returns the meters that are gone
   * @throws Refusal
   */
  apply(mod: MeterMod, nowMs: number, journal: Journal): readonly number[] {
    const { meterId } = mod;
    if (mod.command === 'delete') return this.#delete(meterId, journal);
    const isMeter = meterId >= 1 && meterId <= MeterNo.MAX;
    const isSpecial = meterId === MeterNo.SLOWPATH || meterId === MeterNo.CONTROLLER;
    demand(isMeter || isSpecial, 'OFPMMFC_INVALID_METER', `no meter has the number ${meterId}`);
    demand(mod.bands.length <= MAX_BANDS, 'OFPMMFC_OUT_OF_BANDS', `a meter has up to ${MAX_BANDS} bands`);
    const before = this.#meters.get(meterId);
    if (mod.command === 'add')
      demand(before === undefined, 'OFPMMFC_METER_EXISTS', `meter ${meterId} is there`);
    else demand(before !== undefined, 'OFPMMFC_UNKNOWN_METER', `there is no meter ${meterId}`);
    const hasRoom = before !== undefined || this.#meters.size < this.capacity;
    demand(hasRoom, 'OFPMMFC_OUT_OF_METERS', 'no room for a meter');
    checkMeter(mod);
    journal.set(this.#meters, meterId, new Meter(mod, nowMs, before?.createdMs));
    return [];
  }

  #delete(meterId: number, journal: Journal): readonly number[] {
    const gone = meterId === MeterNo.ALL ? [...this.#meters.keys()] : [meterId];
    for (const each of gone) journal.delete(this.#meters, each);
    return gone;
  }
}

/** In the order in which Open vSwitch looks at it. */
function checkMeter({ flags, bands }: MeterMod): void {
  const units = flags & (MeterFlag.KBPS | MeterFlag.PKTPS);
  const hasUnit = units === MeterFlag.KBPS || units === MeterFlag.PKTPS;
  demand(hasUnit, 'OFPMMFC_BAD_FLAGS', 'a meter has one unit');
  demand(bands.length > 0, 'OFPMMFC_OUT_OF_BANDS', 'a meter has a band');
  demand(
    bands.every(({ rate }) => rate > 0),
    'OFPMMFC_BAD_RATE',
    'a band has a rate',
  );
  demand((flags & ~ALL_FLAGS) === 0, 'OFPMMFC_BAD_FLAGS', 'unknown flags');
  demand(
    bands.every(({ type }) => type === 'drop'),
    'OFPMMFC_BAD_BAND',
    'the switch has bands that drop only',
  );
}
