import { Socket } from 'node:net';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { dial } from '../../src/net/dial.ts';
import { type Listener, listen } from '../../src/net/listen.ts';
import { formatMethod, parseMethod } from '../../src/net/method.ts';
import { ClosedError, TimeoutError, UsageError } from '../../src/util/errors.ts';
import { Arrivals, closed, received, rejection, temporaryDirectory } from './sockets.ts';

const LOCAL = parseMethod('tcp:127.0.0.1:6653');

describe('dial', () => {
  const directory = temporaryDirectory();
  let accepted: Arrivals<Socket>;
  let listeners: Listener[];

  beforeEach(() => {
    accepted = new Arrivals();
    listeners = [];
  });
  afterEach(async () => {
    for (const listener of listeners) await listener.close();
  });
  afterAll(() => directory.remove());

  async function serve(text: string): Promise<Listener> {
    const listener = await listen(parseMethod(text), accepted.push);
    listeners.push(listener);
    return listener;
  }

  function activeText(listener: Listener): string {
    const { method } = listener;
    return method.type === 'punix' ? `unix:${method.path}` : `tcp:${method.host}:${method.port}`;
  }

  it.each(['ptcp:0', `punix:${directory.path}/dial.sock`])(
    'connects to %s and carries bytes',
    async (text) => {
      const socket = await dial(parseMethod(activeText(await serve(text))));
      const peer = await accepted.next();
      socket.write('hello');
      expect(await received(peer)).toBe('hello');
      peer.write('world');
      expect(await received(socket)).toBe('world');
    },
  );

  it('rejects with the method and the cause when nobody listens', async () => {
    const listener = await serve('ptcp:0');
    const text = activeText(listener);
    await listener.close();
    const error = await rejection(dial(parseMethod(text)));
    expect(error).toBeInstanceOf(ClosedError);
    expect(error.code).toBe('NET_CONNECT_FAILED');
    expect(error.message).toContain(text);
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('names every address of a host that refused', async () => {
    const cause = new AggregateError([new Error('::1 refused'), new Error('127.0.0.1 refused')], '');
    const socket = new Socket();
    const dialled = dial(LOCAL, { connect: () => socket });
    socket.destroy(cause);
    expect((await rejection(dialled)).message).toContain('::1 refused; 127.0.0.1 refused');
  });

  it('rejects when the Unix socket does not exist', async () => {
    const error = await rejection(dial(parseMethod('unix:/nonexistent/db.sock')));
    expect(error).toMatchObject({ code: 'NET_CONNECT_FAILED', cause: { code: 'ENOENT' } });
  });

  it('rejects when the socket closes without an error', async () => {
    const socket = new Socket();
    const dialled = dial(LOCAL, { connect: () => socket });
    socket.destroy();
    expect(await rejection(dialled)).toMatchObject({ code: 'NET_CONNECT_FAILED' });
  });

  it('gives up after the timeout and destroys the socket', async () => {
    const socket = new Socket();
    const error = await rejection(dial(LOCAL, { connect: () => socket, timeoutMs: 1 }));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error.code).toBe('NET_CONNECT_TIMEOUT');
    expect(error.message).toContain(formatMethod(LOCAL));
    expect(socket.destroyed).toBe(true);
  });

  it('gives up when it is aborted and destroys the socket', async () => {
    const socket = new Socket();
    const abort = new AbortController();
    const dialled = dial(LOCAL, { connect: () => socket, signal: abort.signal });
    abort.abort('enough');
    expect(await rejection(dialled)).toMatchObject({ code: 'NET_ABORTED', cause: 'enough' });
    expect(socket.destroyed).toBe(true);
  });

  it('makes no socket when it is aborted already', async () => {
    const connect = () => {
      throw new Error('a socket was made');
    };
    expect(await rejection(dial(LOCAL, { connect, signal: AbortSignal.abort() }))).toMatchObject({
      code: 'NET_ABORTED',
    });
  });

  it('leaves the socket alone when the signal is aborted after the connection', async () => {
    const abort = new AbortController();
    const socket = await dial(parseMethod(activeText(await serve('ptcp:0'))), { signal: abort.signal });
    abort.abort();
    expect(socket.destroyed).toBe(false);
  });

  it('survives an error that nobody listens to', async () => {
    const socket = await dial(parseMethod(activeText(await serve('ptcp:0'))));
    (await accepted.next()).resetAndDestroy();
    await closed(socket);
    expect(socket.errored).toMatchObject({ code: 'ECONNRESET' });
  });

  it('refuses passive methods', async () => {
    const error = await rejection(dial(parseMethod('ptcp:6653')));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.code).toBe('NET_METHOD_INVALID');
  });

  it('refuses ssl: without files, even when the socket is made elsewhere', async () => {
    const options = { connect: () => new Socket() };
    expect(await rejection(dial(parseMethod('ssl:127.0.0.1:6640'), options))).toMatchObject({
      code: 'NET_TLS_REQUIRED',
    });
  });
});
