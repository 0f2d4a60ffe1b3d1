import { describe, expect, it } from '@jest/globals';
import { WaitingLine } from '../../../src/ovsdb/rpc/waiting-line.ts';
import { ClosedError } from '../../../src/util/errors.ts';

describe('WaitingLine', () => {
  it('starts calls in the order in which they came, with the time they have left', async () => {
    let nowMs = 100;
    const line = new WaitingLine({ maxLength: 10, now: () => nowMs });
    const started: unknown[] = [];
    const enter = (name: string, timeoutMs?: number) =>
      line.enter(name, async (left) => started.push([name, left.timeoutMs]), { timeoutMs });
    const calls = [enter('a', 60_000), enter('b'), enter('c', 70_000)];
    nowMs = 10_100;
    line.open();
    expect(started).toEqual([
      ['a', 50_000],
      ['b', undefined],
      ['c', 60_000],
    ]);
    await Promise.all(calls);
  });

  it('passes on how a call ends', async () => {
    const line = new WaitingLine({ maxLength: 10, now: () => 0 });
    const good = line.enter('good', async () => 'result', {});
    const bad = line.enter('bad', () => Promise.reject(new Error('no')), {});
    line.open();
    await expect(good).resolves.toBe('result');
    await expect(bad).rejects.toThrow('no');
  });

  it('refuses more than it has room for', async () => {
    const line = new WaitingLine({ maxLength: 1, now: () => 0 });
    const first = line.enter('first', async () => 1, {});
    await expect(line.enter('second', async () => 2, {})).rejects.toMatchObject({ code: 'OVSDB_QUEUE_FULL' });
    line.open();
    await expect(first).resolves.toBe(1);
  });

  it('lets go of calls that are aborted, out of time, or refused', async () => {
    const line = new WaitingLine({ maxLength: 10, now: () => 0 });
    const controller = new AbortController();
    const never = async () => {
      throw new Error('started');
    };
    const aborted = line.enter('a', never, { signal: controller.signal });
    const late = line.enter('b', never, { timeoutMs: 0 });
    const refused = line.enter('c', never, {});
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toMatchObject({ code: 'OVSDB_CALL_ABORTED', cause: new Error('enough') });
    await expect(line.enter('d', never, { signal: controller.signal })).rejects.toMatchObject({
      code: 'OVSDB_CALL_ABORTED',
    });
    await expect(late).rejects.toMatchObject({ name: 'TimeoutError', code: 'OVSDB_NO_ANSWER' });
    line.refuse(new ClosedError('OVSDB_CLOSED', 'the end'));
    await expect(refused).rejects.toMatchObject({ code: 'OVSDB_CLOSED' });
    line.open();
  });
});
