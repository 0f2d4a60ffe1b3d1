import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { encode } from '../../../src/ofp/message.ts';
import { OpenFlowServer, type OpenFlowServerOptions } from '../../../src/ofp/session/server.ts';
import type { Switch } from '../../../src/ofp/session/switch.ts';
import { ClosedError, type GalagoError, UsageError } from '../../../src/util/errors.ts';
import { silentLog } from '../../../src/util/log.ts';
import { FakeClock } from './clock.ts';
import { ended, Peer, packetIn, type SwitchScript } from './peer.ts';

const servers: OpenFlowServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function listen(options: OpenFlowServerOptions = {}): Promise<OpenFlowServer> {
  const server = new OpenFlowServer({ listen: 'ptcp:0', ...options });
  servers.push(server);
  await server.listen();
  return server;
}

/** Calls the server over loopback TCP. */
async function call(server: OpenFlowServer): Promise<Peer> {
  const port = Number(server.method!.split(':')[1]);
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  return new Peer(socket);
}

/** Calls the server as a switch, and waits for the session. */
async function joinSwitch(
  server: OpenFlowServer,
  script?: SwitchScript,
): Promise<{ readonly session: Switch; readonly peer: Peer }> {
  const joined = next(server, 'switch');
  const peer = await call(server);
  await peer.handshake(script);
  return { session: await joined, peer };
}

function next(server: OpenFlowServer, event: 'switch'): Promise<Switch>;
function next(
  server: OpenFlowServer,
  event: 'refused',
): Promise<{ readonly remote: string; readonly error: GalagoError }>;
function next(server: OpenFlowServer, event: 'switch' | 'refused'): Promise<unknown> {
  return new Promise((resolve) => server.once(event, resolve as () => void));
}

describe('OpenFlowServer', () => {
  it('tells of a switch when its session is ready, and knows it until it ends', async () => {
    const server = await listen();
    const { session, peer } = await joinSwitch(server, { datapathId: 0xabc });
    expect([...server.switches]).toEqual([['0000000000000abc', session]]);
    const end = ended(session);
    peer.stream.end();
    expect(await end).toMatchObject({ code: 'OFP_CLOSED', message: 'the peer closed the connection' });
    expect(server.switches.size).toBe(0);
  });

  it('refuses a switch that speaks only 1.0, and says so to both sides', async () => {
    const server = await listen();
    const refused = next(server, 'refused');
    const peer = await call(server);
    peer.send({ type: 'hello', version: 1 });
    await peer.next('hello');
    expect(await peer.next('error')).toMatchObject({ version: 1, name: 'OFPHFC_INCOMPATIBLE' });
    await peer.ended;
    expect(await refused).toMatchObject({
      remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      error: { code: 'OFP_BAD_VERSION' },
    });
  });

  it('ends the session of a malformed message and no other', async () => {
    const server = await listen();
    const [bad, good] = [
      await joinSwitch(server, { datapathId: 1 }),
      await joinSwitch(server, { datapathId: 2 }),
    ];
    const end = ended(bad.session);
    bad.peer.sendBytes(Buffer.from('0400000400000000', 'hex'));
    expect(await bad.peer.next('error')).toMatchObject({ name: 'OFPBRC_BAD_LEN' });
    expect(await end).toMatchObject({ code: 'OFP_BAD_LENGTH' });
    await good.peer.turn();
    expect([...server.switches.values()]).toEqual([good.session]);
  });

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('oh no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('oh no'))],
  ])('ends the session when a handler of it %s, and goes on', async (_how, fail) => {
    const logged: string[] = [];
    const log = { ...silentLog, error: (_fields: object, message: string) => logged.push(message) };
    const server = await listen({ log });
    const sessions: Switch[] = [];
    server.once('switch', (session) => {
      sessions.push(session);
      return fail();
    });
    const peer = await call(server);
    await peer.handshake();
    await peer.ended;
    expect(sessions.map(({ isClosed }) => isClosed)).toEqual([true]);
    expect(logged).toEqual(["a handler of 'switch' failed: oh no"]);
    const again = await joinSwitch(server);
    await again.peer.turn();
  });

  it('survives a handler of refused that fails', async () => {
    const server = await listen();
    server.once('refused', () => {
      throw new Error('oh no');
    });
    const peer = await call(server);
    peer.stream.end();
    await peer.ended;
    await joinSwitch(server);
  });

  it('listens on a Unix socket', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'galago-ofp-'));
    try {
      const path = join(directory, 'controller');
      const server = await listen({ listen: `punix:${path}` });
      expect(server.method).toBe(`punix:${path}`);
      const joined = next(server, 'switch');
      const peer = new Peer(connect(path));
      await peer.handshake();
      await joined;
      await server.close();
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('bounds its connections', async () => {
    const server = await listen({ maxConnections: 1 });
    const { peer } = await joinSwitch(server);
    const refused = next(server, 'refused');
    await (await call(server)).ended;
    expect((await refused).error.code).toBe('NET_TOO_MANY_CONNECTIONS');
    await peer.turn();
  });
});

