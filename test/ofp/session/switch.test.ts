import { duplexPair } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { MULTIPART_MORE } from '../../../src/ofp/multipart/multipart.ts';
import { Switch } from '../../../src/ofp/session/switch.ts';
import type { RequestError, SwitchOptions } from '../../../src/ofp/session/switch-events.ts';
import { RemoteError, WireError } from '../../../src/util/errors.ts';
import { silentLog } from '../../../src/util/log.ts';
import { FakeClock } from './clock.ts';
import { ended, featuresReply, openSwitch, Peer, packetIn, port, standingClock } from './peer.ts';

/** A session that has only begun, and its peer. */
function begin(options: SwitchOptions = {}): { readonly opening: Promise<Switch>; readonly peer: Peer } {
  const [stream, other] = duplexPair();
  return { opening: Switch.open(stream, options), peer: new Peer(other) };
}

const portStatus = (reason: 'add' | 'delete' | 'modify', portNo: number, name?: string): MessageInit => ({
  type: 'portStatus',
  reason,
  port: port(portNo, name === undefined ? {} : { name }),
});

const ports = (session: Switch) => [...session.ports.values()].map(({ portNo, name }) => `${portNo} ${name}`);

describe('the handshake', () => {
  it('makes features, datapath id and ports known', async () => {
    const script = { datapathId: 0xfedc_ba98_7654_3210n, ports: [port(1), port(2)] };
    const { session } = await openSwitch({}, script);
    expect(session.features).toMatchObject({ nTables: 254, auxiliaryId: 0 });
    expect(session.id).toBe('fedcba9876543210');
    expect(session.datapathId.toString()).toBe('18364758544493064720');
    expect(ports(session)).toEqual(['1 p1', '2 p2']);
    expect(session.isClosed).toBe(false);
  });

  it.each([
    [undefined, 0xffff],
    [128, 128],
  ])('asks for packets of miss_send_len %p', async (missSendLen, asked) => {
    const { opening, peer } = begin(missSendLen === undefined ? {} : { missSendLen });
    await peer.greet();
    peer.send(featuresReply((await peer.next('featuresRequest')).xid));
    expect(await peer.next('setConfig')).toMatchObject({ missSendLen: asked, flags: 0 });
    const { xid } = await peer.next('multipartRequest');
    peer.send({ type: 'multipartReply', multipartType: 'portDesc', xid, body: [] });
    await opening;
  });

  it('takes ports that come in parts', async () => {
    const { opening, peer } = begin();
    await peer.greet();
    peer.send(featuresReply((await peer.next('featuresRequest')).xid));
    await peer.next('setConfig');
    const { xid } = await peer.next('multipartRequest');
    const part = { type: 'multipartReply', multipartType: 'portDesc', xid } as const;
    peer.send({ ...part, flags: MULTIPART_MORE, body: [port(1)] });
    peer.send({ ...part, body: [port(2)] });
    expect(ports(await opening)).toEqual(['1 p1', '2 p2']);
  });

  it('rejects when the peer falls silent in it', async () => {
    const clock = new FakeClock();
    const { opening, peer } = begin({ setTimer: clock.setTimer, handshakeTimeoutMs: 300 });
    await peer.greet();
    await peer.next('featuresRequest');
    clock.advance(300);
    await expect(opening).rejects.toMatchObject({
      code: 'OFP_REQUEST_TIMEOUT',
      message: 'no answer to featuresRequest within 300 ms',
    });
    await peer.ended;
  });

  it('rejects when the peer refuses a part of it', async () => {
    const { opening, peer } = begin();
    await peer.greet();
    const { xid } = await peer.next('featuresRequest');
    peer.send({ type: 'error', xid, errorType: 1, code: 5, data: Buffer.alloc(8) });
    await expect(opening).rejects.toBeInstanceOf(RemoteError);
    await peer.ended;
  });

  it('rejects when the peer answers something else', async () => {
    const { opening, peer } = begin();
    await peer.greet();
    const { xid } = await peer.next('featuresRequest');
    peer.send({ type: 'barrierReply', xid });
    await expect(opening).rejects.toMatchObject({ code: 'OFP_UNEXPECTED_REPLY' });
    await peer.ended;
  });

  it.each(['before', 'after'])('rejects when the peer hangs up %s its HELLO', async (when) => {
    const { opening, peer } = begin();
    if (when === 'after') await peer.greet();
    peer.stream.end();
    await expect(opening).rejects.toMatchObject({ code: 'OFP_CLOSED' });
  });

  it('rejects when whoever admits the session refuses it', async () => {
    const [stream, other] = duplexPair();
    const peer = new Peer(other);
    const reason = new Error('not you');
    const opening = Switch.open(stream, {}, () => Promise.reject(reason));
    await Promise.all([expect(opening).rejects.toBe(reason), peer.handshake()]);
    await peer.ended;
  });
});

