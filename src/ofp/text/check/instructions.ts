import { decodeInstructions, type Instruction } from '../../instruction.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { ActionOrder, ALL_INSTRUCTIONS } from './action-order.ts';
import { readActionList, readActionSet } from './actions.ts';
import { checkConsistency, followAction } from './consistency.ts';
import type { PacketState } from './packet-state.ts';
import { demand } from './refusal.ts';

/** How long each instruction is, by OFPIT_ number: exactly, or at least where actions follow. */
const FORMS: ReadonlyMap<number, { readonly size: number; readonly open: boolean }> = new Map([
  [1, { size: 8, open: false }],
  [2, { size: 24, open: false }],
  [3, { size: 8, open: true }],
  [4, { size: 8, open: true }],
  [5, { size: 8, open: false }],
  [6, { size: 8, open: false }],
]);
const EXPERIMENTER = 0xffff;
const WRITE_ACTIONS = 3;
const APPLY_ACTIONS = 4;
const HEADER_SIZE = 8;

/** Where an instruction lies. */
interface Located {
  readonly start: number;
  readonly end: number;
}

/** Reads the instructions that fill `start` to `end` as Open vSwitch does, in the order in which they are done. @throws Refusal */
export function readInstructions(wire: WireView, start: number, end: number): Instruction[] {
  demand(
    (end - start) % 8 === 0 && end >= start,
    'OFPBIC_BAD_LEN',
    'instructions take a multiple of 8 bytes',
  );
  const found = findInstructions(wire, start, end);
  const applied = found.get(APPLY_ACTIONS);
  if (applied !== undefined) readActionList(wire, applied.start + HEADER_SIZE, applied.end);
  const written = found.get(WRITE_ACTIONS);
  if (written !== undefined) readActionSet(wire, written.start + HEADER_SIZE, written.end);
  const instructions = decodeInstructions(wire, start, end);
  checkInstructionOrder(instructions);
  return instructions;
}

function findInstructions({ view }: WireView, start: number, end: number): Map<number, Located> {
  const found = new Map<number, Located>();
  for (let at = start; at < end; ) {
    const length = view.getUint16(at + 2);
    demand(
      length >= 8 && length % 8 === 0 && length <= end - at,
      'OFPBIC_BAD_LEN',
      'no length of an instruction',
    );
    const code = view.getUint16(at);
    const form = FORMS.get(code);
    demand(
      code !== EXPERIMENTER,
      'OFPBIC_BAD_EXPERIMENTER',
      'the switch has no instructions of experimenters',
    );
    demand(form !== undefined, 'OFPBIC_UNKNOWN_INST', `the switch has no instruction ${code}`);
    demand(
      form.open || length === form.size,
      'OFPBIC_BAD_LEN',
      `instruction ${code} has no length ${length}`,
    );
    demand(!found.has(code), 'OFPBIC_DUP_INST', `instruction ${code} is there twice`);
    found.set(code, { start: at, end: at + length });
    at += length;
  }
  return found;
}

const ORDER: readonly string[] = ALL_INSTRUCTIONS;

/** Refuses actions and instructions in an order, or in a place, that Open vSwitch does not take. */
function checkInstructionOrder(instructions: readonly Instruction[]): void {
  const order = new ActionOrder('list', ALL_INSTRUCTIONS);
  for (const instruction of [...instructions].sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type))) {
    if (instruction.type !== 'applyActions') order.take(instruction);
    else for (const action of instruction.actions) order.take(action);
  }
}

/** The highest number of a meter that flows can name (OFPM_MAX). */
const MAX_METER = 0xffff0000;

/** Refuses instructions that do not fit the packets of a flow, or lead to a table that is not later. @throws Refusal */
export function checkFlowConsistency(
  instructions: readonly Instruction[],
  state: PacketState,
  tableId: number,
): void {
  const packets = state.clone();
  for (const instruction of [...instructions].sort((a, b) => ORDER.indexOf(a.type) - ORDER.indexOf(b.type))) {
    switch (instruction.type) {
      case 'meter': {
        const isMeter = instruction.meterId >= 1 && instruction.meterId <= MAX_METER;
        demand(isMeter, 'OFPMMFC_INVALID_METER', `no meter has the number ${instruction.meterId}`);
        break;
      }
      case 'applyActions':
        for (const action of instruction.actions) followAction(action, packets);
        break;
      case 'writeActions':
        checkConsistency(instruction.actions, packets.later());
        break;
      case 'gotoTable': {
        const isLater = tableId === 0xff || instruction.tableId > tableId;
        demand(
          isLater,
          'OFPBIC_BAD_TABLE_ID',
          `table ${instruction.tableId} is not later than table ${tableId}`,
        );
        break;
      }
    }
  }
  packets.demandConsistency();
}
