import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { dial } from '../../src/net/dial.ts';
import { type Listener, type ListenOptions, listen } from '../../src/net/listen.ts';
import { type PassiveMethod, parseMethod } from '../../src/net/method.ts';
import { ClosedError, type GalagoError, UsageError } from '../../src/util/errors.ts';
import { Arrivals, closed, rejection, temporaryDirectory } from './sockets.ts';

const directory = temporaryDirectory();
const opened: { close(): Promise<void> }[] = [];
let paths = 0;

afterEach(async () => {
  for (const listener of opened.splice(0)) await listener.close();
});
afterAll(() => directory.remove());

function newPath(): string {
  return join(directory.path, `${paths++}.sock`);
}

async function open(text: string, onSocket: (s: Socket) => void, options?: ListenOptions): Promise<Listener> {
  const listener = await listen(parseMethod(text), onSocket, options);
  opened.push(listener);
  return listener;
}

function call(listener: { method: PassiveMethod }): Promise<Socket> {
  const { method } = listener;
  if (method.type === 'punix') return dial({ type: 'unix', path: method.path });
  return dial({ type: 'tcp', host: method.host, port: method.port });
}

/** Leaves a socket file behind, as a process killed with -9 does. */
function leaveStaleSocket(path: string): void {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
  expect(existsSync(path)).toBe(true);
}

describe('listen', () => {
  it('reports the port that the system chose', async () => {
    const listener = await open('ptcp:0', () => {});
    expect(listener.method).toEqual({
      type: 'ptcp',
      host: '127.0.0.1',
      port: expect.any(Number),
    });
    expect(listener.method).not.toMatchObject({ port: 0 });
  });

  it('hands over connections of IPv6 too', async () => {
    const accepted = new Arrivals<Socket>();
    const listener = await open('ptcp:0:[::1]', accepted.push);
    await call(listener);
    expect((await accepted.next()).remoteAddress).toBe('::1');
  });

  it('destroys what it accepted when it is closed, and may be closed again', async () => {
    const accepted = new Arrivals<Socket>();
    const listener = await open('ptcp:0', accepted.push);
    const client = await call(listener);
    const server = await accepted.next();
    await listener.close();
    expect(server.destroyed).toBe(true);
    await closed(client);
    await listener.close();
    expect(await rejection(call(listener))).toMatchObject({ code: 'NET_CONNECT_FAILED' });
  });

  it('is closed by its disposal', async () => {
    const listener = await open('ptcp:0', () => {});
    await listener[Symbol.asyncDispose]();
    expect(await rejection(call(listener))).toMatchObject({ code: 'NET_CONNECT_FAILED' });
  });

  it('closes connections beyond the bound and says so', async () => {
    const accepted = new Arrivals<Socket>();
    const failures = new Arrivals<GalagoError>();
    const options = { maxConnections: 1, onFailure: failures.push };
    const listener = await open('ptcp:0', accepted.push, options);
    const first = await call(listener);
    await accepted.next();
    await closed(await call(listener));
    expect(await failures.next()).toMatchObject({ code: 'NET_TOO_MANY_CONNECTIONS' });
    expect(first.destroyed).toBe(false);
  });

  it('keeps a thousand callers that come before it can accept any', async () => {
    const listener = await open('ptcp:0', () => {});
    const port = String((listener.method as { port: number }).port);
    // Nothing is accepted until this returns.
    const connected = execFileSync(process.execPath, ['-e', CALL_OFTEN, port, '1000']);
    expect(connected.toString()).toBe('1000');
  }, 60_000);

  it('closes the connection whose handler throws, and only that one', async () => {
    const failures = new Arrivals<GalagoError>();
    const accepted = new Arrivals<Socket>();
    let count = 0;
    const onSocket = (socket: Socket) => {
      if (count++ === 0) throw new Error('first is bad');
      accepted.push(socket);
    };
    const listener = await open('ptcp:0', onSocket, { onFailure: failures.push });
    await closed(await call(listener));
    const failure = await failures.next();
    expect(failure.code).toBe('NET_HANDLER_FAILED');
    expect(failure.message).toContain('first is bad');
    const second = await call(listener);
    await accepted.next();
    expect(second.destroyed).toBe(false);
  });

  it('survives a reset connection that nobody listens to', async () => {
    const accepted = new Arrivals<Socket>();
    const listener = await open('ptcp:0', accepted.push);
    const client = await call(listener);
    const server = await accepted.next();
    client.resetAndDestroy();
    await closed(server);
    expect(server.errored).toMatchObject({ code: 'ECONNRESET' });
  });

  it('says that the address is in use', async () => {
    const { method } = await open('ptcp:0', () => {});
    const error = await rejection(listen(method, () => {}));
    expect(error).toBeInstanceOf(ClosedError);
    expect(error.code).toBe('NET_LISTEN_FAILED');
    expect(error.message).toMatch(/cannot listen on ptcp:\d+:127\.0\.0\.1: the address is in use/);
    expect(error.cause).toMatchObject({ code: 'EADDRINUSE' });
  });

  it('says that the address is not of this machine', async () => {
    const error = await rejection(listen(parseMethod('ptcp:0:192.0.2.1'), () => {}));
    expect(error.code).toBe('NET_LISTEN_FAILED');
    expect(error.message).toContain('no interface of this machine');
  });

  it('refuses active methods', async () => {
    const error = await rejection(listen(parseMethod('tcp:127.0.0.1:1'), () => {}));
    expect(error).toBeInstanceOf(UsageError);
    expect(error.code).toBe('NET_METHOD_INVALID');
  });

  it('refuses pssl: without files', async () => {
    expect(await rejection(listen(parseMethod('pssl:0'), () => {}))).toMatchObject({
      code: 'NET_TLS_REQUIRED',
    });
  });
});

