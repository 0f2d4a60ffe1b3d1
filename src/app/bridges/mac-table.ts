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
  /** Addresses of one holder that are kept at most, so that nobody can fill the table alone. */
  readonly maxPerHolder: number;
  /** A name for the location that equal locations share. */
  readonly locationId: (location: L) => string;
  /** Who an address counts for. Default its location, in whatever domain. */
  readonly holderId?: (domain: number, location: L) => string;
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
  readonly #options: Required<MacTableOptions<L>>;
  readonly #entries = new Map<string, MacEntry<L>>();
  /** The ids of the entries of each holder, oldest first. */
  readonly #holders = new Map<string, Set<string>>();

  constructor(options: MacTableOptions<L>) {
    this.#options = { holderId: (_domain, location) => options.locationId(location), ...options };
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
    const { locationId, holderId, maxEntries, maxPerHolder } = this.#options;
    const id = entryId(domain, mac);
    const known = this.#entries.get(id);
    if (known !== undefined && locationId(known.location) === locationId(location)) {
      this.#entries.set(id, { ...known, seenAtMs: nowMs });
      return { type: 'known' };
    }
    const holder = holderId(domain, location);
    if (this.#count(holder) >= maxPerHolder) return { type: 'full' };
    if (known === undefined && this.#entries.size >= maxEntries) return { type: 'full' };
    if (known !== undefined) this.delete(domain, mac);
    this.#entries.set(id, { domain, mac, location, seenAtMs: nowMs });
    this.#holders.set(holder, (this.#holders.get(holder) ?? new Set()).add(id));
    return known === undefined ? { type: 'learnt' } : { type: 'moved', from: known.location };
  }

  /**
   * Forgets the oldest address of the holder that has the most, for one of another that has less: whoever fills the
   * table takes nobody else's share.
   * @returns the address; undefined when nobody has more than the other would have
   */
  makeRoom(domain: number, location: L): MacEntry<L> | undefined {
    const least = this.#count(this.#options.holderId(domain, location)) + 1;
    let most: ReadonlySet<string> | undefined;
    for (const ids of this.#holders.values()) if (ids.size > (most?.size ?? least)) most = ids;
    const [oldest] = most ?? [];
    const entry = oldest === undefined ? undefined : this.#entries.get(oldest);
    if (entry !== undefined) this.delete(entry.domain, entry.mac);
    return entry;
  }

  /** Forgets an address; false when it was not known. */
  delete(domain: number, mac: string): boolean {
    const id = entryId(domain, mac);
    const entry = this.#entries.get(id);
    if (entry === undefined) return false;
    this.#entries.delete(id);
    const holder = this.#options.holderId(domain, entry.location);
    const ids = this.#holders.get(holder);
    ids?.delete(id);
    if (ids?.size === 0) this.#holders.delete(holder);
    return true;
  }

  /** Forgets the addresses that `condition` takes, and returns them. */
  deleteWhere(condition: (entry: MacEntry<L>) => boolean): MacEntry<L>[] {
    const gone = [...this.#entries.values()].filter(condition);
    for (const { domain, mac } of gone) this.delete(domain, mac);
    return gone;
  }

  #count(holder: string): number {
    return this.#holders.get(holder)?.size ?? 0;
  }
}

function entryId(domain: number, mac: string): string {
  return `${domain} ${mac}`;
}
