import type { ActionInit } from '../../actions/action.ts';
import type { Enclosing } from '../check/action-order.ts';
import type { PacketState } from '../check/packet-state.ts';
import { parseNumber } from '../numbers.ts';
import { type KeyValue, keyValues, type Span } from '../span.ts';
import { didYouMean } from '../text-error.ts';

/** What an action's words may depend on. */
export interface ActionContext {
  /** What is known of the packets where the action stands. */
  readonly packets: PacketState;
  /** Reads the actions in an action. @throws TextError */
  nested(span: Span, enclosing: Enclosing): ActionInit[];
}

/**
 * Reads what stands behind an action's name.
 * @throws TextError
 */
export type ParseAction = (value: Span, context: ActionContext) => ActionInit | readonly ActionInit[];

/** Actions by the names that ovs-ofctl has for them. */
export type ActionParsers = Readonly<Record<string, ParseAction>>;

/** The parser of an action that is all name. */
export function bareAction(action: ActionInit): ParseAction {
  return () => action;
}

/** Reads a number that must be there. @throws TextError */
export function parseArgument(span: Span, bits: number, what: string): number {
  if (span.isEmpty) throw span.error(`${what} is missing`);
  return parseNumber(span, bits, what);
}

/** As {@link parseArgument}, where ovs-ofctl takes decimal numbers only: it would read `0x50` as 0. @throws TextError */
export function parseDecimal(span: Span, bits: number, what: string): number {
  const value = Number(span.text);
  if (/^\d{1,10}$/.test(span.text) && value < 2 ** bits) return value;
  const digits = span.sizeOf(/^\d*/);
  const at = digits === span.text.length ? 0 : digits;
  throw span.error(`${what} is a decimal number of at most ${bits} bits, got '${span.text}'`, at);
}

/** Cuts `a->b` in two. @throws TextError */
export function splitArrow(span: Span, what: string): [source: Span, target: Span] {
  const parts = span.split('->');
  if (parts === undefined) throw span.error(`${what} is written SOURCE->FIELD`, span.text.length);
  if (parts[1].isEmpty) throw parts[1].error(`${what} needs a field behind '->'`);
  return parts;
}

/** What the words between an action's parentheses do, by their names. */
export type Words = Readonly<Record<string, (value: Span, word: KeyValue) => void>>;

/** Reads the words between an action's parentheses. @throws TextError for those that it does not have */
export function parseWords(span: Span, action: string, words: Words): void {
  for (const word of keyValues(span)) {
    const name = word.key.text;
    if (Object.hasOwn(words, name)) words[name]!(word.value, word);
    else throw word.key.error(`${action} has no '${name}'${didYouMean(name, Object.keys(words))}`);
  }
}

/** Reads a word that stands for one of the names in a map. @throws TextError */
export function parseName<Name extends string>(
  span: Span,
  names: ReadonlyMap<Name, string>,
  what: string,
): Name {
  const word = span.text.toLowerCase();
  for (const [name, text] of names) if (text === word) return name;
  throw span.error(`${what} is one of ${[...names.values()].join(', ')}, got '${span.text}'`);
}
