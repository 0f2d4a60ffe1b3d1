import { type ActionCodec, actionCodec } from '../codec.ts';

/**
 * NXAST_CONJUNCTION: this flow is one clause of a conjunctive match; a flow that matches `conjId` does the rest
 * (ovs-actions(7)).
 */
export interface NxConjunction {
  readonly type: 'nxConjunction';
  /** The `conjId` of the flow that the clauses lead to. */
  readonly id: number;
  /** Which clause, counted from 0; `ovs-ofctl` counts from 1. */
  readonly clause: number;
  /** How many there are, 2 to 64. */
  readonly nClauses: number;
}

/** The codec of {@link NxConjunction}. */
export const nxConjunction: ActionCodec = actionCodec<NxConjunction>({
  type: 'nxConjunction',
  code: 34,
  size: 16,
  fixed: true,
  decode: ({ view }, start) => ({
    type: 'nxConjunction',
    id: view.getUint32(start + 12),
    clause: view.getUint8(start + 10),
    nClauses: view.getUint8(start + 11),
  }),
  encode(writer, { id, clause, nClauses }) {
    writer.u8(clause);
    writer.u8(nClauses);
    writer.u32(id);
  },
});
