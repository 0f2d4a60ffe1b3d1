import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { ApiServer, type FeedOptions, type NetworkEvent, type SwitchState } from '../../../src/app/index.ts';
import { silentLog } from '../../../src/util/log.ts';
import { eventually } from '../../lab/index.ts';
import { FakeSource, FeedClient } from '../feed-client.ts';

const SWITCH: SwitchState = {
  switch: '0000000000000001',
  mode: 'learning',
  problems: [],
  ports: [{ port: 1, name: 'veth1', up: true }],
  endpoints: [],
  members: [],
  conflicts: [],
};

function problem(message: string): NetworkEvent {
  return { type: 'problem', code: 'OFP_CLOSED', message };
}

/** A timer that runs when the test says so. */
class ManualTimer {
  readonly #callbacks = new Map<object, { readonly callback: () => void; readonly delayMs: number }>();

  readonly set = (callback: () => void, delayMs: number) => {
    const key = {};
    this.#callbacks.set(key, { callback, delayMs });
    return () => this.#callbacks.delete(key);
  };

  get delays(): number[] {
    return [...this.#callbacks.values()].map(({ delayMs }) => delayMs);
  }

  fire(): void {
    const callbacks = [...this.#callbacks.values()];
    this.#callbacks.clear();
    for (const { callback } of callbacks) callback();
  }
}

describe('the feed', () => {
  const servers: ApiServer[] = [];
  const clients: FeedClient[] = [];

  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.terminate();
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function serve(options: FeedOptions = {}) {
    const source = new FakeSource();
    const server = await ApiServer.listen(source, { address: '127.0.0.1:0', ...options });
    servers.push(server);
    const connect = async (clientOptions = {}) => {
      const client = await FeedClient.connect(server.feedUrl, clientOptions);
      clients.push(client);
      return client;
    };
    return { source, server, connect };
  }

  it('sends the state first, then each event', async () => {
    const { source, connect } = await serve();
    source.switches = [SWITCH];
    const client = await connect();
    expect(await client.next()).toEqual({ type: 'state', switches: [SWITCH] });
    source.emit({ type: 'switchUp', switch: '0000000000000002', ports: 3 });
    source.emit(problem('late'));
    expect(await client.next()).toEqual({ type: 'switchUp', switch: '0000000000000002', ports: 3 });
    expect(await client.next()).toEqual(problem('late'));
  });

  it('loses no event and sends none twice while clients join', async () => {
    const { source, connect } = await serve();
    const last = 400;
    let happened = 0;
    source.state = () => [{ ...SWITCH, bridge: `${happened}` }];
    const happen = async () => {
      while (happened < last) {
        happened++;
        source.emit(problem(`${happened}`));
        await nextTurn();
      }
    };
    const follow = async () => {
      const client = await connect();
      const { switches } = await client.find('state');
      const heard: number[] = [];
      for (let seen = Number(switches[0]!.bridge); seen < last; seen++) {
        heard.push(Number((await client.find('problem')).message) - seen);
      }
      return new Set(heard);
    };
    const followed = Promise.all(Array.from({ length: 20 }, follow));
    await happen();
    for (const differences of await followed) expect([...differences].filter((by) => by !== 1)).toEqual([]);
  });

  it('closes the client that does not read with 1013, and the others go on', async () => {
    const warn = jest.fn();
    const { source, connect } = await serve({ maxBufferedBytes: 100_000, log: { ...silentLog, warn } });
    const [slow, fast] = [await connect(), await connect()];
    await fast.next();
    await slow.next();
    slow.socket.pause();
    const text = 'x'.repeat(60_000);
    let sent = 0;
    while (warn.mock.calls.length === 0) {
      source.emit(problem(`${++sent} ${text}`));
      expect(await fast.next()).toMatchObject({ message: `${sent} ${text}` });
    }
    expect(warn).toHaveBeenCalledWith(expect.objectContaining({ status: 1013 }), expect.anything());
    source.emit(problem('after'));
    expect(await fast.next()).toEqual(problem('after'));
    slow.socket.resume();
    expect(await slow.closed).toEqual({ code: 1013, reason: 'too many unread events' });
    expect(await slow.next()).toMatchObject({ type: 'problem' });
  });

  it('does not count the state as unread events', async () => {
    const { source, connect } = await serve({ maxBufferedBytes: 1000 });
    const ports = Array.from({ length: 120_000 }, (_, port) => ({ port, name: `veth${port}`, up: true }));
    source.state = () => {
      process.nextTick(() => source.emit(problem('at once')));
      return [{ ...SWITCH, ports }];
    };
    const client = await connect();
    expect((await client.find('state')).switches[0]!.ports).toHaveLength(ports.length);
    expect(await client.next()).toEqual(problem('at once'));
  });

  it('takes no more clients than it may, and takes one again when one has left', async () => {
    const { connect } = await serve({ maxClients: 2 });
    const [first] = [await connect(), await connect()];
    await expect(connect()).rejects.toMatchObject({ status: 503, code: 'API_TOO_MANY_CLIENTS' });
    first.socket.close();
    await first.closed;
    const third = await eventually(() => connect());
    expect(await third.next()).toEqual({ type: 'state', switches: [] });
  });

  it('sends a client away that says something', async () => {
    const { source, connect } = await serve();
    const [talker, listener] = [await connect(), await connect()];
    talker.socket.send('{"subscribe":"everything"}');
    talker.socket.send('again');
    expect(await talker.closed).toEqual({ code: 1008, reason: 'the feed takes no messages' });
    await listener.next();
    source.emit(problem('on'));
    expect(await listener.next()).toEqual(problem('on'));
  });

  it('sends a client away that says too much', async () => {
    const { connect } = await serve();
    const client = await connect();
    client.socket.send('x'.repeat(2000));
    expect((await client.closed).code).toBe(1009);
  });

  it('drops clients that give no sign of life, and keeps the others', async () => {
    const timer = new ManualTimer();
    const { source, connect } = await serve({ setTimer: timer.set, pingIntervalMs: 7000 });
    const [dead, alive] = [await connect({ autoPong: false }), await connect()];
    expect(timer.delays).toEqual([7000]);
    for (let round = 0; round < 2; round++) {
      timer.fire();
      await alive.settled();
    }
    expect((await dead.closed).code).toBe(1006);
    await alive.next();
    source.emit(problem('on'));
    expect(await alive.next()).toEqual(problem('on'));
  });

  it('closes with 1001, drops who does not answer, and needs no second call', async () => {
    const timer = new ManualTimer();
    const { source, server, connect } = await serve({ setTimer: timer.set });
    const [polite, rude] = [await connect(), await connect()];
    rude.socket.pause();
    const closing = [server.close(), server.close()];
    expect(await polite.closed).toMatchObject({ code: 1001 });
    expect(source.subscriberCount).toBe(0);
    expect(timer.delays).toEqual([1000]);
    timer.fire();
    await Promise.all(closing);
    await server.close();
    rude.socket.resume();
    await rude.closed;
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
