import { MULTIPART_MORE } from '../../ofp/multipart/multipart.ts';
import { Refusal } from '../../ofp/text/check/refusal.ts';
import { type MessageFrame, xidOf } from './frame.ts';

/** A request of which parts have come. */
interface Partial {
  readonly type: string;
  readonly frames: MessageFrame[];
  bytes: number;
  lastMs: number;
}

const PART_TIMEOUT_MS = 1000;

/** Puts multipart requests together that come in more than one message (OpenFlow 1.3.5, 7.3.5). */
export class MultipartRequests {
  readonly #maxBytes: number;
  readonly #partials = new Map<number, Partial>();
  #bytes = 0;

  /** @param maxBytes that wait, of all requests together */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True when parts wait for the rest. */
  get isWaiting(): boolean {
    return this.#partials.size > 0;
  }

  /**
   * Takes a part.
   * @param type what kind of request it is
   * @returns all parts once the last is there
   * @throws Refusal for a part of another kind, or when there are more bytes than may wait
   */
  take(type: string, frame: MessageFrame, nowMs: number): readonly MessageFrame[] | undefined {
    const hasMore = (frame.wire.view.getUint16(frame.start + 10) & MULTIPART_MORE) !== 0;
    const xid = xidOf(frame);
    const partial = this.#partials.get(xid) ?? { type, frames: [], bytes: 0, lastMs: nowMs };
    if (!hasMore && partial.frames.length === 0) return [frame];
    this.#forget(xid);
    if (partial.type !== type) throw new Refusal('OFPBRC_BAD_STAT', 'the parts are of different kinds');
    partial.frames.push(frame);
    if (!hasMore) return partial.frames;
    partial.bytes += frame.end - frame.start;
    partial.lastMs = nowMs;
    if (this.#bytes + partial.bytes > this.#maxBytes)
      throw new Refusal('OFPBRC_MULTIPART_BUFFER_OVERFLOW', `over ${this.#maxBytes} bytes of parts wait`);
    this.#partials.set(xid, partial);
    this.#bytes += partial.bytes;
    return undefined;
  }

  /** Gives the requests up whose next part does not come. @returns the last part of each, which the error is about */
  expire(nowMs: number): readonly MessageFrame[] {
    const late: MessageFrame[] = [];
    for (const [xid, { lastMs, frames }] of this.#partials) {
      if (nowMs < lastMs + PART_TIMEOUT_MS) continue;
      this.#forget(xid);
      late.push(frames.at(-1)!);
    }
    return late;
  }

  #forget(xid: number): void {
    this.#bytes -= this.#partials.get(xid)?.bytes ?? 0;
    this.#partials.delete(xid);
  }
}
