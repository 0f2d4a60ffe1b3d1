import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { encode, type MessageInit } from '../../../src/ofp/message.ts';
import type { AnyPacketIn, PacketInClass } from '../../../src/ofp/session/packet-in-queue.ts';
import { OpenFlowServer } from '../../../src/ofp/session/server.ts';
import type { Switch } from '../../../src/ofp/session/switch.ts';
import { WireError } from '../../../src/util/errors.ts';
import { ended, featuresReply, openSwitch, packetIn } from './peer.ts';

/** A packet-in in Open vSwitch's form that can be told from others by its user data. */
function packetIn2(number: number): MessageInit {
  return { type: 'nxPacketIn2', reason: 'action', data: Buffer.alloc(4), userdata: Uint8Array.of(number) };
}

describe('packet-ins', () => {
  it('come as packetIn or packetIn2, by their form, in the order of one queue', async () => {
    const { session, peer } = await openSwitch();
    const told: string[] = [];
    session.on('packetIn', ({ cookie }) => told.push(`packetIn ${cookie}`));
    session.on('packetIn2', ({ userdata }) => told.push(`packetIn2 ${userdata![0]}`));
    session.on('message', ({ type }) => told.push(type));
    peer.send(packetIn(1), packetIn2(2), packetIn(3), packetIn2(4));
    await peer.turn();
    await peer.turn();
    expect(told).toEqual(['packetIn 1', 'packetIn2 2', 'packetIn 3', 'packetIn2 4']);
  });

  it('are told after what came behind them, when that is anything else', async () => {
    const { session, peer } = await openSwitch();
    const told: string[] = [];
    session.on('packetIn', () => told.push('packetIn'));
    session.on('requestError', () => told.push('requestError'));
    const barrier = session.barrier().then(() => told.push('barrier'));
    const { xid } = await peer.next('barrierRequest');
    peer.send(packetIn(1), { type: 'error', xid: 77, errorType: 1, code: 1 }, { type: 'barrierReply', xid });
    await barrier;
    await peer.turn();
    await peer.turn();
    expect(told).toEqual(['requestError', 'barrier', 'packetIn']);
  });

  it('are handled by class, which may look at either form', async () => {
    const classify = ({ data }: AnyPacketIn): PacketInClass => (data.length > 1 ? 'urgent' : 'bulk');
    const { session, peer } = await openSwitch({ classifyPacketIn: classify });
    const told: string[] = [];
    for (const event of ['packetIn', 'packetIn2'] as const) session.on(event, () => told.push(event));
    peer.send(packetIn(1), packetIn(2), packetIn2(3));
    await peer.turn();
    await peer.turn();
    expect(told).toEqual(['packetIn2', 'packetIn', 'packetIn']);
  });

  it('are counted when too many wait: those of both forms together', async () => {
    const { session, peer } = await openSwitch({ maxQueuedPacketIns: 3 });
    await peer.turn();
    let told = 0;
    session.on('packetIn', () => told++);
    peer.send(...[1, 2, 3, 4].map(packetIn), ...[5, 6].map(packetIn2));
    await peer.turn();
    await peer.turn();
    expect([told, session.droppedPacketIns, session.waitingPacketIns]).toEqual([3, 3, 0]);
  });

  it('may send: it leaves when the packet-ins of a turn have been handled', async () => {
    const { session, peer } = await openSwitch();
    session.on('packetIn', ({ data }) => session.send({ type: 'packetOut', data }));
    peer.send(packetIn(1), packetIn(2));
    expect([(await peer.next('packetOut')).data[0], (await peer.next('packetOut')).data[0]]).toEqual([1, 2]);
  });

  it('are handled no more when the session has ended', async () => {
    const { session, peer } = await openSwitch();
    let told = 0;
    session.on('packetIn', () => {
      told++;
      void session.close();
    });
    peer.send(packetIn(1), packetIn(2), packetIn(3));
    await peer.ended;
    expect([told, session.waitingPacketIns]).toEqual([1, 0]);
  });

  it.each(['before', 'after'])(
    'end the session when their classifier throws, %s it is settled',
    async (when) => {
      const classifyPacketIn = () => {
        throw new WireError('OFP_BAD_VALUE', 'oh no');
      };
      const early = when === 'before' ? [packetIn(1)] : [];
      const opening = openSwitch({ classifyPacketIn }, { early });
      if (when === 'before') return expect(opening).rejects.toMatchObject({ code: 'OFP_HANDLER_FAILED' });
      const { session, peer } = await opening;
      const end = ended(session);
      peer.send(packetIn(1));
      expect(await end).toMatchObject({ code: 'OFP_HANDLER_FAILED', cause: { message: 'oh no' } });
      expect(await peer.rest()).toEqual([]);
    },
  );
});

