/** How a host asks where addresses are, and sends. */
export interface NeighbourOptions {
  /** Packets that wait for the answer to one question; more are dropped. */
  readonly maxWaiting: number;
  /** Asks everybody on the link. */
  readonly ask: (ip: string, from: string) => void;
  readonly send: (frame: Uint8Array) => void;
}

/** Which stations have which addresses, and what waits to know (RFC 826; RFC 4861, 7.2). Addresses are canonical. */
export class Neighbours {
  readonly #options: NeighbourOptions;
  readonly #macs = new Map<string, string>();
  readonly #waiting = new Map<string, ((mac: string) => Uint8Array)[]>();

  constructor(options: NeighbourOptions) {
    this.#options = options;
  }

  /** Sends a packet once it is known to whom. @param from the address to ask from */
  sendTo(to: string, from: string, make: (mac: string) => Uint8Array): void {
    const known = this.#macs.get(to);
    if (known !== undefined) return this.#options.send(make(known));
    const waiting = this.#waiting.get(to) ?? [];
    if (waiting.length < this.#options.maxWaiting) waiting.push(make);
    this.#waiting.set(to, waiting);
    this.#options.ask(to, from);
  }

  /** Notes where an address is, whoever it is of. */
  resolved(ip: string, mac: string): void {
    this.#macs.set(ip, mac);
    const waiting = this.#waiting.get(ip) ?? [];
    this.#waiting.delete(ip);
    for (const make of waiting) this.#options.send(make(mac));
  }

  /** As {@link resolved}, for what was said to everybody: only addresses that are known or asked for. */
  heard(ip: string, mac: string): void {
    if (this.#macs.has(ip) || this.#waiting.has(ip)) this.resolved(ip, mac);
  }
}