describe('listen on a Unix socket', () => {
  it('removes the file when it is closed', async () => {
    const path = newPath();
    const listener = await open(`punix:${path}`, () => {});
    expect(existsSync(path)).toBe(true);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  it('replaces the file of a dead process', async () => {
    const path = newPath();
    leaveStaleSocket(path);
    const accepted = new Arrivals<Socket>();
    await call(await open(`punix:${path}`, accepted.push));
    await accepted.next();
  });

  it('leaves the file of a live listener alone', async () => {
    const path = newPath();
    const listener = await open(`punix:${path}`, () => {});
    const error = await rejection(listen(parseMethod(`punix:${path}`), () => {}));
    expect(error.code).toBe('NET_LISTEN_FAILED');
    expect(error.message).toContain('the address is in use');
    await call(listener);
  });

  it('leaves a file that is no socket alone', async () => {
    const path = newPath();
    writeFileSync(path, 'precious');
    const error = await rejection(listen(parseMethod(`punix:${path}`), () => {}));
    expect(error.code).toBe('NET_LISTEN_FAILED');
    expect(existsSync(path)).toBe(true);
  });

  it('rejects when the directory does not exist', async () => {
    const error = await rejection(listen(parseMethod('punix:/nonexistent/x.sock'), () => {}));
    expect(error).toMatchObject({ code: 'NET_LISTEN_FAILED' });
    expect(error.message).toMatch('there is no directory /nonexistent');
  });
});

/** Connects so often to a port, says how often when it has succeeded, and ends; later attempts are the kernel's. */
const CALL_OFTEN = `
  const [port, wanted] = process.argv.slice(1).map(Number);
  let connected = 0;
  const onConnect = () => {
    if (++connected === wanted) process.stdout.write(String(connected), () => process.exit());
  };
  for (let i = 0; i < wanted; i++) require('node:net').connect(port, '127.0.0.1', onConnect);
  setTimeout(() => process.stdout.write(String(connected), () => process.exit()), 30000);
`;