describe('a datapath id that comes a second time', () => {
  /** Leaves the session's switch connected but dumb. */
  function freeze({ peer }: { readonly peer: Peer }): void {
    peer.stream.pause();
  }

  /** Answers the sign of life that the server asks for. */
  async function answer({ peer }: { readonly peer: Peer }): Promise<void> {
    peer.send({ ...(await peer.next('echoRequest')), type: 'echoReply' });
  }

  it('is refused while the older session lives', async () => {
    const server = await listen();
    const older = await joinSwitch(server);
    const refused = next(server, 'refused');
    const newcomer = await call(server);
    await Promise.all([newcomer.handshake(), answer(older)]);
    await newcomer.ended;
    expect((await refused).error).toMatchObject({
      code: 'OFP_DUPLICATE_DATAPATH',
      message: 'datapath id 0000000000000001 is connected twice',
    });
    expect([...server.switches.values()]).toEqual([older.session]);
    await older.peer.turn();
  });

  it('takes over from a session that is dead, with all that came meanwhile', async () => {
    const clock = new FakeClock();
    const server = await listen({ setTimer: clock.setTimer });
    const older = await joinSwitch(server);
    freeze(older);
    const end = ended(older.session);
    const joined = next(server, 'switch');
    const newcomer = await call(server);
    await newcomer.handshake({ early: [packetIn(1)] });
    await newcomer.turn();
    expect(server.switches.get('0000000000000001')).toBe(older.session);
    clock.advance(2000);
    expect(await end).toMatchObject({ code: 'OFP_DUPLICATE_DATAPATH' });
    const session = await joined;
    const told: number[] = [];
    session.on('packetIn', ({ data }) => told.push(data[0]!));
    await newcomer.turn();
    expect(told).toEqual([1]);
    expect([...server.switches.values()]).toEqual([session]);
  });

  it('goes to one alone when two come at once', async () => {
    const clock = new FakeClock();
    const server = await listen({ setTimer: clock.setTimer });
    const older = await joinSwitch(server);
    freeze(older);
    const newcomers = await Promise.all([call(server), call(server)]);
    const refused = next(server, 'refused');
    const joined = next(server, 'switch');
    for (const newcomer of newcomers) {
      await newcomer.handshake();
      await newcomer.turn();
    }
    clock.advance(2000);
    const session = await joined;
    const [winner, loser] = newcomers;
    await answer({ peer: winner! });
    expect((await refused).error.code).toBe('OFP_DUPLICATE_DATAPATH');
    await loser!.ended;
    await winner!.turn();
    expect([...server.switches.values()]).toEqual([session]);
  });

  it('is not given to a newcomer that has left again', async () => {
    const clock = new FakeClock();
    const server = await listen({ setTimer: clock.setTimer });
    const older = await joinSwitch(server);
    freeze(older);
    const end = ended(older.session);
    const refused = next(server, 'refused');
    const newcomer = await call(server);
    await newcomer.handshake();
    await newcomer.turn();
    newcomer.stream.end();
    expect((await refused).error.code).toBe('OFP_CLOSED');
    clock.advance(2000);
    await end;
    expect(server.switches.size).toBe(0);
  });
});

