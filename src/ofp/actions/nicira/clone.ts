import type { Action, ActionInit } from '../action.ts';
import { type ActionCodec, actionCodec } from '../codec.ts';

/** NXAST_CLONE: does the actions to a copy of the packet, which leaves the packet as it was (ovs-actions(7)). */
export interface NxClone<A = Action> {
  readonly type: 'nxClone';
  readonly actions: readonly A[];
}

/** A {@link NxClone} to be sent (ovs-actions(7)). */
export type NxCloneInit = NxClone<ActionInit>;

/** The codec of {@link NxClone}. */
export const nxClone: ActionCodec = actionCodec<NxClone>({
  type: 'nxClone',
  code: 42,
  size: 16,
  fixed: false,
  decode: (wire, start, end, nested) => ({
    type: 'nxClone',
    actions: nested.decode(wire, start + 16, end),
  }),
  encode(writer, { actions }, nested) {
    writer.zeros(6);
    nested.encode(writer, actions);
  },
});
