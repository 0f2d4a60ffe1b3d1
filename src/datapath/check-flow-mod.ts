import { type Action, encodeActions } from '../ofp/actions/action.ts';
import { encodeInstructions, type Instruction } from '../ofp/instruction.ts';
import { type FlowMod, flowModCommands } from '../ofp/messages/flow-mod.ts';
import { encodeMatch } from '../ofp/oxm/match.ts';
import { readActions } from '../ofp/text/check/actions.ts';
import { checkConsistency } from '../ofp/text/check/consistency.ts';
import { readMatch } from '../ofp/text/check/match.ts';
import { PacketState } from '../ofp/text/check/packet-state.ts';
import { demand } from '../ofp/text/check/refusal.ts';
import { FlowKey } from '../ofp/text/flow-key.ts';
import { readFlow } from '../ofp/text/messages/flows.ts';
import { Writer } from '../ofp/wire/writer.ts';
import { toBigInt } from '../util/u64.ts';
import type { FlowOrder } from './flow.ts';
import { TABLE_COUNT } from './flow-tables.ts';
import type { Groups } from './groups.ts';
import type { Meters } from './meters.ts';
import { someAction } from './program.ts';

/** What a flow-mod orders, when Open vSwitch would take it. @throws Refusal */
export function readFlowMod(mod: FlowMod): FlowOrder {
  const { tableId, flags } = mod;
  const command = flowModCommands.code(mod.command);
  const isAdd = mod.command === 'add';
  const writer = new Writer(512);
  encodeMatch(writer, mod.match);
  encodeInstructions(writer, mod.instructions);
  const wire = { bytes: writer.bytes, view: writer.view };
  const { key, end } = readMatch(wire, 0, writer.offset);
  demand(key.tunnelOptions.size === 0, 'NXFMFC_INVALID_TLV_FIELD', 'no tunnel option is mapped to a field');
  const instructions = readFlow(wire, key, command, flags, tableId, end, writer.offset);
  return {
    command: mod.command as FlowOrder['command'],
    tableId,
    priority: mod.priority,
    key,
    cookie: toBigInt(mod.cookie),
    cookieMask: isAdd ? 0n : toBigInt(mod.cookieMask),
    idleTimeout: mod.idleTimeout,
    hardTimeout: mod.hardTimeout,
    flags,
    outPort: mod.outPort,
    outGroup: mod.outGroup,
    instructions,
  };
}

/** Refuses instructions that name tables, groups and meters that are not there. @throws Refusal */
export function checkTargets(instructions: readonly Instruction[], groups: Groups, meters: Meters): void {
  for (const instruction of instructions) {
    if (instruction.type === 'gotoTable')
      demand(instruction.tableId <= TABLE_COUNT, 'OFPBIC_BAD_TABLE_ID', `the last table is ${TABLE_COUNT}`);
    if (instruction.type === 'meter')
      demand(
        meters.get(instruction.meterId) !== undefined,
        'OFPMMFC_INVALID_METER',
        `there is no meter ${instruction.meterId}`,
      );
  }
  const isMissing = (action: Action) => action.type === 'group' && groups.get(action.groupId) === undefined;
  demand(!someAction(instructions, isMissing), 'OFPBAC_BAD_OUT_GROUP', 'there is no such group');
}

/** Refuses a list of actions that Open vSwitch would not take for any packet. @throws Refusal */
export function checkActions(actions: readonly Action[]): void {
  const writer = new Writer(512);
  encodeActions(writer, actions);
  readActions({ bytes: writer.bytes, view: writer.view }, 0, writer.offset);
  checkConsistency(
    actions.filter((action) => !NEEDS_PACKET.has(action.type)),
    new PacketState(new FlowKey()),
  );
}

/** Actions of buckets and packet-outs, of whose packets nothing is known: whether they fit shows when they are done. */
const NEEDS_PACKET: ReadonlySet<string> = new Set<Action['type']>([
  'setField',
  'nxRegLoad',
  'nxRegLoad2',
  'nxRegMove',
  'decNwTtl',
  'setNwTtl',
  'decMplsTtl',
  'setMplsTtl',
  'popVlan',
  'popMpls',
  'onfCopyField',
  'nxDecTtlCntIds',
  'nxClone',
  'nxLearn',
  'nxLearn2',
  'setNwSrc',
  'setNwDst',
  'setNwTos',
  'setNwEcn',
  'setTpSrc',
  'setTpDst',
  'setVlanVid',
  'setVlanPcp',
  'setMplsLabel',
  'setMplsTc',
]);
