/** How a write ended for who made it: nobody can know of one that was not answered. */
export type Outcome = 'acknowledged' | 'refused' | 'unknown';

interface Entry {
  inserted: Outcome;
  deleted: Outcome | 'not tried';
  /** The versions that the row may have. */
  versions: number[];
  isCounted: boolean;
}

/** What the writers were told of their writes, to be compared with what there is. */
export class Ledger {
  readonly #entries = new Map<string, Entry>();
  /** Rows that are known to have been inserted. */
  #insertions = 0;

  inserted(id: string, outcome: Outcome): void {
    this.#entries.set(id, { inserted: outcome, deleted: 'not tried', versions: [0], isCounted: false });
  }

  updated(id: string, version: number, outcome: Outcome): void {
    const entry = this.#entries.get(id)!;
    if (outcome === 'acknowledged') entry.versions = [version];
    if (outcome === 'unknown') entry.versions.push(version);
  }

  deleted(id: string, outcome: Outcome): void {
    this.#entries.get(id)!.deleted = outcome;
  }

  /**
   * Compares itself with all rows that there are, and with how many insertions the database itself has counted.
   * What was unknown is known from then on. Returns what is wrong.
   */
  settle(rows: readonly { readonly id: string; readonly version: number }[], counted: number): string[] {
    const wrong: string[] = [];
    const found = new Map<string, number>();
    for (const { id, version } of rows) {
      if (found.has(id)) wrong.push(`${id} was inserted twice`);
      if (!this.#entries.has(id)) wrong.push(`${id} was never inserted, or has come back`);
      found.set(id, version);
    }
    for (const [id, entry] of this.#entries) {
      const why = this.#settleOne(id, entry, found.get(id));
      if (why !== undefined) wrong.push(`${id} ${why}`);
    }
    if (counted !== this.#insertions) {
      wrong.push(`${this.#insertions} rows were inserted, the database has counted ${counted}`);
    }
    return wrong;
  }

  #settleOne(id: string, entry: Entry, version: number | undefined): string | undefined {
    const { inserted, deleted, versions } = entry;
    if (!entry.isCounted && (inserted === 'acknowledged' || version !== undefined)) {
      entry.isCounted = true;
      this.#insertions++;
    }
    if (version === undefined) {
      this.#entries.delete(id);
      const mayBeGone = inserted !== 'acknowledged' || deleted === 'acknowledged' || deleted === 'unknown';
      return mayBeGone ? undefined : 'is lost';
    }
    entry.inserted = 'acknowledged';
    entry.deleted = 'not tried';
    entry.versions = [version];
    if (inserted === 'refused') return 'is there, though its insertion was refused';
    if (deleted === 'acknowledged') return 'is there, though it was deleted';
    return versions.includes(version)
      ? undefined
      : `has version ${version}, expected ${versions.join(' or ')}`;
  }
}