describe('what comes right after the handshake', () => {
  const early = [packetIn(1), portStatus('add', 2, 'late'), packetIn(2)];

  it('is told to handlers that are there in the next turn', async () => {
    const { session, peer } = await openSwitch({}, { ports: [port(1)], early });
    const told: string[] = [];
    session.on('packetIn', ({ cookie }) => told.push(`packet ${cookie}`));
    session.on('portStatus', (message) => told.push(`port ${message.port.name}`));
    await peer.turn();
    await peer.turn();
    // Packet-ins wait in a queue of their own, in which they keep their order.
    expect(told).toEqual(['port late', 'packet 1', 'packet 2']);
    expect(ports(session)).toEqual(['1 p1', '2 late']);
  });

  it('waits for whoever admits the session', async () => {
    const [stream, other] = duplexPair();
    const peer = new Peer(other);
    let admit = () => {};
    const gate = new Promise<void>((resolve) => {
      admit = resolve;
    });
    const opening = Switch.open(stream, standingClock, () => gate);
    await peer.handshake({ early });
    await peer.turn();
    admit();
    const session = await opening;
    const told: number[] = [];
    session.on('packetIn', ({ data }) => told.push(data[0]!));
    await peer.turn();
    await peer.turn();
    expect(told).toEqual([1, 2]);
  });

  it('leaves the ports right even when it is too much to be kept', async () => {
    const flood = Array.from({ length: 2000 }, (_, index) => packetIn(index & 0xff));
    const { session } = await openSwitch({}, { early: [...flood, portStatus('add', 9)] });
    expect(ports(session)).toEqual(['9 p9']);
  });

  it('is told no further when a handler of it fails', async () => {
    const { session, peer } = await openSwitch({}, { early });
    let told = 0;
    session.on('packetIn', () => {
      told++;
      throw new Error('no');
    });
    await peer.ended;
    expect(told).toBe(1);
  });
});

describe('ports', () => {
  it('are current when a change is told', async () => {
    const { session, peer } = await openSwitch({}, { ports: [port(1), port(2)] });
    await peer.turn();
    const seen: string[][] = [];
    session.on('portStatus', () => seen.push(ports(session)));
    peer.send(portStatus('add', 3), portStatus('modify', 1, 'renamed'), portStatus('delete', 2));
    await peer.turn();
    expect(seen).toEqual([
      ['1 p1', '2 p2', '3 p3'],
      ['1 renamed', '2 p2', '3 p3'],
      ['1 renamed', '3 p3'],
    ]);
  });
});

describe('an error that answers no request', () => {
  it('names the message that caused it', async () => {
    const { session, peer } = await openSwitch();
    const events: RequestError[] = [];
    session.on('requestError', (event) => events.push(event));
    const flows = [1, 2, 3].map((priority) => ({ type: 'flowMod', command: 'add', priority }) as const);
    for (const flow of flows) session.send(flow);
    const [, second] = [await peer.next('flowMod'), await peer.next('flowMod')];
    peer.send({ type: 'error', xid: second!.xid, errorType: 5, code: 1 });
    await peer.next('flowMod');
    await peer.turn();
    expect(events).toEqual([
      {
        error: expect.any(RemoteError),
        message: expect.objectContaining({ type: 'error', xid: second!.xid }),
        request: second,
      },
    ]);
    expect(events[0]!.error).toMatchObject({
      code: 'OFPFMFC_TABLE_FULL',
      message: 'the switch refused flowMod add (table 0, priority 2): OFPFMFC_TABLE_FULL',
    });
    expect(session.isClosed).toBe(false);
  });

  it('is told all the same when what caused it is not known', async () => {
    const { session, peer } = await openSwitch();
    const events: RequestError[] = [];
    session.on('requestError', (event) => events.push(event));
    peer.send({ type: 'error', xid: 123_456, errorType: 0x7777, code: 3 });
    await peer.turn();
    expect(events).toEqual([expect.objectContaining({ request: undefined })]);
  });
});

