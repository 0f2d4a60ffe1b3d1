import { type ActionCodec, actionCodec } from '../codec.ts';

/**
 * Actions that are told by their type alone (ovs-actions(7)). NXAST_POP_QUEUE restores the queue that the packet had
 * before set-queue; NXAST_EXIT ends the packet's way, the action set included; NXAST_CT_CLEAR forgets its connection
 * tracking state. NXAST_DEC_TTL and NXAST_DEC_MPLS_TTL are OpenFlow 1.0's forms of OFPAT_DEC_NW_TTL and
 * OFPAT_DEC_MPLS_TTL, which Open vSwitch refuses over 1.3; NXAST_DEBUG_SLOW and NXAST_DEBUG_RECIRC are for its own tests.
 */
export interface NxBareAction {
  readonly type:
    | 'nxPopQueue'
    | 'nxExit'
    | 'nxDecTtl'
    | 'nxDecMplsTtl'
    | 'nxCtClear'
    | 'nxDecNshTtl'
    | 'nxDebugSlow'
    | 'nxDebugRecirc';
}

/** The codecs of {@link NxBareAction}. */
export const nxBareActions: readonly ActionCodec[] = [
  bare('nxPopQueue', 5),
  bare('nxExit', 17),
  bare('nxDecTtl', 18),
  bare('nxDecMplsTtl', 26),
  bare('nxCtClear', 43),
  bare('nxDecNshTtl', 48),
  bare('nxDebugSlow', 254),
  bare('nxDebugRecirc', 255),
];

function bare(type: NxBareAction['type'], code: number): ActionCodec {
  const action: NxBareAction = { type };
  return actionCodec<NxBareAction>({
    type,
    code,
    size: 16,
    fixed: true,
    decode: () => action,
    encode: (writer) => writer.zeros(6),
  });
}
