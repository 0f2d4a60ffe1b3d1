import { decodeMessage, type Message } from '../../message.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { Refusal } from '../check/refusal.ts';

/** A message where it lies in its bytes. */
export interface WireMessage {
  readonly wire: WireView;
  readonly start: number;
  /** Where its body begins: behind the headers of experimenters and multiparts too. */
  readonly body: number;
  readonly end: number;
  /** 2 for a message that was asked for, 1 for one in an error. */
  readonly verbosity: number;
  /** How many messages it stands in. */
  readonly depth: number;
}

/**
 * Writes what a message says, piece by piece: where Open vSwitch refuses the rest of it, the pieces before that stay.
 * @throws Refusal from its iterator
 */
export type Print = (message: WireMessage) => Iterable<string>;

/** One kind of message as Open vSwitch takes it. */
export interface Form {
  readonly name: string;
  /** Bytes of the body, or the least of them where `step` is not 0. */
  readonly size: number;
  /** What the rest of the body is a multiple of. */
  readonly step: number;
  readonly print: Print;
}

/** A kind of message whose body is `size` bytes. */
export function fixed(name: string, size: number, print: Print = nothing): Form {
  return { name, size, step: 0, print };
}

/** Writes nothing more. */
function nothing(): Iterable<string> {
  return [];
}

/** A kind of message whose body is `size` bytes and a multiple of `step` more. */
export function open(name: string, size: number, step: number, print: Print): Form {
  return { name, size, step, print };
}

/** The message as the codec has it. @throws Refusal `OFPBRC_BAD_LEN` for what it cannot decode */
export function decoded<T extends Message['type']>(
  { wire, start, end }: WireMessage,
  type: T,
): Extract<Message, { readonly type: T }> {
  const message = guarded(() => decodeMessage(wire, start, end));
  if (message.type === type) return message as Extract<Message, { readonly type: T }>;
  throw new Refusal('OFPBRC_BAD_TYPE', `this is no ${type}`);
}

/** Runs a decoder whose refusals stand for a length that does not fit. @throws Refusal */
export function guarded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal('OFPBRC_BAD_LEN', error instanceof Error ? error.message : String(error));
  }
}
