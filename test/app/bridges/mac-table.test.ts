import { describe, expect, it } from '@jest/globals';
import { MacTable, type MacTableOptions } from '../../../src/app/bridges/mac-table.ts';

const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
const C = '02:00:00:00:00:0c';
const D = '02:00:00:00:00:0d';

function macTable(options: Partial<MacTableOptions<number>> = {}) {
  return new MacTable<number>({ maxEntries: 100, maxPerHolder: 100, locationId: String, ...options });
}

describe('a table of MAC addresses', () => {
  it('tells a new address from a known one and from one that moved', () => {
    const table = macTable();
    expect(table.see(0, A, 1)).toEqual({ type: 'learnt' });
    expect(table.see(0, A, 1)).toEqual({ type: 'known' });
    expect(table.see(0, A, 2)).toEqual({ type: 'moved', from: 1 });
    expect(table.get(0, A)).toBe(2);
    expect(table.size).toBe(1);
  });

  it('keeps equal addresses of different domains apart', () => {
    const table = macTable();
    table.see(1, A, 1);
    table.see(2, A, 2);
    expect([table.get(1, A), table.get(2, A), table.get(3, A)]).toEqual([1, 2, undefined]);
    expect(table.delete(1, A)).toBe(true);
    expect(table.delete(1, A)).toBe(false);
    expect([table.get(1, A), table.get(2, A)]).toEqual([undefined, 2]);
  });

  it('compares locations by their names', () => {
    const table = new MacTable<{ port: number }>({
      maxEntries: 9,
      maxPerHolder: 9,
      locationId: ({ port }) => `${port}`,
    });
    table.see(0, A, { port: 1 });
    expect(table.see(0, A, { port: 1 })).toEqual({ type: 'known' });
    expect(table.see(0, A, { port: 2 })).toEqual({ type: 'moved', from: { port: 1 } });
  });

  it('keeps when an address was seen last', () => {
    const table = macTable();
    table.see(0, A, 1, 100);
    table.see(0, B, 1, 200);
    table.see(0, A, 1, 300);
    expect(table.deleteWhere(({ seenAtMs }) => seenAtMs < 250)).toEqual([
      { domain: 0, mac: B, location: 1, seenAtMs: 200 },
    ]);
    expect([...table.values()]).toEqual([{ domain: 0, mac: A, location: 1, seenAtMs: 300 }]);
  });

  it('takes no more addresses than it may, and again when one has gone', () => {
    const table = macTable({ maxEntries: 2 });
    table.see(0, A, 1);
    table.see(0, B, 2);
    expect(table.see(0, C, 3)).toEqual({ type: 'full' });
    expect(table.get(0, C)).toBeUndefined();
    expect(table.see(0, A, 3)).toEqual({ type: 'moved', from: 1 });
    table.delete(0, B);
    expect(table.see(0, C, 3)).toEqual({ type: 'learnt' });
  });

  it('takes no more addresses of one location than it may, so that the others have room', () => {
    const table = macTable({ maxPerHolder: 1 });
    table.see(0, A, 1);
    expect(table.see(0, B, 1)).toEqual({ type: 'full' });
    expect(table.see(0, B, 2)).toEqual({ type: 'learnt' });
    expect(table.see(0, A, 2)).toEqual({ type: 'full' });
    expect(table.get(0, A)).toBe(1);
  });

  it('counts an address for its location, or for whom it is told', () => {
    const table = macTable({ maxPerHolder: 1 });
    table.see(1, A, 1);
    expect(table.see(2, B, 1)).toEqual({ type: 'full' });
    const byDomain = macTable({ maxPerHolder: 1, holderId: (domain, location) => `${domain} ${location}` });
    byDomain.see(1, A, 1);
    expect(byDomain.see(1, B, 1)).toEqual({ type: 'full' });
    expect(byDomain.see(2, B, 1)).toEqual({ type: 'learnt' });
  });

  it('makes room for whoever has less by forgetting the oldest address of whoever has the most', () => {
    const table = macTable({ maxEntries: 3 });
    table.see(0, A, 1);
    table.see(0, B, 1);
    table.see(0, C, 2);
    expect(table.makeRoom(0, 1)).toBeUndefined();
    expect(table.makeRoom(0, 2)).toBeUndefined();
    expect(table.makeRoom(0, 3)).toMatchObject({ mac: A, location: 1 });
    expect(table.see(0, D, 3)).toEqual({ type: 'learnt' });
    expect(table.makeRoom(0, 4)).toBeUndefined();
    expect([...table.values()].map(({ mac }) => mac)).toEqual([B, C, D]);
  });

  it('counts what a location has through moves and removals', () => {
    const table = macTable({ maxPerHolder: 1 });
    table.see(0, A, 1);
    table.see(0, A, 2);
    expect(table.see(0, B, 1)).toEqual({ type: 'learnt' });
    table.deleteWhere(({ mac }) => mac === A);
    expect(table.see(0, C, 2)).toEqual({ type: 'learnt' });
    expect(table.size).toBe(2);
  });
});
