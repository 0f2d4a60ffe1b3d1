import { Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { Backoff } from '../../src/net/backoff.ts';
import type { DialOptions } from '../../src/net/dial.ts';
import { listen } from '../../src/net/listen.ts';
import { parseMethod } from '../../src/net/method.ts';
import { Reconnector, type ReconnectorOptions } from '../../src/net/reconnect.ts';
import { ClosedError, UsageError } from '../../src/util/errors.ts';
import { Arrivals, closed, received } from './sockets.ts';

const METHOD = parseMethod('tcp:127.0.0.1:6640');

interface Attempt {
  readonly options: DialOptions;
  resolve(socket: Socket): void;
  reject(error: Error): void;
}

interface Session {
  readonly socket: Socket;
  end(): void;
  fail(error: Error): void;
}

interface Timer {
  readonly delayMs: number;
  cancelled: boolean;
  fire(): void;
}

/** A reconnector whose dials, sessions, timers and clock are all moved by hand. */
function puppet(extra: Partial<ReconnectorOptions> = {}) {
  const attempts = new Arrivals<Attempt>();
  const sessions = new Arrivals<Session>();
  const timers = new Arrivals<Timer>();
  const failures: [unknown, number][] = [];
  const clock = { nowMs: 0 };
  const reconnector = new Reconnector({
    method: METHOD,
    backoff: new Backoff({ minMs: 100, maxMs: 400, jitter: 0 }),
    connect: (_method, options) =>
      new Promise((resolve, reject) => attempts.push({ options, resolve, reject })),
    now: () => clock.nowMs,
    setTimer: (fire, delayMs) => {
      const timer = { delayMs, cancelled: false, fire };
      timers.push(timer);
      return () => {
        timer.cancelled = true;
      };
    },
    onSocket: (socket) =>
      new Promise((resolve, reject) => sessions.push({ socket, end: resolve, fail: reject })),
    onFailure: (error, retryInMs) => failures.push([error, retryInMs]),
    ...extra,
  });
  return { reconnector, attempts, sessions, timers, failures, clock };
}

describe('Reconnector', () => {
  it('dials, hands over the socket, and dials again after the session', async () => {
    const { reconnector, attempts, sessions, timers, failures } = puppet();
    expect(reconnector.state).toBe('idle');
    reconnector.start();
    expect(reconnector.state).toBe('connecting');
    const socket = new Socket();
    (await attempts.next()).resolve(socket);
    const session = await sessions.next();
    expect(session.socket).toBe(socket);
    expect(reconnector.state).toBe('connected');
    session.end();
    const timer = await timers.next();
    expect(reconnector.state).toBe('waiting');
    expect(timer.delayMs).toBe(100);
    expect(socket.destroyed).toBe(true);
    timer.fire();
    expect(reconnector.state).toBe('connecting');
    await attempts.next();
    expect(failures).toEqual([]);
  });

  it('waits longer after each failure and tells why', async () => {
    const { reconnector, attempts, timers, failures } = puppet();
    const error = new Error('refused');
    reconnector.start();
    for (const delayMs of [100, 200, 400, 400]) {
      (await attempts.next()).reject(error);
      const timer = await timers.next();
      expect(timer.delayMs).toBe(delayMs);
      expect(failures.at(-1)).toEqual([error, delayMs]);
      timer.fire();
    }
  });

  it('tells why a session failed', async () => {
    const { reconnector, attempts, sessions, timers, failures } = puppet();
    const error = new ClosedError('TEST', 'no echo reply');
    reconnector.start();
    const socket = new Socket();
    (await attempts.next()).resolve(socket);
    (await sessions.next()).fail(error);
    await timers.next();
    expect(failures).toEqual([[error, 100]]);
    expect(socket.destroyed).toBe(true);
  });

  it('takes a throwing onSocket for a failed session', async () => {
    const error = new Error('thrown');
    const onSocket = () => {
      throw error;
    };
    const { reconnector, attempts, timers, failures } = puppet({ onSocket });
    reconnector.start();
    (await attempts.next()).resolve(new Socket());
    await timers.next();
    expect(failures).toEqual([[error, 100]]);
  });

  it.each([
    ['keeps growing the delay after a session as short as the longest delay', 400, 200],
    ['starts with the shortest delay after a session that outlived the longest', 401, 100],
  ])('%s', async (_name, livedMs, expectedMs) => {
    const { reconnector, attempts, sessions, timers, clock } = puppet();
    reconnector.start();
    (await attempts.next()).reject(new Error('refused'));
    (await timers.next()).fire();
    (await attempts.next()).resolve(new Socket());
    const session = await sessions.next();
    clock.nowMs += livedMs;
    session.end();
    expect((await timers.next()).delayMs).toBe(expectedMs);
  });

  it('aborts the dial when it is closed while connecting', async () => {
    const { reconnector, attempts, failures } = puppet();
    reconnector.start();
    const attempt = await attempts.next();
    const closing = reconnector.close();
    expect(attempt.options.signal?.aborted).toBe(true);
    attempt.reject(new Error('aborted'));
    await closing;
    expect(reconnector.state).toBe('closed');
    expect(failures).toEqual([]);
  });

  it('destroys a socket that comes after it was closed', async () => {
    const { reconnector, attempts } = puppet();
    reconnector.start();
    const attempt = await attempts.next();
    const closing = reconnector.close();
    const socket = new Socket();
    attempt.resolve(socket);
    await closing;
    expect(socket.destroyed).toBe(true);
  });

  it('destroys the socket and waits for the session when it is closed while connected', async () => {
    const { reconnector, attempts, sessions, failures } = puppet();
    reconnector.start();
    (await attempts.next()).resolve(new Socket());
    const session = await sessions.next();
    const closing = reconnector.close();
    expect(session.socket.destroyed).toBe(true);
    session.fail(new Error('closed under me'));
    await closing;
    expect(failures).toEqual([]);
  });

  it('cancels the timer when it is closed while waiting', async () => {
    const { reconnector, attempts, timers } = puppet();
    reconnector.start();
    (await attempts.next()).reject(new Error('refused'));
    const timer = await timers.next();
    await reconnector.close();
    expect(timer.cancelled).toBe(true);
  });

  it('may be closed by its own session', async () => {
    const ended = new Arrivals<void>();
    const { reconnector, attempts } = puppet({
      onSocket: async () => {
        void reconnector.close();
        ended.push();
      },
    });
    reconnector.start();
    (await attempts.next()).resolve(new Socket());
    await ended.next();
    await reconnector.close();
    expect(reconnector.state).toBe('closed');
  });

  it('may be closed before it starts, and again, and by disposal', async () => {
    const { reconnector } = puppet();
    await reconnector.close();
    await reconnector.close();
    await reconnector[Symbol.asyncDispose]();
    expect(reconnector.state).toBe('closed');
  });

  it('starts once', async () => {
    const { reconnector } = puppet();
    reconnector.start();
    const again = expect.objectContaining({ code: 'NET_RECONNECTOR_STARTED' });
    expect(() => reconnector.start()).toThrow(again);
  });

  it.each([
    ['ptcp:6640', 'NET_METHOD_INVALID'],
    ['ssl:127.0.0.1:6640', 'NET_TLS_REQUIRED'],
  ])('refuses %s without files at once', (text, code) => {
    const make = () => puppet({ method: parseMethod(text) });
    expect(make).toThrow(UsageError);
    expect(make).toThrow(expect.objectContaining({ code }));
  });

  it('comes back to a real listener that hung up', async () => {
    const accepted = new Arrivals<Socket>();
    await using listener = await listen(parseMethod('ptcp:0'), accepted.push);
    if (listener.method.type === 'punix') throw new Error('unreachable');
    await using reconnector = new Reconnector({
      method: { type: 'tcp', host: listener.method.host, port: listener.method.port },
      setTimer: (callback) => {
        setImmediate(callback);
        return () => {};
      },
      onSocket: async (socket) => {
        socket.write('hello');
        await closed(socket);
      },
    });
    reconnector.start();
    for (let i = 0; i < 3; i++) {
      const peer = await accepted.next();
      expect(await received(peer)).toBe('hello');
      peer.destroy();
    }
  });
});
