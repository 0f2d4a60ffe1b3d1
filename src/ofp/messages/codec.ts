import type { WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';

/**
 * One message type on the wire (OpenFlow 1.3.5, 7.1). `start` is where its header begins and `end` where the message
 * ends; the header has been checked against `size`. Encoding writes what stands behind the header.
 */
export interface MessageCodec<T extends { readonly type: string } = { readonly type: string }, Init = T> {
  readonly type: T['type'];
  /** OFPT_ number. */
  readonly code: number;
  /** Least length in bytes, with the header. */
  readonly size: number;
  decode(wire: WireView, start: number, end: number, xid: number): T;
  encode(writer: Writer, message: Init): void;
}

/** What every decoded message has: which kind it is, and the id that pairs requests with replies. */
export interface MessageBase<Type extends string> {
  readonly type: Type;
  readonly xid: number;
}

/** A message to be sent: without `xid`, the connection gives it the next one. */
export type WithoutXid<T> = T extends { readonly xid: number }
  ? Omit<T, 'xid'> & { readonly xid?: number }
  : never;

/** The codec of a message that is all header. */
export function bareMessage<Type extends string>(type: Type, code: number): MessageCodec<MessageBase<Type>> {
  return { type, code, size: 8, decode: (_wire, _start, _end, xid) => ({ type, xid }), encode: () => {} };
}