describe('listening and closing', () => {
  it('names the port that the system chose, while it listens', async () => {
    const server = await listen();
    expect(server.method).toMatch(/^ptcp:[1-9]\d*:127\.0\.0\.1$/);
    await server.close();
    expect(server.method).toBeUndefined();
  });

  it('is refused when it has been done already, or is under way', async () => {
    const server = new OpenFlowServer({ listen: 'ptcp:0' });
    servers.push(server);
    const first = server.listen();
    const second = server.listen();
    await expect(second).rejects.toBeInstanceOf(UsageError);
    await first;
    await expect(server.listen()).rejects.toMatchObject({ code: 'OFP_LISTENING' });
  });

  it('fails when the port is in use, and may be tried again', async () => {
    const first = await listen();
    const second = new OpenFlowServer({ listen: first.method! });
    servers.push(second);
    await expect(second.listen()).rejects.toBeInstanceOf(ClosedError);
    await expect(second.listen()).rejects.toMatchObject({ code: 'NET_LISTEN_FAILED' });
    await first.close();
    await second.listen();
    await joinSwitch(second);
  });

  it.each(['tcp:127.0.0.1:6653', 'ptcp:nowhere'])('refuses to listen on %s', async (method) => {
    const server = new OpenFlowServer({ listen: method });
    await expect(server.listen()).rejects.toMatchObject({ code: 'NET_METHOD_INVALID' });
    expect(server.method).toBeUndefined();
  });

  it('closes every session, once all that was sent has left', async () => {
    const server = await listen();
    const { session, peer } = await joinSwitch(server);
    const end = ended(session);
    const data = Buffer.alloc(60_000);
    for (let i = 0; i < 200; i++) session.send({ type: 'packetOut', data });
    const method = server.method!;
    await server.close();
    expect(await end).toBeUndefined();
    expect(await peer.rest()).toHaveLength(200);
    const next = await listen({ listen: method });
    await joinSwitch(next);
  });

  it('closes connections that are in their handshake', async () => {
    const server = await listen();
    const peer = await call(server);
    await peer.next('hello');
    const refused = next(server, 'refused');
    await server.close();
    await peer.ended;
    expect((await refused).error.code).toBe('OFP_CLOSED');
  });

  it('may be closed again, before it listens, and while it begins to', async () => {
    const server = new OpenFlowServer({ listen: 'ptcp:0' });
    await server.close();
    const listening = server.listen();
    await Promise.all([server.close(), server.close()]);
    await listening;
    expect(server.method).toBeUndefined();
    await server.listen();
    const method = server.method!;
    await server.close();
    await server.close();
    await listen({ listen: method });
  });

  it('is closed by its disposal', async () => {
    let method: string;
    {
      await using server = new OpenFlowServer({ listen: 'ptcp:0' });
      await server.listen();
      method = server.method!;
    }
    await listen({ listen: method });
  });

  it('notices a switch that reads nothing', async () => {
    const server = await listen({ maxPendingBytes: 8 * 1024 * 1024 });
    const { session, peer } = await joinSwitch(server);
    peer.stream.pause();
    const end = ended(session);
    const bytes = encode({ type: 'packetOut', data: Buffer.alloc(60_000) });
    let sent = 0;
    while (!session.isClosed && sent < 100e6) {
      session.send({ type: 'packetOut', data: bytes });
      sent += bytes.length;
    }
    expect(await end).toMatchObject({ code: 'OFP_SEND_OVERFLOW' });
    expect(server.switches.size).toBe(0);
  });
});
