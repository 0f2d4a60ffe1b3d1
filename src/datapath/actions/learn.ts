import type { Action } from '../../ofp/actions/action.ts';
import { LearnFlag, type NxLearn, type NxLearn2 } from '../../ofp/actions/nicira/learn.ts';
import type { LearnSpec } from '../../ofp/actions/nicira/learn-spec.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import { FlowModFlag } from '../../ofp/messages/flow-mod.ts';
import type { Subfield } from '../../ofp/oxm/subfield.ts';
import { GroupNo, PortNo } from '../../ofp/ports.ts';
import { fieldByOxm } from '../../ofp/text/fields.ts';
import { allOnes, FlowKey } from '../../ofp/text/flow-key.ts';
import { setEthernet, setFieldBits } from '../../ofp/text/match-key.ts';
import { isSupportedPort } from '../../ofp/text/names.ts';
import { toBigInt, toLong } from '../../util/u64.ts';
import { type FlowWords, readPart, subrunOf, type WordRun } from '../packet/layout.ts';
import type { FlowOrder } from '../tables/flow.ts';

/** Which bits of a packet a learn action reads. */
export function learnSources({ specs }: NxLearn | NxLearn2): readonly WordRun[] {
  return specs.flatMap(({ src }) => ('field' in src ? [subrunOf(src.field, src.start, src.bits)] : []));
}

/** The flow that a learn action makes of a packet (ovs-actions(7)). */
export function learntFlow(action: NxLearn | NxLearn2, words: FlowWords): FlowOrder {
  const key = new FlowKey();
  const { finIdleTimeout, finHardTimeout } = action;
  const actions: Action[] = [];
  if (finIdleTimeout > 0 || finHardTimeout > 0)
    actions.push({ type: 'nxFinTimeout', finIdleTimeout, finHardTimeout });
  for (const spec of action.specs) {
    const value = sourceOf(spec, words);
    if (spec.type === 'output') actions.push(...outputs(value));
    else if (spec.type === 'load') actions.push(...loads(spec.dst, value));
    else {
      const { start, bits } = spec.dst;
      const field = fieldByOxm(spec.dst.field)!;
      setFieldBits(key, field, start, bits, field.kind === 'port' ? portOf(value) : value);
      setEthernet(key, field);
    }
  }
  const instructions: Instruction[] = actions.length === 0 ? [] : [{ type: 'applyActions', actions }];
  return {
    command: 'add',
    tableId: action.tableId,
    priority: action.priority,
    key,
    cookie: toBigInt(action.cookie),
    cookieMask: 0n,
    idleTimeout: action.idleTimeout,
    hardTimeout: action.hardTimeout,
    flags: action.flags & LearnFlag.SEND_FLOW_REM ? FlowModFlag.SEND_FLOW_REM : 0,
    outPort: PortNo.ANY,
    outGroup: GroupNo.ANY,
    instructions,
    told: instructions,
  };
}

function sourceOf({ src }: LearnSpec, words: FlowWords): bigint {
  return 'value' in src ? BigInt(src.value) : readPart(words, src);
}

/** A port to match: none at all instead of one that has no number in 16 bits. */
function portOf(value: bigint): bigint {
  return isSupportedPort(Number(value)) ? value : BigInt(PortNo.ANY);
}

/** The ports of OpenFlow 1.0 that learnt flows may output to beside those that are numbered. */
const RESERVED: readonly number[] = [PortNo.IN_PORT, PortNo.FLOOD, PortNo.ALL, PortNo.LOCAL];
const FIRST_RESERVED = 0xff00;

/** An output to a port, as the packet gave its number; none where that is no port. */
function outputs(value: bigint): Action[] {
  if (value > 0xffffn) return [];
  const port = Number(value) < FIRST_RESERVED ? Number(value) : Number(value) + 0xffff_0000;
  if (port !== Number(value) && !RESERVED.includes(port)) return [];
  return [{ type: 'output', port, maxLen: 0 }];
}

/** A load takes up to 64 bits, so that longer ones come in pieces. */
function loads(dst: Subfield, value: bigint): Action[] {
  const actions: Action[] = [];
  for (let at = 0; at < dst.bits; at += 64) {
    const bits = Math.min(64, dst.bits - at);
    actions.push({
      type: 'nxRegLoad',
      dst: { ...dst, start: dst.start + at, bits },
      value: toLong((value >> BigInt(at)) & allOnes(bits)),
    });
  }
  return actions;
}
