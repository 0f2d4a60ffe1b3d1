import type { Action } from '../../ofp/actions/action.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import { encode } from '../../ofp/message.ts';
import { type FlowMod, flowModCommands } from '../../ofp/messages/flow-mod.ts';
import { ALL_TABLES, GroupNo } from '../../ofp/ports.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import type { FlowKey } from '../../ofp/text/flow-key.ts';
import { readFlowMod as readBody } from '../../ofp/text/messages/flows.ts';
import { readNxFlowMod as readNxBody } from '../../ofp/text/messages/nicira.ts';
import { portFrom16 } from '../../ofp/text/names.ts';
import { toldInstructions } from '../../ofp/told/told-instructions.ts';
import { wireView } from '../../ofp/wire/wire-view.ts';
import { someAction } from '../actions/program.ts';
import type { MessageFrame } from '../agent/frame.ts';
import type { TlvTable } from '../packet/tlv-table.ts';
import { checkOptions } from './check-options.ts';
import type { FlowOrder } from './flow.ts';
import type { Groups } from './groups.ts';
import type { Meters } from './meters.ts';

/** What a flow-mod orders, when Open vSwitch would take it. @throws Refusal */
export function readFlowMod(mod: FlowMod, options: TlvTable): FlowOrder {
  const bytes = encode(mod);
  return readFlowFrame({ wire: wireView(bytes), start: 0, end: bytes.length }, options);
}

/** As {@link readFlowMod}, of the message as it came. @throws Refusal */
export function readFlowFrame({ wire, start, end }: MessageFrame, options: TlvTable): FlowOrder {
  const { view } = wire;
  const { key, instructions } = readBody(wire, start, end, mappedBy(options));
  checkInstructions(instructions, options);
  const command = commandOf(view.getUint8(start + 25));
  const isAdd = command === 'add';
  const isDelete = command === 'delete' || command === 'deleteStrict';
  return {
    command,
    tableId: view.getUint8(start + 24),
    priority: view.getUint16(start + 30),
    key,
    cookie: view.getBigUint64(start + 8),
    cookieMask: isAdd ? 0n : view.getBigUint64(start + 16),
    idleTimeout: view.getUint16(start + 26),
    hardTimeout: view.getUint16(start + 28),
    bufferId: view.getUint32(start + 32),
    flags: view.getUint16(start + 44),
    outPort: view.getUint32(start + 36),
    outGroup: isDelete ? view.getUint32(start + 40) : GroupNo.ANY,
    instructions,
    told: told(instructions, key),
  };
}

const NO_COOKIE = 0xffff_ffff_ffff_ffffn;

/**
 * What NXT_FLOW_MOD orders.
 * @param body where its own fields begin
 * @param hasTableId whether it says which table it is about (NXT_FLOW_MOD_TABLE_ID)
 * @throws Refusal
 */
export function readNxFlowFrame(
  { wire, end }: MessageFrame,
  body: number,
  hasTableId: boolean,
  options: TlvTable,
): FlowOrder {
  const { view } = wire;
  const { key, instructions, cookie, cookieMask } = readNxBody(wire, body, end, mappedBy(options));
  checkInstructions(instructions, options);
  const command = commandOf(view.getUint8(body + 9));
  const tableId = hasTableId ? view.getUint8(body + 8) : ALL_TABLES;
  const newCookie = view.getBigUint64(body);
  return {
    command,
    // Flows that are added to no table in particular go into the first.
    tableId: command !== 'add' || tableId !== ALL_TABLES ? tableId : 0,
    priority: view.getUint16(body + 14),
    key,
    cookie: command === 'add' ? newCookie : cookie,
    cookieMask,
    ...(command !== 'add' && newCookie !== NO_COOKIE && { newCookie }),
    idleTimeout: view.getUint16(body + 10),
    hardTimeout: view.getUint16(body + 12),
    bufferId: view.getUint32(body + 16),
    flags: view.getUint16(body + 22),
    outPort: portFrom16(view.getUint16(body + 20)),
    outGroup: GroupNo.ANY,
    instructions,
    told: told(instructions, key),
  };
}

function mappedBy(options: TlvTable): { isMapped(index: number): boolean } {
  return { isMapped: (index) => options.isUsable(index) };
}

function checkInstructions(instructions: readonly Instruction[], options: TlvTable): void {
  for (const instruction of instructions)
    if ('actions' in instruction) checkOptions(instruction.actions, options);
}

/** The body has been read, so that the command is one of those that there are. */
function commandOf(code: number): FlowOrder['command'] {
  return flowModCommands.name(code) as FlowOrder['command'];
}

/** The instructions as a switch tells them, done to packets that the key takes. */
function told(instructions: readonly Instruction[], key: FlowKey): readonly Instruction[] {
  return toldInstructions(instructions, key.isExact('nwProto') ? key.number('nwProto') : undefined);
}

/** Refuses instructions that name groups and meters that are not there. @throws Refusal */
export function checkTargets(instructions: readonly Instruction[], groups: Groups, meters: Meters): void {
  for (const instruction of instructions) {
    if (instruction.type !== 'meter') continue;
    demand(
      meters.get(instruction.meterId) !== undefined,
      'OFPMMFC_INVALID_METER',
      `there is no meter ${instruction.meterId}`,
    );
  }
  const isMissing = (action: Action) => action.type === 'group' && groups.get(action.groupId) === undefined;
  demand(!someAction(instructions, isMissing), 'OFPBAC_BAD_OUT_GROUP', 'there is no such group');
}
