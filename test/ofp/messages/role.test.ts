import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

const ROLES = { nochange: 'noChange', equal: 'equal', primary: 'master', secondary: 'slave' };

describe.each(['OFPT_ROLE_REQUEST', 'OFPT_ROLE_REPLY'])('%s', (kind) => {
  it.each(fixturesOf(kind))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const [, role, generationId] = /role=(\w+)(?: generation_id=(\d+))?/.exec(print)!;
    expect(decode(bytes)).toMatchObject({
      role: ROLES[role as keyof typeof ROLES],
      generationId: Long.fromString(generationId ?? '0', true),
    });
  });
});

describe('a role', () => {
  it('is written with its generation', () => {
    const bytes = encode({ type: 'roleRequest', role: 'master', generationId: 0xfedcba9876543210n });
    expect(bytes.equals(bytesOf('04180018 00000000 00000002 00000000 fedcba9876543210'))).toBe(true);
    const reply = encode({ type: 'roleReply', role: 'slave', generationId: 1 });
    expect(reply.equals(bytesOf('04190018 00000000 00000003 00000000 0000000000000001'))).toBe(true);
  });

  it('without a name stays a number', () => {
    const bytes = bytesOf('04180018 00000000 ffffffff 00000000 0000000000000000');
    expect(decode(bytes)).toMatchObject({ role: 0xffffffff });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('is refused with a generation that is negative', () => {
    expect(codeOf(() => encode({ type: 'roleRequest', role: 'master', generationId: -1 }))).toBe('U64_RANGE');
  });
});
