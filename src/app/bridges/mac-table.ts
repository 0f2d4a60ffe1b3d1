/** What a {@link MacTable} did with an address that was seen. */
export type Seen<L> =
  | { readonly type: 'known' }
  | { readonly type: 'learnt' }
  | { readonly type: 'moved'; readonly from: L }
  /** The table is full, and the address was not taken in. */
  | { readonly type: 'full' };

/** How a {@link MacTable} is bounded and how it compares locations. */
export interface MacTableOptions<L> {
  /** Addresses that are kept at most. */
  readonly maxEntries: number;
  /** Addresses of one location that are kept at most, so that no port can fill the table alone. */
  readonly maxPerLocation: number;
  /** A name for the location that equal locations share. */
  readonly locationId: (location: L) => string;
}

/** One address of a {@link MacTable}. */
export interface MacEntry<L> {
  /** What keeps equal addresses apart: a pod's key, or a VLAN id. */
  readonly domain: number;
  readonly mac: string;
  readonly location: L;
  /** When it was seen last, in milliseconds of the caller's clock. */
  readonly seenAtMs: number;
}

/** Where MAC addresses were seen last, by domain. */
export class MacTable<L> {
  readonly #options: MacTableOptions<L>;
  readonly #entries = new Map<string, MacEntry<L>>();
  readonly #countByLocation = new Map<string, number>();

  constructor(options: MacTableOptions<L>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(domain: number, mac: string): L | undefined {
    return this.#entries.get(entryId(domain, mac))?.location;
  }

  values(): IterableIterator<MacEntry<L>> {
    return this.#entries.values();
  }

  /** Notes that `mac` was seen at `location`; `nowMs` is only kept. */
  see(domain: number, mac: string, location: L, nowMs = 0): Seen<L> {
    const { locationId, maxEntries, maxPerLocation } = this.#options;
    const known = this.#entries.get(entryId(domain, mac));
    const to = locationId(location);
    if (known !== undefined && locationId(known.location) === to) {
      this.#entries.set(entryId(domain, mac), { ...known, seenAtMs: nowMs });
      return { type: 'known' };
    }
    if ((this.#countByLocation.get(to) ?? 0) >= maxPerLocation) return { type: 'full' };
    if (known === undefined && this.#entries.size >= maxEntries) return { type: 'full' };
    if (known !== undefined) this.delete(domain, mac);
    this.#entries.set(entryId(domain, mac), { domain, mac, location, seenAtMs: nowMs });
    this.#count(to, 1);
    return known === undefined ? { type: 'learnt' } : { type: 'moved', from: known.location };
  }

  /** Forgets an address; false when it was not known. */
  delete(domain: number, mac: string): boolean {
    const id = entryId(domain, mac);
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    this.#count(this.#options.locationId(entry.location), -1);
    return true;
  }

  /** Forgets the addresses that `condition` takes, and returns them. */
  deleteWhere(condition: (entry: MacEntry<L>) => boolean): MacEntry<L>[] {
    const gone = [...this.#entries.values()].filter(condition);
    for (const { domain, mac } of gone) this.delete(domain, mac);
    return gone;
  }

  #count(locationId: string, by: number): void {
    const count = (this.#countByLocation.get(locationId) ?? 0) + by;
    if (count === 0) this.#countByLocation.delete(locationId);
    else this.#countByLocation.set(locationId, count);
  }
}

function entryId(domain: number, mac: string): string {
  return `${domain} ${mac}`;
}
