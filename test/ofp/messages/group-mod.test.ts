import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';

const TYPES = { all: 'all', select: 'select', indirect: 'indirect', ff: 'fastFailover' };
const COMMANDS = { ADD: 'add', MOD: 'modify', DEL: 'delete', ADD_OR_MOD: 'addOrModify' };

describe('a group mod', () => {
  it('is for an all group without buckets unless it says otherwise', () => {
    const hex = encode({ type: 'groupMod', command: 'delete', groupId: 5 }).toString('hex');
    expect(hex).toBe('040f001000000000' + '00020000' + '00000005');
  });

  it.each(fixturesOf('OFPT_GROUP_MOD'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const message = decode(bytes);
    if (message.type !== 'groupMod') throw new Error(message.type);
    const [, command, groupId, groupType] = /^ (\w+) (?:group_id=(\d+),)?type=(\w+)/m.exec(print)!;
    expect(message.command).toBe(COMMANDS[command as keyof typeof COMMANDS]);
    expect(message.groupType).toBe(TYPES[groupType as keyof typeof TYPES]);
    expect(message.groupId).toBe(groupId === undefined ? 0xfffffffc : Number(groupId));
    expect(message.buckets.length).toBe(print.split('bucket=').length - 1);
  });

  it('has what its buckets watch and weigh', () => {
    expect(decode(fixture('OFPT_GROUP_MOD: add-group (4)').bytes)).toMatchObject({
      groupType: 'fastFailover',
      buckets: [
        { watchPort: 1, watchGroup: 0xffffffff, actions: [{ type: 'output', port: 1 }] },
        { watchPort: 0xffffffff, watchGroup: 1, actions: [{ type: 'output', port: 2 }] },
      ],
    });
    expect(decode(fixture('OFPT_GROUP_MOD: add-group (2)').bytes)).toMatchObject({
      buckets: [{ weight: 10 }, { weight: 20 }],
    });
  });

  it('has buckets that watch nothing unless they say otherwise', () => {
    const bytes = encode({ type: 'groupMod', command: 'add', groupId: 1, buckets: [{ actions: [] }] });
    const hex = '040f0020 00000000 0000 00 00 00000001 0010 0000 ffffffff ffffffff 00000000';
    expect(bytes.equals(bytesOf(hex))).toBe(true);
  });

  it('has Open vSwitch’s own command', () => {
    const bytes = encode({ type: 'groupMod', command: 'addOrModify', groupId: 1 });
    expect(bytes.readUInt16BE(8)).toBe(0x8000);
  });

  it.each([
    [
      'a cut bucket',
      '040f001f 00000000 0000 00 00 00000001 0010 0000 ffffffff ffffffff 000000',
      'OFP_TRUNCATED',
    ],
    [
      'a bucket over the message',
      '040f0020 00000000 0000 00 00 00000001 0018 0000 ffffffff ffffffff 00000000',
      'OFP_BAD_LENGTH',
    ],
    [
      'a bucket under its header',
      '040f0020 00000000 0000 00 00 00000001 000f 0000 ffffffff ffffffff 00000000',
      'OFP_BAD_LENGTH',
    ],
    [
      'a bucket that would never end',
      '040f0020 00000000 0000 00 00 00000001 0000 0000 ffffffff ffffffff 00000000',
      'OFP_BAD_LENGTH',
    ],
  ])('is refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code);
  });
});
