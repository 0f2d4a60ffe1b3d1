import type { NxLearn, NxLearn2 } from '../../actions/nicira/learn.ts';
import { fieldByOxm } from '../fields.ts';
import { FlowKey } from '../flow-key.ts';
import { setFieldBits } from '../match-key.ts';
import { checkSource, checkTarget } from './field-bits-check.ts';
import { PacketState } from './packet-state.ts';

/**
 * Refuses to learn from what such packets have not, and a learnt flow that breaks prerequisites itself: they are met by
 * the values that stand before it in the action.
 * @throws Refusal
 */
export function checkLearn({ specs }: NxLearn | NxLearn2, state: PacketState): void {
  const learnt = new PacketState(new FlowKey());
  for (const spec of specs) {
    if (!('value' in spec.src)) checkSource(spec.src, state);
    if (spec.type === 'load') checkTarget(spec.dst, learnt);
    if (spec.type !== 'match') continue;
    checkSource(spec.dst, learnt);
    if (!('value' in spec.src)) continue;
    const { field, start, bits } = spec.dst;
    setFieldBits(learnt.key, fieldByOxm(field)!, start, bits, BigInt(spec.src.value));
  }
}
