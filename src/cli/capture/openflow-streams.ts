import { Framer } from '../../ofp/index.ts';
import { WireError } from '../../util/errors.ts';
import type { CapturedPacket } from './format.ts';
import { findTcpSegment, type TcpSegment } from './tcp-segment.ts';
import { TcpStream } from './tcp-stream.ts';

/** A message that was captured. */
export interface CapturedMessage {
  /** When its last byte was captured, in milliseconds since 1970; undefined where the file does not say. */
  readonly timeMs: number | undefined;
  /** Address and port of either side, as in `192.0.2.1.6653`. */
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** Directions of connections that are followed at a time; the one that has been silent longest is given up. */
const MAX_STREAMS = 4096;

/** The highest version and type of a header that can be the beginning of a message (OpenFlow 1.5). */
const LAST_VERSION = 6;
const LAST_TYPE = 35;

/** Puts the OpenFlow messages together that captured packets carry. */
export class OpenFlowStreams {
  readonly #ports: ReadonlySet<number>;
  readonly #directions = new Map<string, Direction>();

  /** @param ports the TCP ports that are OpenFlow's, on either side */
  constructor(ports: Iterable<number>) {
    this.#ports = new Set(ports);
  }

  /** The messages that a packet completes. */
  take(packet: CapturedPacket): readonly CapturedMessage[] {
    const segment = findTcpSegment(packet);
    if (segment === undefined) return [];
    if (!this.#ports.has(segment.srcPort) && !this.#ports.has(segment.dstPort)) return [];
    const from = `${segment.srcAddress}.${segment.srcPort}`;
    const to = `${segment.dstAddress}.${segment.dstPort}`;
    const key = `${from}>${to}`;
    const direction = this.#directions.get(key) ?? new Direction();
    // Set again, it is the last of the map: the first is the one that has been silent longest.
    this.#directions.delete(key);
    this.#directions.set(key, direction);
    if (this.#directions.size > MAX_STREAMS) this.#directions.delete(this.#directions.keys().next().value!);
    return direction.take(segment).map((bytes) => ({ timeMs: packet.timeMs, from, to, bytes }));
  }
}

/** One direction of a connection. */
class Direction {
  readonly #stream = new TcpStream(
    (bytes) => this.#read(bytes),
    () => this.#lose(),
  );
  #found: Uint8Array[] = [];
  #framer = this.#newFramer();
  /** Whether the next byte begins a message, as far as is known. */
  #isInStep = false;

  take({ sequence, isSyn, payload }: TcpSegment): readonly Uint8Array[] {
    this.#found = [];
    if (isSyn) {
      this.#lose();
      this.#isInStep = true;
      this.#stream.open((sequence + 1) >>> 0);
    }
    this.#stream.take(isSyn ? (sequence + 1) >>> 0 : sequence, payload);
    return this.#found;
  }

  #read(bytes: Buffer): void {
    // Where the beginning was not captured, a message is waited for that begins with a segment.
    if (!this.#isInStep && !beginsMessage(bytes)) return;
    this.#isInStep = true;
    try {
      this.#framer.push(bytes);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#lose();
    }
  }

  #lose(): void {
    this.#isInStep = false;
    this.#framer = this.#newFramer();
  }

  #newFramer(): Framer {
    return new Framer(({ bytes }, start, end) => this.#found.push(bytes.subarray(start, end)));
  }
}

function beginsMessage(bytes: Buffer): boolean {
  if (bytes.length < 8) return false;
  const [version, type] = [bytes[0]!, bytes[1]!];
  return version >= 1 && version <= LAST_VERSION && type <= LAST_TYPE && bytes.readUInt16BE(2) >= 8;
}
