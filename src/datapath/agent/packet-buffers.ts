import { NO_BUFFER } from '../../ofp/messages/packet-in.ts';

/** A packet that waits for a controller. */
export interface BufferedPacket {
  readonly data: Uint8Array;
  readonly inPort: number;
}

interface Entry extends BufferedPacket {
  readonly storedMs: number;
}

/** How long a packet waits. */
const MAX_AGE_MS = 5000;

/** Packets of which controllers have seen the beginning only, until they say what becomes of the rest (OpenFlow 1.3.5, 6.1.2). */
export class PacketBuffers {
  readonly capacity: number;
  readonly #now: () => number;
  /** The oldest first. */
  readonly #packets = new Map<number, Entry>();
  #nextId = 1;

  /** @param capacity packets that wait; the oldest one goes for one more. 0 for none */
  constructor(capacity: number, now: () => number) {
    this.capacity = capacity;
    this.#now = now;
  }

  /** Keeps a packet. @returns its number, OFP_NO_BUFFER when none are kept */
  store(packet: BufferedPacket): number {
    if (this.capacity === 0) return NO_BUFFER;
    this.#expire();
    if (this.#packets.size >= this.capacity)
      for (const id of [...this.#packets.keys()].slice(0, 1)) this.#packets.delete(id);
    const id = this.#nextId;
    this.#nextId = id >= LAST_ID ? 1 : id + 1;
    this.#packets.set(id, { ...packet, storedMs: this.#now() });
    return id;
  }

  /** Takes a packet out. @returns undefined when there is none of that number, or not any more */
  take(id: number): BufferedPacket | undefined {
    this.#expire();
    const packet = this.#packets.get(id);
    this.#packets.delete(id);
    return packet;
  }

  #expire(): void {
    const limitMs = this.#now() - MAX_AGE_MS;
    for (const [id, { storedMs }] of this.#packets) {
      if (storedMs > limitMs) return;
      this.#packets.delete(id);
    }
  }
}

const LAST_ID = 0x7fff_ffff;
