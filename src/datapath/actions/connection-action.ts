import type { Action } from '../../ofp/actions/action.ts';
import { CtFlag, type NxCt } from '../../ofp/actions/nicira/conntrack.ts';
import { toBits } from '../../ofp/oxm/field-bits.ts';
import { Refusal } from '../../ofp/text/check/refusal.ts';
import { allOnes } from '../../ofp/text/flow-key.ts';
import type { MaskedBits } from '../connections/conntrack.ts';
import { readRun, runOf, subrunOf } from '../packet/layout.ts';
import type { Step, Walk } from './walk.ts';

const MARK = runOf('ctMark');
const LABEL = runOf('ctLabel');

/**
 * Makes `ct` ready to be done (ovs-actions(7)).
 * @param steps what `exec` does, made ready
 * @throws Refusal for NAT and the helpers of protocols, as Open vSwitch does where its datapath lacks them
 */
export function compileCt(
  { flags, zone, recircTable, alg, actions }: NxCt,
  steps: readonly Step[],
): Step['perform'] {
  if (alg !== 0 || actions.some(({ type }) => type === 'nxNat'))
    throw new Refusal(
      'NXBAC_CT_DATAPATH_SUPPORT',
      'the software switch has no NAT, and no helpers for protocols',
    );
  const zoneRun = typeof zone === 'number' ? undefined : subrunOf(zone.field, zone.start, zone.bits);
  const markMask = maskOf(actions, 'ctMark');
  const labelMask = maskOf(actions, 'ctLabel');
  return (walk) => {
    const { words } = walk.packet;
    const number = typeof zone === 'number' ? zone : Number(readRun(words, zoneRun!));
    for (const step of steps) step.perform(walk);
    walk.track(
      {
        zone: number,
        commits: (flags & CtFlag.COMMIT) !== 0,
        forces: (flags & CtFlag.FORCE) !== 0,
        mark: bitsOf(walk, MARK, markMask),
        label: bitsOf(walk, LABEL, labelMask),
      },
      recircTable,
    );
  };
}

function bitsOf({ packet }: Walk, run: typeof MARK, mask: bigint): MaskedBits {
  return { value: mask === 0n ? 0n : readRun(packet.words, run) & mask, mask };
}

/** Which bits of a field the actions write. */
function maskOf(actions: readonly Action[], field: 'ctMark' | 'ctLabel'): bigint {
  let mask = 0n;
  for (const action of actions) {
    if ((action.type === 'setField' || action.type === 'nxRegLoad2') && action.field === field)
      mask |= action.mask === undefined ? allOnes(runOf(field).bits) : toBits(field, action.mask);
    else if (
      'dst' in action &&
      typeof action.dst === 'object' &&
      action.dst.field === field &&
      'bits' in action.dst
    )
      mask |= allOnes(action.dst.bits) << BigInt(action.dst.start);
  }
  return mask;
}
