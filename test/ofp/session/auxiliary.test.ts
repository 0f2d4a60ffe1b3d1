import { once } from 'node:events';
import { connect } from 'node:net';
import { duplexPair } from 'node:stream';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { OpenFlowServer, type OpenFlowServerOptions } from '../../../src/ofp/session/server.ts';
import { Switch } from '../../../src/ofp/session/switch.ts';
import type { GalagoError } from '../../../src/util/errors.ts';
import { silentLog } from '../../../src/util/log.ts';
import { FakeClock } from './clock.ts';
import { ended, openSwitch, Peer, packetIn, port, type SwitchScript } from './peer.ts';

interface Side {
  readonly session: Switch;
  readonly peer: Peer;
}

/** A session over an auxiliary connection that belongs to no other yet. */
async function openAuxiliary(script: SwitchScript = {}): Promise<Side> {
  const [stream, other] = duplexPair();
  const peer = new Peer(other);
  const [session] = await Promise.all([Switch.open(stream), peer.handshake({ auxiliaryId: 1, ...script })]);
  return { session, peer };
}

/** A session with an auxiliary connection. */
async function openBoth(): Promise<{ readonly main: Side; readonly auxiliary: Side }> {
  const [main, auxiliary] = await Promise.all([openSwitch(), openAuxiliary()]);
  main.session.addAuxiliary(auxiliary.session);
  await Promise.all([main.peer.turn(), auxiliary.peer.turn()]);
  return { main, auxiliary };
}

const flowRemoved: MessageInit = {
  type: 'flowRemoved',
  cookie: 0,
  priority: 1,
  reason: 'idleTimeout',
  tableId: 0,
  durationSec: 0,
  durationNsec: 0,
  idleTimeout: 1,
  hardTimeout: 0,
  packetCount: 0,
  byteCount: 0,
  match: {},
};

