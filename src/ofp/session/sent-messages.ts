import type { MessageInit } from '../message.ts';

/** How many of the last messages are remembered: a power of two. */
const CAPACITY = 4096;

/**
 * The last messages that were sent, by xid, so that an error can name what caused it. It holds references: nothing is
 * copied or encoded for it.
 */
export class SentMessages {
  readonly #messages = new Array<MessageInit | undefined>(CAPACITY);
  readonly #xids = new Uint32Array(CAPACITY);

  add(xid: number, message: MessageInit): void {
    const slot = xid & (CAPACITY - 1);
    this.#xids[slot] = xid;
    this.#messages[slot] = message;
  }

  /** The message sent with `xid`, unless later ones have taken its place. */
  get(xid: number): MessageInit | undefined {
    const slot = xid & (CAPACITY - 1);
    return this.#xids[slot] === xid ? this.#messages[slot] : undefined;
  }
}