// A flood takes what it can get of the machine.
jest.setTimeout(30_000);

/** How long a handler takes, as a slow one does. */
const BUSY_MS = 0.05;

function busy(): void {
  const end = performance.now() + BUSY_MS;
  while (performance.now() < end);
}

/** What was measured at several times: the one in the middle, so that a pause of the machine changes nothing. */
function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

describe('a switch that floods', () => {
  const LIMIT = 4096;
  const BATCH = 200;
  let server: OpenFlowServer;
  let worker: Worker;

  afterEach(async () => {
    await worker?.terminate();
    await server?.close();
  });

  /** A session with a switch that floods from the beginning of it on, and whose packet-ins are handled slowly. */
  async function flooded(): Promise<{ readonly session: Switch; readonly handled: number[] }> {
    server = new OpenFlowServer({ listen: 'ptcp:0', maxQueuedPacketIns: LIMIT });
    const handled: number[] = [];
    const joined = new Promise<Switch>((resolve) => {
      server.once('switch', (session) => {
        session.on('packetIn', ({ cookie }) => {
          handled.push(cookie.toNumber());
          const data = Buffer.alloc(8);
          data.writeBigUInt64BE(cookie.toBigInt());
          session.send({ type: 'packetOut', data });
          busy();
        });
        resolve(session);
      });
    });
    await server.listen();
    worker = startFlood(Number(server.method!.split(':')[1]));
    const session = await joined;
    while (session.droppedPacketIns === 0) await new Promise((resolve) => setImmediate(resolve));
    return { session, handled };
  }

  function startFlood(port: number): Worker {
    const reply = (message: MessageInit) => encode(message);
    const workerData = {
      port,
      batchLength: BATCH,
      hello: encode({ type: 'hello' }),
      packetIn: encode({ ...packetIn(0), data: Buffer.alloc(60) } as MessageInit),
      echoRequest: encode({ type: 'echoRequest', data: Buffer.alloc(8) }),
      replies: {
        5: reply(featuresReply(0)),
        18: reply({ type: 'multipartReply', multipartType: 'portDesc', body: [] }),
        20: reply({ type: 'barrierReply' }),
        24: reply({ type: 'roleReply', role: 'master', generationId: 0 }),
      },
    };
    return new Worker(new URL('./flooding-switch.js', import.meta.url), { workerData });
  }

  it('has its barrier and role replies seen while thousands of its packet-ins wait', async () => {
    const { session, handled } = await flooded();
    const waiting: number[] = [];
    const overtaken: number[] = [];
    for (let i = 0; i < 7; i++) {
      await session.barrier();
      waiting.push(session.waitingPacketIns);
      const { generationId } = await session.setRole('master', 1);
      overtaken.push(generationId.toNumber() - handled.at(-1)!);
    }
    expect(median(waiting)).toBeGreaterThan(1000);
    expect(median(overtaken)).toBeGreaterThan(1000);
  });

  it('has its echo requests answered while thousands of packet-ins that came before them wait', async () => {
    await flooded();
    const overtaken: number[] = [];
    await new Promise<void>((resolve) => {
      worker.on('message', (message: { readonly overtaken: number }) => {
        if (overtaken.push(message.overtaken) === 51) resolve();
      });
    });
    expect(median(overtaken)).toBeGreaterThan(1000);
  });

  it('fills no more memory than the queue may take, and each packet-in is handled or counted', async () => {
    const { session, handled } = await flooded();
    let most = 0;
    while (session.droppedPacketIns < 10 * LIMIT) {
      most = Math.max(most, session.waitingPacketIns);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(most).toBeLessThanOrEqual(LIMIT);
    const stopped = new Promise<number>((resolve) => {
      worker.on('message', ({ sent }: { readonly sent?: bigint }) => {
        if (sent !== undefined) resolve(Number(sent));
      });
    });
    worker.postMessage('stop');
    const sent = await stopped;
    while (handled.length + session.droppedPacketIns < sent) await session.barrier();
    expect(handled.length + session.droppedPacketIns).toBe(sent);
    expect(handled).toEqual([...handled].sort((a, b) => a - b));
  });

  it('leaves another one served', async () => {
    const { handled } = await flooded();
    const { session, peer } = await openSwitch();
    session.on('packetIn', ({ data }) => session.send({ type: 'packetOut', data }));
    const meanwhile: number[] = [];
    for (let i = 0; i < 20; i++) {
      const before = handled.length;
      peer.send(packetIn(i));
      await peer.next('packetOut');
      meanwhile.push(handled.length - before);
    }
    // A packet needs a turn or two, in each of which the flood has ten milliseconds.
    expect(Math.max(...meanwhile)).toBeLessThan(4 * (10 / BUSY_MS));
  });
});
