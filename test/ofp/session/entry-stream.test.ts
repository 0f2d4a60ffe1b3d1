import { describe, expect, it } from '@jest/globals';
import { EntryStream } from '../../../src/ofp/session/entry-stream.ts';

/** Lists that come when `more` is called, and a note of how the reader left. */
function source(...lists: readonly (readonly number[])[]) {
  const seen = { asked: 0, left: 0 };
  let release: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  async function* generate(): AsyncGenerator<readonly number[], void> {
    seen.asked++;
    try {
      await gate;
      for (const list of lists) yield list;
    } finally {
      seen.left++;
    }
  }
  return { stream: new EntryStream(generate()), seen, open: () => release?.() };
}

const value = (entry: number) => ({ done: false, value: entry });
const END = { done: true, value: undefined };

describe('EntryStream', () => {
  it('gives the entries of all lists in their order, and passes over empty ones', async () => {
    const { stream, open } = source([1, 2], [], [], [3], []);
    open();
    const entries: number[] = [];
    for await (const entry of stream) entries.push(entry);
    expect(entries).toEqual([1, 2, 3]);
    expect(await stream.next()).toEqual(END);
  });

  it('asks for nothing until it is read', async () => {
    const { stream, seen, open } = source([1]);
    open();
    expect(seen.asked).toBe(0);
    await stream.next();
    expect(seen.asked).toBe(1);
  });

  it('answers readers who do not wait for each other in their order', async () => {
    const { stream, open } = source([1, 2], [3]);
    const early = [stream.next(), stream.next(), stream.next(), stream.next()];
    open();
    expect(await Promise.all(early)).toEqual([value(1), value(2), value(3), END]);
  });

  it('does not let a reader overtake those who wait for the next list', async () => {
    const { stream, open } = source([1], [2, 3, 4]);
    open();
    await stream.next();
    const waiting = [stream.next(), stream.next()];
    const order: number[] = [];
    for (const reader of [...waiting, stream.next()])
      void reader.then(({ value }) => order.push(value as number));
    expect(await Promise.all(waiting)).toEqual([value(2), value(3)]);
    expect(await stream.next()).toEqual(END);
    expect(order).toEqual([2, 3, 4]);
  });

  it('lets the source go when the reader leaves in the middle of a list', async () => {
    const { stream, seen, open } = source([1, 2, 3], [4]);
    open();
    for await (const entry of stream) if (entry === 2) break;
    expect(seen.left).toBe(1);
    expect(await stream.next()).toEqual(END);
    expect(await stream.return()).toEqual(END);
  });

  it('lets the source go at the end of its scope', async () => {
    const { stream, seen, open } = source([1, 2]);
    open();
    await stream.next();
    await stream[Symbol.asyncDispose]();
    expect(seen.left).toBe(1);
    expect(await stream.next()).toEqual(END);
  });

  it('throws into the source, and ends', async () => {
    const { stream, seen, open } = source([1, 2]);
    open();
    await stream.next();
    await expect(stream.throw(new Error('enough'))).rejects.toThrow('enough');
    expect(seen.left).toBe(1);
    expect(await stream.next()).toEqual(END);
  });

  it('gives what came before the source failed, then the error, then the end', async () => {
    async function* failing(): AsyncGenerator<readonly number[], void> {
      yield [1];
      throw new Error('lost');
    }
    const stream = new EntryStream(failing());
    const reads = [stream.next(), stream.next(), stream.next()];
    const [first, second, third] = await Promise.allSettled(reads);
    expect(first).toMatchObject({ value: value(1) });
    expect(second).toMatchObject({ status: 'rejected', reason: { message: 'lost' } });
    expect(third).toMatchObject({ value: END });
  });
});
