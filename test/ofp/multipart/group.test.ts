import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';
import { numbersIn, replyOf, requestOf } from './bodies.ts';

describe('group statistics', () => {
  it.each(fixturesOf('OFPST_GROUP reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const groups = replyOf('group', bytes);
      expect(groups.map(({ groupId }) => groupId)).toEqual(numbersIn(print, /group_id=(\d+)/g));
      expect(groups.map(({ refCount }) => refCount)).toEqual(numbersIn(print, /ref_count=(\d+)/g));
      expect(groups.map(({ durationSec }) => durationSec)).toEqual(numbersIn(print, /duration=(\d+)\./g));
      expect(groups.map(({ packetCount }) => packetCount.toNumber())).toEqual(
        numbersIn(print, /ref_count=\d+,packet_count=(\d+)/g),
      );
      expect(
        groups.flatMap(({ bucketStats }) => bucketStats.map(({ byteCount }) => byteCount.toNumber())),
      ).toEqual(numbersIn(print, /bucket\d+:packet_count=\d+,byte_count=(\d+)/g));
    },
  );

  it('are asked for by group', () => {
    const { bytes } = fixture('OFPST_GROUP request: dump-group-stats (2)');
    expect(requestOf('group', bytes)).toEqual({ groupId: 2 });
  });

  it('are written field by field', () => {
    const bytes = encode({
      type: 'multipartReply',
      multipartType: 'group',
      body: [
        {
          groupId: 1,
          refCount: 2,
          packetCount: 3,
          byteCount: 4n,
          durationSec: 5,
          durationNsec: 6,
          bucketStats: [{ packetCount: 7, byteCount: Long.fromNumber(8, true) }],
        },
      ],
    });
    const fixed = '0038 0000 00000001 00000002 00000000 0000000000000003 0000000000000004 00000005 00000006';
    const bucket = '0000000000000007 0000000000000008';
    expect(bytes.equals(bytesOf(`04130048 00000000 0006 0000 00000000 ${fixed} ${bucket}`))).toBe(true);
  });

  it.each(['0027', '0029', '0030', '0000'])('are refused with an entry of 0x%s bytes', (length) => {
    const entry = `${length} 0000 00000001 00000002 00000000 ${'00'.repeat(24)} 00000000`;
    const hex = `0413003c 00000000 0006 0000 00000000 ${entry}`;
    expect(codeOf(() => decode(bytesOf(hex)))).toBe('OFP_BAD_LENGTH');
  });
});

describe('group descriptions', () => {
  it.each(fixturesOf('OFPST_GROUP_DESC reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const groups = replyOf('groupDesc', bytes);
      const lines = print.split('\n').slice(1);
      expect(groups.map(({ groupId }) => groupId)).toEqual(numbersIn(print, / group_id=(\d+)/g));
      expect(groups.map(({ buckets }) => buckets.length)).toEqual(
        lines.map((line) => line.split('bucket=').length - 1),
      );
    },
  );

  it('keep a group type that has no name', () => {
    const bytes = bytesOf('04130018 00000000 0007 0000 00000000 0008 09 00 00000001');
    expect(replyOf('groupDesc', bytes)).toEqual([{ groupType: 9, groupId: 1, buckets: [] }]);
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it.each([
    ['an entry that is cut', '04130014 00000000 0007 0000 00000000 0008 0000', 'OFP_TRUNCATED'],
    [
      'an entry under its header',
      '04130018 00000000 0007 0000 00000000 0007 00 00 00000001',
      'OFP_BAD_LENGTH',
    ],
    [
      'an entry over the message',
      '04130018 00000000 0007 0000 00000000 0010 00 00 00000001',
      'OFP_BAD_LENGTH',
    ],
  ])('are refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code);
  });
});

describe('group features', () => {
  it('are those that Open vSwitch prints', () => {
    const { bytes, print } = fixture('OFPST_GROUP_FEATURES reply: dump-group-features');
    const features = replyOf('groupFeatures', bytes);
    const [, types, capabilities] = /Types:\s+(0x\w+)\s+Capabilities:\s+(0x\w+)/.exec(print)!;
    expect(features).toMatchObject({ types: Number(types), capabilities: Number(capabilities) });
    expect(features.maxGroups).toEqual(numbersIn(print, /max_groups=(0x[0-9a-f]+)/g));
    // Every type has the same actions there: output, group, set-field and those of VLAN, MPLS, TTL and queue.
    expect(new Set(features.actions).size).toBe(1);
    expect(features.actions[0] & 1).toBe(1);
  });

  it('are written field by field', () => {
    const bytes = encode({
      type: 'multipartReply',
      multipartType: 'groupFeatures',
      body: { types: 1, capabilities: 2, maxGroups: [3, 4, 5, 6], actions: [7, 8, 9, 0xffffffff] },
    });
    const words = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0xffffffff].map((word) => word.toString(16).padStart(8, '0'));
    expect(bytes.equals(bytesOf(`04130038 00000000 0008 0000 00000000 ${words.join('')}`))).toBe(true);
  });
});
