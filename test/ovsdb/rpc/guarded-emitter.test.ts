import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, jest } from '@jest/globals';
import { GuardedEmitter, type HandlerEvents } from '../../../src/ovsdb/rpc/guarded-emitter.ts';

type Events = HandlerEvents & { tick: (n: number) => void };

describe('GuardedEmitter', () => {
  it('calls every handler, also after one that throws', async () => {
    const emitter = new GuardedEmitter<Events>();
    const failures: unknown[] = [];
    const seen: string[] = [];
    emitter.on('handlerError', (failure) => failures.push(failure));
    emitter.on('tick', () => {
      throw new Error('first');
    });
    emitter.on('tick', async () => {
      throw new Error('second');
    });
    emitter.once('tick', (n) => seen.push(`once ${n}`));
    emitter.on('tick', (n) => seen.push(`on ${n}`));
    expect([emitter.emit('tick', 1), emitter.emit('tick', 2)]).toEqual([true, true]);
    await nextTurn();
    expect(seen).toEqual(['once 1', 'on 1', 'on 2']);
    const first = { event: 'tick', error: new Error('first') };
    const second = { event: 'tick', error: new Error('second') };
    expect(failures).toEqual([first, first, second, second]);
  });

  it('reports to the parent when nobody listens', () => {
    const parent = { report: jest.fn() };
    const emitter = new GuardedEmitter<Events>(parent);
    emitter.on('tick', () => {
      throw new Error('no');
    });
    emitter.emit('tick', 1);
    expect(parent.report).toHaveBeenCalledWith({ event: 'tick', error: new Error('no') });
  });

  it('ends in a warning of the process, never in a crash', () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const emitter = new GuardedEmitter<Events>();
      const thrown = new Error('also this');
      emitter.on('handlerError', () => {
        throw thrown;
      });
      emitter.on('tick', () => {
        throw new Error('no');
      });
      emitter.emit('tick', 1);
      expect(warn).toHaveBeenCalledTimes(1);
      expect(warn.mock.calls[0]?.[0]).toBe(thrown);
    } finally {
      warn.mockRestore();
    }
  });
});
