import { describe, expect, it } from '@jest/globals';
import { cookie, KIND_MASK, OURS, OURS_MASK } from '../../../src/app/pipeline/cookie.ts';
import { type Intent, intentId, intentNumber } from '../../../src/app/pipeline/intent.ts';

const hex = (value: { toString(base: number): string }) => value.toString(16);

describe('a cookie', () => {
  it('has our mark, the kind and the number of the intent', () => {
    expect(hex(cookie('intended', 0))).toBe('6a1a010000000000');
    expect(hex(cookie('learnt', 5))).toBe('6a1a020000000005');
    expect(hex(cookie('intended', 0xffff_ffff))).toBe('6a1a0100ffffffff');
    expect(hex(cookie('learnt', 2 ** 40 - 1))).toBe('6a1a02ffffffffff');
    expect(cookie('intended', 0).unsigned).toBe(true);
  });

  it('is ours under the mask, whatever its kind', () => {
    expect(hex(OURS_MASK)).toBe('ffff000000000000');
    expect(hex(KIND_MASK)).toBe('ffffff0000000000');
    for (const kind of ['intended', 'learnt'] as const) {
      expect(
        cookie(kind, 2 ** 40 - 1)
          .and(OURS_MASK)
          .equals(OURS),
      ).toBe(true);
      expect(cookie(kind, 7).and(KIND_MASK).equals(cookie(kind, 0))).toBe(true);
    }
  });
});

describe('an intent', () => {
  const learnt = (key: number, mac: string): Intent => ({
    type: 'learnt',
    key,
    mac,
    location: { type: 'port', ofport: 1 },
    tunnel: undefined,
  });
  const pod: Intent = { type: 'pod', key: 7, ofports: [], tunnel: undefined, peers: [], maxMeter: 262_144 };

  it('has a name of its own', () => {
    const intents: Intent[] = [
      { type: 'base' },
      pod,
      { type: 'endpoint', ofport: 7, key: 7, maxMeter: 262_144 },
      learnt(7, '02:00:00:00:00:01'),
      learnt(8, '02:00:00:00:00:01'),
    ];
    expect(intents.map(intentId)).toEqual([
      'base',
      'pod 7',
      'endpoint 7',
      'learnt 7 02:00:00:00:00:01',
      'learnt 8 02:00:00:00:00:01',
    ]);
  });

  it('has a number of 40 bits that says its type, and that learnt addresses share with their pod’s others', () => {
    const numbers = [
      pod,
      { type: 'endpoint', ofport: 7, key: 9, maxMeter: 262_144 } as const,
      learnt(7, '02:00:00:00:00:01'),
      learnt(7, '02:00:00:00:00:02'),
    ].map((intent) => intentNumber(intent).toString(16));
    expect(numbers).toEqual(['1000000007', '2000000007', '3000000007', '3000000007']);
  });
});
