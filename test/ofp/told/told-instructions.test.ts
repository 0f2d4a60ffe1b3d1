import { describe, expect, it } from '@jest/globals';
import { type InstructionInit, output } from '../../../src/ofp/index.ts';
import { inOrder, toldInstructions } from '../../../src/ofp/told/told-instructions.ts';

const forward: InstructionInit = { type: 'applyActions', actions: [output(1)] };
const metadata = { metadata: 5, metadataMask: 7 };

describe('instructions that are told', () => {
  it('are in the order in which they are done, without lists that do nothing', () => {
    const instructions: InstructionInit[] = [
      { type: 'gotoTable', tableId: 1 },
      { type: 'writeActions', actions: [] },
      forward,
      { type: 'clearActions' },
      { type: 'meter', meterId: 1 },
    ];
    const types = ['meter', 'applyActions', 'clearActions', 'gotoTable'];
    expect(inOrder(instructions).map(({ type }) => type)).toEqual(types);
    expect(toldInstructions(instructions).map(({ type }) => type)).toEqual(types);
  });

  it('are the very same when they are so already', () => {
    const instructions: InstructionInit[] = [forward, { type: 'gotoTable', tableId: 1 }];
    expect(inOrder(instructions)).toBe(instructions);
    expect(toldInstructions(instructions)).toEqual(instructions);
  });

  it('write metadata that an action was to write', () => {
    const write: InstructionInit = { type: 'writeMetadata', ...metadata };
    const action = { type: 'nxWriteMetadata', ...metadata } as const;
    expect(toldInstructions([{ type: 'applyActions', actions: [output(1), action] }])).toEqual([
      forward,
      write,
    ]);
    expect(toldInstructions([{ type: 'applyActions', actions: [action] }])).toEqual([write]);
  });

  it('know the protocol that ports are of', () => {
    const actions = [{ type: 'setTpDst', tpPort: 5 }] as const;
    expect(toldInstructions([{ type: 'writeActions', actions }], 6)).toEqual([
      { type: 'writeActions', actions: [{ type: 'setField', field: 'tcpDst', value: 5 }] },
    ]);
  });
});