describe('an auxiliary connection', () => {
  it('is asked for its features and for nothing else', async () => {
    const { session, peer } = await openAuxiliary({ auxiliaryId: 3, datapathId: 5 });
    expect(session.features).toMatchObject({ auxiliaryId: 3 });
    expect([session.id, session.ports.size]).toEqual(['0000000000000005', 0]);
    await session.close();
    expect(await peer.rest()).toEqual([]);
  });

  it('brings what the switch says to the main session, and nothing to its own', async () => {
    const { main, auxiliary } = await openBoth();
    const told: string[] = [];
    for (const event of [
      'packetIn',
      'packetIn2',
      'flowRemoved',
      'portStatus',
      'roleStatus',
      'message',
    ] as const) {
      main.session.on(event, ({ type }: { readonly type: string }) => told.push(type));
      auxiliary.session.on(event, () => told.push('here'));
    }
    auxiliary.peer.send(
      packetIn(1),
      { type: 'nxPacketIn2', reason: 'action', data: Buffer.alloc(1) },
      flowRemoved,
      { type: 'portStatus', reason: 'add', port: port(4) },
      { type: 'onfRoleStatus', role: 'slave', reason: 'config', generationId: 0 },
      { type: 'unknown', code: 77, raw: Buffer.alloc(0) },
    );
    await auxiliary.peer.turn();
    await auxiliary.peer.turn();
    expect(told).toEqual([
      'flowRemoved',
      'portStatus',
      'onfRoleStatus',
      'unknown',
      'packetIn',
      'nxPacketIn2',
    ]);
    expect([...main.session.ports.keys()]).toEqual([4]);
  });

  it('shares the bound of the main session', async () => {
    const [main, auxiliary] = await Promise.all([openSwitch({ maxQueuedPacketIns: 3 }), openAuxiliary()]);
    main.session.addAuxiliary(auxiliary.session);
    auxiliary.peer.send(...[1, 2, 3, 4].map(packetIn));
    main.peer.send(packetIn(5));
    await Promise.all([main.peer.turn(), auxiliary.peer.turn()]);
    expect(main.session.droppedPacketIns).toBe(2);
  });

  it('can be sent to and asked, and gets its own replies', async () => {
    const { main, auxiliary } = await openBoth();
    const overAuxiliary = main.session.auxiliaries.get(1)!;
    overAuxiliary.send({ type: 'packetOut', data: Uint8Array.of(9) });
    expect([...(await auxiliary.peer.next('packetOut')).data]).toEqual([9]);
    const barriers = [main.session.barrier(), overAuxiliary.barrier()];
    for (const { peer } of [main, auxiliary]) {
      peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
    }
    await Promise.all(barriers);
  });

  it('has its errors told by the main session, with the message that caused them', async () => {
    const { main, auxiliary } = await openBoth();
    const told = new Promise((resolve) => main.session.once('requestError', resolve));
    const message = { type: 'packetOut', data: Uint8Array.of(9) } as const;
    auxiliary.session.send(message);
    const { xid } = await auxiliary.peer.next('packetOut');
    auxiliary.peer.send({ type: 'error', xid, errorType: 1, code: 11 });
    expect(await told).toMatchObject({ error: { code: 'OFPBRC_BAD_PORT' }, request: message });
  });

  it('may end without the main session', async () => {
    const { main, auxiliary } = await openBoth();
    const end = ended(auxiliary.session);
    auxiliary.peer.stream.end();
    expect(await end).toMatchObject({ code: 'OFP_CLOSED' });
    expect(main.session.auxiliaries.size).toBe(0);
    await main.peer.turn();
  });

  it('ends with the main session, for the same reason', async () => {
    const { main, auxiliary } = await openBoth();
    const ends = Promise.all([ended(main.session), ended(auxiliary.session)]);
    main.peer.stream.end();
    const [error, again] = await ends;
    expect(error).toMatchObject({ code: 'OFP_CLOSED' });
    expect(again).toBe(error);
    await auxiliary.peer.ended;
  });

  it('is closed with the main session when all that was sent to both has left', async () => {
    const { main, auxiliary } = await openBoth();
    const ends = Promise.all([ended(main.session), ended(auxiliary.session)]);
    for (const { session } of [main, auxiliary]) session.send({ type: 'packetOut' });
    await main.session.close();
    expect(await ends).toEqual([undefined, undefined]);
    for (const { peer } of [main, auxiliary])
      expect(await peer.rest()).toMatchObject([{ type: 'packetOut' }]);
  });

  it.each(['flowRemoved', 'packetIn'] as const)('ends all when a handler of its %s fails', async (event) => {
    const { main, auxiliary } = await openBoth();
    const ends = Promise.all([ended(main.session), ended(auxiliary.session)]);
    main.session.on(event, () => {
      throw new Error('oh no');
    });
    auxiliary.peer.send(flowRemoved, packetIn(1));
    for (const error of await ends) expect(error).toMatchObject({ code: 'OFP_HANDLER_FAILED' });
  });

  it.each<[string, SwitchScript]>([
    ['of another switch', { datapathId: 2 }],
    ['that is a main connection', { auxiliaryId: 0 }],
  ])('is refused when it is one %s', async (_what, script) => {
    const [main, other] = await Promise.all([openSwitch(), openAuxiliary(script)]);
    expect(() => main.session.addAuxiliary(other.session)).toThrow(
      expect.objectContaining({ code: 'OFP_NOT_AUXILIARY' }),
    );
  });

  it('is refused when there is one with its id, or either side has ended', async () => {
    const { main } = await openBoth();
    const [same, other] = await Promise.all([openAuxiliary(), openAuxiliary({ auxiliaryId: 2 })]);
    const adding = (session: Switch) => () => main.session.addAuxiliary(session);
    expect(adding(same.session)).toThrow(expect.objectContaining({ code: 'OFP_DUPLICATE_DATAPATH' }));
    await same.session.close();
    await main.session.close();
    for (const { session } of [same, other]) {
      expect(adding(session)).toThrow(expect.objectContaining({ code: 'OFP_CLOSED' }));
    }
  });
});

