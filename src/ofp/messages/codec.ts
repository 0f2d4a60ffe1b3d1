import type { Message, MessageInit } from '../message.ts';
import { HEADER_SIZE } from '../wire/framer.ts';
import type { WireView } from '../wire/wire-view.ts';
import { type Writer, writeU8 } from '../wire/writer.ts';

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

/**
 * Writes the version of a message whose header has been written with ours: of HELLO and ERROR, which come before one is
 * agreed on (OpenFlow 1.3.5, 6.3.1).
 */
export function writeVersion(writer: Writer, version: number): void {
  writeU8(writer.view, writer.offset - HEADER_SIZE, version);
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

/** How a message that holds a message reads and writes it, one level deeper. */
export interface NestedMessages {
  /** Decodes the message that fills `start` to `end`, whose length has been checked. */
  decode(wire: WireView, start: number, end: number): Message;
  encode(writer: Writer, message: MessageInit, xid: number): void;
}

/**
 * One message of an experimenter (OpenFlow 1.3.5, 7.5.4). As in {@link MessageCodec}, `start` is where the header of the
 * message begins; encoding writes what stands behind experimenter and type.
 */
export interface ExperimenterCodec<
  T extends { readonly type: string } = { readonly type: string },
  Init = T,
> {
  readonly type: T['type'];
  readonly experimenter: number;
  readonly expType: number;
  /** Least length in bytes, with the headers, of which {@link EXPERIMENTER_BODY} are. */
  readonly size: number;
  decode(wire: WireView, start: number, end: number, xid: number, nested: NestedMessages): T;
  encode(writer: Writer, message: Init, nested: NestedMessages, xid: number): void;
}

/** Where the body of an experimenter's message begins: behind its header, the experimenter and the type. */
export const EXPERIMENTER_BODY = 16;

/** Gives a codec the type that a registry of all of them has; each is only ever called with its own messages. */
export function experimenterCodec<T extends { readonly type: string }, Init = T>(
  codec: ExperimenterCodec<T, Init>,
): ExperimenterCodec {
  return codec as unknown as ExperimenterCodec;
}

/** The codec of an experimenter's message that has no body. */
export function bareExperimenter<Type extends string>(
  type: Type,
  experimenter: number,
  expType: number,
): ExperimenterCodec {
  return experimenterCodec<MessageBase<Type>>({
    type,
    experimenter,
    expType,
    size: EXPERIMENTER_BODY,
    decode: (_wire, _start, _end, xid) => ({ type, xid }),
    encode: () => {},
  });
}