describe('a handler that fails', () => {
  const failures: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('oh no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('oh no'))],
  ];
  const events = ['packetIn', 'portStatus', 'requestError', 'message'] as const;
  const causes: Record<(typeof events)[number], MessageInit> = {
    packetIn: packetIn(1),
    portStatus: portStatus('add', 1),
    requestError: { type: 'error', xid: 1, errorType: 1, code: 1 },
    message: { type: 'unknown', code: 77, raw: Buffer.alloc(0) },
  };

  it.each(failures.flatMap(([how, fail]) => events.map((event) => [event, how, fail] as const)))(
    'of %s and %s ends its session and no other',
    async (event, _how, fail) => {
      const [one, other] = await Promise.all([openSwitch(), openSwitch()]);
      const end = ended(one.session);
      one.session.on(event, fail as () => void);
      other.peer.send(causes[event]);
      one.peer.send(causes[event]);
      expect(await end).toMatchObject({
        code: 'OFP_HANDLER_FAILED',
        message: `a handler of '${event}' failed: oh no`,
        cause: expect.objectContaining({ message: 'oh no' }),
      });
      expect(await one.peer.rest()).toEqual([]);
      await other.peer.turn();
    },
  );

  it('because it sends what cannot be written is not taken for a malformed message', async () => {
    const { session, peer } = await openSwitch();
    const end = ended(session);
    session.on('packetIn', () => {
      session.send({ type: 'flowMod', command: 'add', match: { ethDst: 'nobody' } });
    });
    peer.send(packetIn(1));
    expect(await end).toMatchObject({ code: 'OFP_HANDLER_FAILED', cause: expect.any(WireError) });
    expect(await peer.rest()).toEqual([]);
  });

  it('because the packet-in it looks into is malformed ends the session', async () => {
    const { session, peer } = await openSwitch();
    const end = ended(session);
    session.on('packetIn', ({ match }) => match);
    const raw = Buffer.from(
      'ffffffff000001000000000000000000' + '0001000c80000005' + '00000001' + '00000000' + '0000',
      'hex',
    );
    peer.send({ type: 'unknown', code: 10, raw });
    expect(await end).toMatchObject({ code: 'OFP_HANDLER_FAILED', cause: expect.any(WireError) });
  });

  it.each(failures)('of close and %s is only logged', async (_how, fail) => {
    const logged: string[] = [];
    const log = { ...silentLog, error: (_fields: object, message: string) => logged.push(message) };
    const { session } = await openSwitch({ log });
    session.on('close', fail as () => void);
    await session.close();
    expect(logged).toEqual(["a handler of 'close' failed: oh no"]);
  });
});

describe('closing a session', () => {
  it('sends what is left, clears timers and is told once', async () => {
    const clock = new FakeClock();
    const { session, peer } = await openSwitch({ setTimer: clock.setTimer });
    const ends: unknown[] = [];
    session.on('close', (event) => ends.push(event));
    const request = session.barrier();
    session.send({ type: 'flowMod', command: 'add' });
    const closing = session.close();
    await expect(request).rejects.toMatchObject({ code: 'OFP_CLOSED' });
    await Promise.all([closing, session.close()]);
    expect(ends).toEqual([{ error: undefined }]);
    expect(clock.pending).toBe(0);
    expect(await peer.rest()).toMatchObject([{ type: 'barrierRequest' }, { type: 'flowMod' }]);
    expect(() => session.send({ type: 'barrierRequest' })).toThrow(
      expect.objectContaining({ code: 'OFP_CLOSED' }),
    );
  });

  it('is what its disposal does', async () => {
    const { session, peer } = await openSwitch();
    {
      await using scoped = session;
      expect(scoped.isClosed).toBe(false);
    }
    expect(session.isClosed).toBe(true);
    await peer.ended;
  });
});

describe('sending', () => {
  it('reports backpressure until what was sent has left', async () => {
    const { session, peer } = await openSwitch({ highWaterBytes: 10_000 });
    peer.stream.pause();
    const data = Buffer.alloc(30_000);
    expect(session.send({ type: 'packetOut', data })).toBe(false);
    const drained = session.drained();
    peer.stream.resume();
    await drained;
    expect(session.send({ type: 'packetOut' })).toBe(true);
  });
});
