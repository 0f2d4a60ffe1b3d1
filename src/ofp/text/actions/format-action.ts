import type { Action, ActionInit } from '../../actions/action.ts';

/** Writes one type of action as ovs-ofctl does. */
export type ActionFormats<T extends Action['type']> = {
  readonly [K in T]: (action: Extract<Action, { readonly type: K }>, formatAll: FormatActions) => string;
};

/** Writes a list of actions, for those that hold actions. */
export type FormatActions = (actions: readonly ActionInit[]) => string;
