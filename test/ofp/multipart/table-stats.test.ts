import { describe, expect, it } from '@jest/globals';
import { encode } from '../../../src/ofp/message.ts';
import { bytesOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';
import { replyOf } from './bodies.ts';

describe('table statistics', () => {
  it.each(fixturesOf('OFPST_TABLE reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const tables = replyOf('table', bytes);
      expect(tables.map(({ tableId }) => tableId)).toEqual(Array.from({ length: 254 }, (_, id) => id));
      const printed = [...print.matchAll(/table (\d+):\s+active=(\d+), lookup=(\d+), matched=(\d+)/g)];
      expect(printed.length).toBeGreaterThan(1);
      for (const [, id, active, lookup, matched] of printed) {
        const { activeCount, lookupCount, matchedCount } = tables[Number(id)]!;
        expect([activeCount, lookupCount.toNumber(), matchedCount.toNumber()]).toEqual(
          [active, lookup, matched].map(Number),
        );
      }
    },
  );

  it('are written with their padding', () => {
    const row = { tableId: 1, activeCount: 2, lookupCount: 3, matchedCount: 4n };
    const bytes = encode({ type: 'multipartReply', multipartType: 'table', body: [row] });
    const fields = '01 000000 00000002 0000000000000003 0000000000000004';
    expect(bytes.equals(bytesOf(`04130028 00000000 0003 0000 00000000 ${fields}`))).toBe(true);
  });
});