describe('an auxiliary connection that calls a server', () => {
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

  async function call(server: OpenFlowServer, script: SwitchScript, from = '127.0.0.1'): Promise<Peer> {
    const socket = connect({
      host: '127.0.0.1',
      port: Number(server.method!.split(':')[1]),
      localAddress: from,
    });
    await once(socket, 'connect');
    const peer = new Peer(socket);
    await peer.handshake(script);
    return peer;
  }

  /** A switch that has called, whose session is known to the server. */
  async function join(server: OpenFlowServer): Promise<Side> {
    const joined = new Promise<Switch>((resolve) => server.once('switch', resolve));
    const peer = await call(server, {});
    return { session: await joined, peer };
  }

  function refusal(server: OpenFlowServer): Promise<GalagoError> {
    return new Promise((resolve) => server.once('refused', ({ error }) => resolve(error)));
  }

  it('becomes part of the session, and is no switch of its own', async () => {
    const logged: string[] = [];
    const log = { ...silentLog, info: (_fields: object, message: string) => logged.push(message) };
    const server = await listen({ log });
    const { session } = await join(server);
    let switches = 0;
    server.on('switch', () => switches++);
    const told = new Promise<string>((resolve) =>
      session.once('packetIn', ({ cookie }) => resolve(`${cookie}`)),
    );
    const peer = await call(server, { auxiliaryId: 7 });
    await peer.turn();
    peer.send(packetIn(5));
    expect(await told).toBe('5');
    expect([...session.auxiliaries.keys()]).toEqual([7]);
    expect([...server.switches.values()]).toEqual([session]);
    expect(switches).toBe(0);
    expect(logged).toEqual(['switch joined', 'auxiliary connection 7 joined']);
  });

  it.each([
    ['without its main connection', 2, '127.0.0.1'],
    ['from another address than its main connection', 1, '127.0.0.2'],
  ])('%s is refused', async (_what, datapathId, from) => {
    const server = await listen();
    const { session } = await join(server);
    const refused = refusal(server);
    const peer = await call(server, { datapathId, auxiliaryId: 1 }, from);
    expect(await refused).toMatchObject({
      code: 'OFP_AUXILIARY_WITHOUT_MAIN',
      message: `000000000000000${datapathId} has no main connection from ${from}`,
    });
    await peer.ended;
    expect(session.auxiliaries.size).toBe(0);
  });

  it('is refused while an older one with its id lives', async () => {
    const server = await listen();
    const { session } = await join(server);
    const older = await call(server, { auxiliaryId: 1 });
    await older.turn();
    const refused = refusal(server);
    const newcomer = await call(server, { auxiliaryId: 1 });
    older.send({ ...(await older.next('echoRequest')), type: 'echoReply' });
    expect(await refused).toMatchObject({
      code: 'OFP_DUPLICATE_DATAPATH',
      message: 'auxiliary connection 1 of 0000000000000001 is connected twice',
    });
    await newcomer.ended;
    expect(session.auxiliaries.size).toBe(1);
    await older.turn();
  });

  it('takes over from an older one that is dead', async () => {
    const clock = new FakeClock();
    const server = await listen({ setTimer: clock.setTimer });
    const { session, peer } = await join(server);
    const older = await call(server, { auxiliaryId: 1 });
    await older.turn();
    const end = ended(session.auxiliaries.get(1)!);
    older.stream.pause();
    const newcomer = await call(server, { auxiliaryId: 1 });
    await newcomer.turn();
    clock.advance(2000);
    expect(await end).toMatchObject({ code: 'OFP_DUPLICATE_DATAPATH' });
    const told = new Promise<string>((resolve) =>
      session.once('packetIn', ({ cookie }) => resolve(`${cookie}`)),
    );
    await newcomer.turn();
    newcomer.send(packetIn(6));
    expect(await told).toBe('6');
    await peer.turn();
  });

  it('is closed with the server, once what was sent to it has left', async () => {
    const server = await listen();
    const { session } = await join(server);
    const peer = await call(server, { auxiliaryId: 1 });
    await peer.turn();
    const data = Buffer.alloc(60_000);
    for (let i = 0; i < 100; i++) session.auxiliaries.get(1)!.send({ type: 'packetOut', data });
    await server.close();
    expect(await peer.rest()).toHaveLength(100);
  });
});
