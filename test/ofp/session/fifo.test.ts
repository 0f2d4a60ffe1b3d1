import { describe, expect, it } from '@jest/globals';
import { Fifo } from '../../../src/ofp/session/fifo.ts';

interface Item {
  readonly number: number;
}

function take(fifo: Fifo<Item>, count: number): (number | undefined)[] {
  return Array.from({ length: count }, () => fifo.shift()?.number);
}

describe('Fifo', () => {
  it('gives back what it took, in order, and then nothing', () => {
    const fifo = new Fifo<Item>(3);
    for (const number of [1, 2, 3]) expect(fifo.push({ number })).toBe(true);
    expect(fifo.length).toBe(3);
    expect(take(fifo, 4)).toEqual([1, 2, 3, undefined]);
    expect(fifo.length).toBe(0);
  });

  it('refuses what is beyond its limit, until there is room again', () => {
    const fifo = new Fifo<Item>(2);
    expect([1, 2, 3].map((number) => fifo.push({ number }))).toEqual([true, true, false]);
    expect(take(fifo, 1)).toEqual([1]);
    expect(fifo.push({ number: 4 })).toBe(true);
    expect(take(fifo, 3)).toEqual([2, 4, undefined]);
  });

  it('takes nothing when its limit is 0', () => {
    const fifo = new Fifo<Item>(0);
    expect(fifo.push({ number: 1 })).toBe(false);
    expect(fifo.shift()).toBeUndefined();
  });

  it('keeps the order over any mixture of pushes and shifts', () => {
    const fifo = new Fifo<Item>(10_000);
    let pushed = 0;
    let shifted = 0;
    for (let round = 0; round < 50; round++) {
      for (let i = 0; i < 37 * (round % 7) + 100; i++) fifo.push({ number: pushed++ });
      for (let i = 0; i < 31 * (round % 9) && fifo.length > 0; i++)
        expect(fifo.shift()?.number).toBe(shifted++);
      expect(fifo.length).toBe(pushed - shifted);
    }
    while (fifo.length > 0) expect(fifo.shift()?.number).toBe(shifted++);
    expect(shifted).toBe(pushed);
  });

  it('is empty when it was cleared, and takes more', () => {
    const fifo = new Fifo<Item>(Number.POSITIVE_INFINITY);
    for (let number = 0; number < 5000; number++) fifo.push({ number });
    expect(take(fifo, 3000)).toHaveLength(3000);
    fifo.clear();
    expect([fifo.length, fifo.shift()]).toEqual([0, undefined]);
    fifo.push({ number: 1 });
    expect(take(fifo, 2)).toEqual([1, undefined]);
  });
});
