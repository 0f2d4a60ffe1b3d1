import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { output } from '../../../src/ofp/actions/standard.ts';
import { decode, encode } from '../../../src/ofp/message.ts';
import { FlowModFlag, type FlowModInit } from '../../../src/ofp/messages/flow-mod.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

const DEFAULTS = '0000 0000 8000 ffffffff ffffffff ffffffff 0000 0000';

describe('a flow mod', () => {
  it('has the usual values for all that is left out', () => {
    const bytes = encode({ type: 'flowMod', command: 'add' });
    const hex = `040e0038 00000000 ${'00'.repeat(16)} 00 00 ${DEFAULTS} 0001 0004 00000000`;
    expect(bytes.equals(bytesOf(hex))).toBe(true);
    expect(decode(bytes)).toEqual({
      type: 'flowMod',
      xid: 0,
      cookie: Long.UZERO,
      cookieMask: Long.UZERO,
      tableId: 0,
      command: 'add',
      idleTimeout: 0,
      hardTimeout: 0,
      priority: 0x8000,
      bufferId: 0xffffffff,
      outPort: 0xffffffff,
      outGroup: 0xffffffff,
      flags: 0,
      match: {},
      instructions: [],
    });
  });

  it('is written field by field', () => {
    const message: FlowModInit = {
      type: 'flowMod',
      xid: 9,
      cookie: 0xfedcba9876543210n,
      cookieMask: Long.MAX_UNSIGNED_VALUE,
      tableId: 7,
      command: 'modifyStrict',
      idleTimeout: 1,
      hardTimeout: 0xffff,
      priority: 3,
      bufferId: 4,
      outPort: 5,
      outGroup: 6,
      flags: FlowModFlag.SEND_FLOW_REM | FlowModFlag.RESET_COUNTS,
      match: { inPort: 1 },
      instructions: [{ type: 'applyActions', actions: [output(2)] }],
    };
    const fixed =
      'fedcba9876543210 ffffffffffffffff 07 02 0001 ffff 0003 00000004 00000005 00000006 0005 0000';
    const actions = '0004 0018 00000000 0000 0010 00000002 0000 000000000000';
    const hex = `040e0058 00000009 ${fixed} 0001 000c 80000004 00000001 00000000 ${actions}`;
    expect(encode(message).equals(bytesOf(hex))).toBe(true);
  });

  it.each([
    ['add', 'ADD', 0],
    ['modify', 'MOD', 1],
    ['modifyStrict', 'MOD_STRICT', 2],
    ['delete', 'DEL', 3],
    ['deleteStrict', 'DEL_STRICT', 4],
  ] as const)('has the command %s', (command, printed, code) => {
    expect(encode({ type: 'flowMod', command })[25]).toBe(code);
    const flows = fixturesOf('OFPT_FLOW_MOD').filter(({ print }) => print.includes(`: ${printed} `));
    for (const { bytes } of flows) expect(decode(bytes)).toMatchObject({ command });
  });

  it('keeps a command that has no name', () => {
    const bytes = encode({ type: 'flowMod', command: 99 });
    expect(decode(bytes)).toMatchObject({ command: 99 });
  });

  it('refuses a command that is none', () => {
    expect(codeOf(() => encode({ type: 'flowMod', command: 'remove' as 'delete' }))).toBe('OFP_BAD_VALUE');
  });

  it.each(fixturesOf('OFPT_FLOW_MOD'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const message = decode(bytes);
    if (message.type !== 'flowMod') throw new Error(message.type);
    const printed = (pattern: RegExp) => pattern.exec(print)?.[1];
    expect(message.tableId).toBe(Number(printed(/table:(\d+)/) ?? (print.includes('table:255') ? 255 : 0)));
    expect(message.priority).toBe(Number(printed(/priority=(\d+)/) ?? 0x8000));
    expect(message.idleTimeout).toBe(Number(printed(/idle:(\d+)/) ?? 0));
    expect(message.hardTimeout).toBe(Number(printed(/hard:(\d+)/) ?? 0));
    const cookie = printed(/cookie:(0x[0-9a-f]+)/) ?? '0x0';
    expect(`0x${message.cookie.toString(16)}`).toBe(cookie);
    expect((message.flags & FlowModFlag.SEND_FLOW_REM) !== 0).toBe(print.includes('send_flow_rem'));
    expect((message.flags & FlowModFlag.CHECK_OVERLAP) !== 0).toBe(print.includes('check_overlap'));
  });
});
