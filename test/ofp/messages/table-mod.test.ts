import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf } from '../checks.ts';
import { fixture } from '../fixtures.ts';

describe('a table mod', () => {
  it.each([
    ['OFPT_TABLE_MOD: table mod', 0xff, 0],
    ['OFPT_TABLE_MOD: table mod (2)', 5, 3],
  ])('says what Open vSwitch reads (%s)', (name, tableId, config) => {
    expect(decode(fixture(name).bytes)).toMatchObject({ type: 'tableMod', tableId, config });
  });

  it('is written with its padding', () => {
    const bytes = encode({ type: 'tableMod', tableId: 7, config: 0x80000003 });
    expect(bytes.equals(bytesOf('04110010 00000000 07 000000 80000003'))).toBe(true);
  });
});
