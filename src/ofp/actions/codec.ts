import type { WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import type { Action, ActionInit } from './action.ts';

/**
 * One action on the wire (OpenFlow 1.3.5, 7.2.5). `start` is where its header begins and `end` where the action ends;
 * `bodyOffset` bytes in, its own fields begin. Encoding writes those fields: header, length and padding are written around it.
 */
export interface ActionCodec<T extends Action = Action> {
  readonly type: T['type'];
  /** OFPAT_ number, or the subtype under an experimenter. */
  readonly code: number;
  /** Least length in bytes with the header; also the exact one where `fixed` is set. */
  readonly size: number;
  readonly fixed: boolean;
  /** Gives undefined for a form of the action that is not known here: it is then kept as it came. */
  decode(wire: WireView, start: number, end: number, nested: NestedActions): T | undefined;
  encode(writer: Writer, action: Extract<ActionInit, { type: T['type'] }>, nested: NestedActions): void;
}

/** How an action that holds actions reads and writes them, one level deeper. */
export interface NestedActions {
  decode(wire: WireView, start: number, end: number): Action[];
  encode(writer: Writer, actions: readonly ActionInit[]): void;
}

/** `T` to be sent, where the properties `Keys` have usual values and may be left out. */
export type WithDefaults<T, Keys extends keyof T> = Omit<T, Keys> & Partial<Pick<T, Keys>>;

/** Gives a codec the type that a registry of all of them has; each is only ever called with its own actions. */
export function actionCodec<T extends Action>(codec: ActionCodec<T>): ActionCodec {
  return codec as unknown as ActionCodec;
}
