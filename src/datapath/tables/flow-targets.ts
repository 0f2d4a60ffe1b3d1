import type { Action } from '../../ofp/actions/action.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import { PortNo } from '../../ofp/ports.ts';
import { someAction } from '../actions/program.ts';

/** True when instructions output to a port, as requests and deletes that name a port mean it in Open vSwitch. */
export function outputsTo(instructions: readonly Instruction[], port: number): boolean {
  return someAction(instructions, (action) => isOutputTo(action, port));
}

function isOutputTo(action: Action, port: number): boolean {
  switch (action.type) {
    case 'output':
      return action.port === port;
    case 'nxController':
    case 'nxController2':
      return port === PortNo.CONTROLLER;
    default:
      return false;
  }
}

/** The groups that instructions hand to, as often as they do. */
export function groupsOf(instructions: readonly Instruction[]): readonly number[] {
  const groups: number[] = [];
  someAction(instructions, (action) => {
    if (action.type === 'group') groups.push(action.groupId);
    return false;
  });
  return groups;
}
