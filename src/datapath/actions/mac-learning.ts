/** How long an address stays learnt, as in Open vSwitch. */
const AGING_MS = 300_000;

interface Entry {
  port: number;
  expiresMs: number;
}

/** Which port an address was last seen on, by VLAN: what output to NORMAL forwards by. */
export class MacLearning {
  readonly #maxEntries: number;
  /** In the order in which they were last seen. */
  readonly #entries = new Map<string, Entry>();

  /** @param maxEntries beyond which the one that was not seen for longest goes */
  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** @param address the 48 bits as two words */
  learn(high: number, low: number, vlan: number, port: number, nowMs: number): void {
    if ((high & 0x0100) !== 0) return;
    const key = keyOf(high, low, vlan);
    this.#entries.delete(key);
    this.#entries.set(key, { port, expiresMs: nowMs + AGING_MS });
    if (this.#entries.size <= this.#maxEntries) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      break;
    }
  }

  lookup(high: number, low: number, vlan: number, nowMs: number): number | undefined {
    const key = keyOf(high, low, vlan);
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresMs > nowMs) return entry?.port;
    this.#entries.delete(key);
    return undefined;
  }

  /** Forgets what was learnt from a port that is gone. */
  forgetPort(port: number): void {
    for (const [key, entry] of this.#entries) if (entry.port === port) this.#entries.delete(key);
  }
}

function keyOf(high: number, low: number, vlan: number): string {
  return `${high * 4096 + vlan}:${low}`;
}
