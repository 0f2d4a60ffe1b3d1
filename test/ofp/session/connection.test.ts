import { afterEach, describe, expect, it } from '@jest/globals';
import { encode, type Message, type MessageInit } from '../../../src/ofp/message.ts';
import { WireError } from '../../../src/util/errors.ts';
import { packetIn } from './peer.ts';
import { closeAll, connectOpen } from './watched-connection.ts';

afterEach(closeAll);

describe('the keep-alive', () => {
  it('answers echo requests with their data and xid, and tells nobody', async () => {
    const { peer, messages } = await connectOpen();
    peer.send({ type: 'echoRequest', xid: 0xffff_fffe, data: Buffer.from('still there?') });
    const { xid, data } = await peer.next('echoReply');
    expect(xid).toBe(0xffff_fffe);
    expect(Buffer.from(data).toString()).toBe('still there?');
    expect(messages).toEqual([]);
  });

  it('probes a silent peer, and gives it up after as long again', async () => {
    const { peer, clock, ends } = await connectOpen({ echoIntervalMs: 1000 });
    clock.advance(1000);
    clock.advance(1000);
    await peer.next('echoRequest');
    expect(ends).toEqual([]);
    clock.advance(1000);
    expect(ends).toEqual([
      expect.objectContaining({
        code: 'OFP_ECHO_TIMEOUT',
        message: 'nothing came for 2000 ms, echo request unanswered',
      }),
    ]);
  });

  it('lives on for as long as probes are answered, and tells nobody of the answers', async () => {
    const { peer, clock, ends, messages } = await connectOpen({ echoIntervalMs: 1000 });
    clock.advance(1000);
    for (let i = 0; i < 5; i++) {
      clock.advance(1000);
      const probe = await peer.next('echoRequest');
      peer.send({ ...probe, type: 'echoReply' });
      await peer.turn();
      clock.advance(1000);
    }
    expect(ends).toEqual([]);
    expect(messages).toEqual([]);
  });

  it('takes anything that comes for a sign of life', async () => {
    const { peer, clock, ends, messages } = await connectOpen({ echoIntervalMs: 1000 });
    for (let i = 1; i <= 5; i++) {
      clock.advance(1000);
      peer.send(packetIn(i));
      await peer.turn();
    }
    expect(messages).toHaveLength(5);
    expect(ends).toEqual([]);
  });

  it('does not blame the peer for silence while it holds reading back itself', async () => {
    const { connection, clock, ends } = await connectOpen({ echoIntervalMs: 100 });
    clock.advance(100);
    connection.pause();
    clock.advance(900);
    expect(ends).toEqual([]);
  });

  it('never probes when the interval is 0', async () => {
    const { clock } = await connectOpen({ echoIntervalMs: 0 });
    expect(clock.pending).toBe(0);
  });
});

describe('a malformed message', () => {
  const cutPort = Buffer.from('000d000000000000' + '00000001', 'hex');

  /** A message whose bytes at `offset` are replaced. */
  function broken(message: MessageInit, offset: number, ...bytes: number[]): Buffer {
    const result = encode(message);
    result.set(bytes, offset);
    return result;
  }

  it.each([
    ['an unknown version', broken({ type: 'barrierReply', xid: 21 }, 0, 9), 'OFPBRC_BAD_VERSION'],
    ['less than its type takes', Buffer.from('0406000800000015', 'hex'), 'OFPBRC_BAD_LEN'],
    ['a match that is longer than itself', broken({ ...packetIn(1), xid: 21 }, 26, 1, 0), 'OFPBRC_BAD_LEN'],
    ['a port cut short', encode({ type: 'unknown', code: 19, xid: 21, raw: cutPort }), 'OFPBRC_BAD_LEN'],
  ])('of %s ends the connection, and goes back to the peer', async (_what, bytes, name) => {
    const { peer, ends, messages } = await connectOpen();
    peer.sendBytes(Buffer.concat([bytes, encode(packetIn(2))]));
    const error = await peer.next('error');
    expect(error).toMatchObject({ name, xid: 21 });
    expect(bytes.subarray(0, 64).equals(error.data)).toBe(true);
    expect(await peer.rest()).toEqual([]);
    expect(ends).toEqual([expect.any(WireError)]);
    expect(messages).toEqual([]);
  });

  it('of a length under the header size ends the connection', async () => {
    const { peer, ends, messages } = await connectOpen();
    peer.sendBytes(Buffer.from('0414000700000015', 'hex'));
    expect(await peer.next('error')).toMatchObject({ name: 'OFPBRC_BAD_LEN', xid: 0 });
    expect(await peer.rest()).toEqual([]);
    expect(ends).toEqual([
      expect.objectContaining({
        code: 'OFP_BAD_LENGTH',
        message: 'message length 7 is under the 8-byte header',
      }),
    ]);
    expect(messages).toEqual([]);
  });

  it('of a type that is not known is none: it is handed on as it is', async () => {
    const { peer, messages } = await connectOpen();
    peer.send({ type: 'unknown', code: 99, xid: 5, raw: Buffer.from('anything') });
    await peer.turn();
    expect(messages).toMatchObject([{ type: 'unknown', code: 99, xid: 5 }]);
  });
});

describe('a handler of messages', () => {
  it.each([new Error('oh no'), 'oh no', undefined])('that throws %p ends the connection', async (thrown) => {
    const { peer, ends } = await connectOpen({}, () => {
      throw thrown;
    });
    peer.send(packetIn(1));
    expect(await peer.rest()).toEqual([]);
    expect(ends).toEqual([expect.objectContaining({ code: 'OFP_HANDLER_FAILED', cause: thrown })]);
  });

  it('that closes the connection hears no more', async () => {
    const seen: Message[] = [];
    const { connection, peer, ends } = await connectOpen({}, (message) => {
      seen.push(message);
      void connection.close();
    });
    peer.send(packetIn(1), packetIn(2));
    await peer.ended;
    expect(seen).toHaveLength(1);
    expect(ends).toEqual([undefined]);
  });
});

describe('closing', () => {
  it('sends what is left first', async () => {
    const { connection, peer } = await connectOpen();
    connection.send({ type: 'barrierRequest' });
    await connection.close();
    await peer.next('barrierRequest');
  });

  it('may be done again, and is told once', async () => {
    const { connection, ends, clock } = await connectOpen();
    await Promise.all([connection.close(), connection.close()]);
    await connection.close();
    expect(ends).toEqual([undefined]);
    expect(clock.pending).toBe(0);
  });

  it('refuses to send any more', async () => {
    const { connection } = await connectOpen();
    const gone = connection.close();
    const refusal = expect.objectContaining({ code: 'OFP_CLOSED' });
    expect(() => connection.send({ type: 'barrierRequest' })).toThrow(refusal);
    expect(() => connection.sendEncoded(encode({ type: 'barrierRequest' }))).toThrow(refusal);
    await gone;
    await connection.drained();
  });

  it('leaves a peer that does not read a second to take what is left', async () => {
    const { connection, peer, clock, stream } = await connectOpen();
    peer.stream.pause();
    connection.sendEncoded(Buffer.alloc(100_000));
    const gone = connection.close();
    clock.advance(999);
    expect(stream.destroyed).toBe(false);
    clock.advance(1);
    await gone;
    expect(clock.pending).toBe(0);
  });

  it('passes on why the stream broke', async () => {
    const { stream, connection, ends } = await connectOpen();
    stream.destroy(new Error('read ECONNRESET'));
    await connection.closed;
    expect(ends).toEqual([
      expect.objectContaining({ code: 'OFP_CLOSED', message: 'connection lost: read ECONNRESET' }),
    ]);
  });

  it('goes on reading after a second of being held back, so that echo requests are answered', async () => {
    const { connection, peer, clock } = await connectOpen();
    connection.pause();
    const turn = peer.turn();
    clock.advance(1000);
    await turn;
  });
});

describe('backpressure', () => {
  const large = encode({ type: 'echoRequest', xid: 1, data: Buffer.alloc(50_000) });

  it('is reported from the high-water mark on, and ends when the peer has read', async () => {
    const { connection, peer } = await connectOpen({ highWaterBytes: 100_000 });
    peer.stream.pause();
    expect(connection.sendEncoded(large)).toBe(true);
    expect(connection.sendEncoded(large)).toBe(false);
    let drained = false;
    const waiting = connection.drained().then(() => {
      drained = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBe(false);
    peer.stream.resume();
    await waiting;
    expect(connection.send({ type: 'barrierRequest' })).toBe(true);
    await peer.next('echoRequest');
    await peer.next('echoRequest');
    await peer.next('barrierRequest');
  });

  it('ends with the connection', async () => {
    const { connection, peer, clock } = await connectOpen();
    peer.stream.pause();
    connection.sendEncoded(large);
    const waiting = connection.drained();
    const gone = connection.close();
    await waiting;
    clock.advance(1000);
    await gone;
  });

  it.each([
    ['above the high-water mark', { highWaterBytes: 60_000, maxPendingBytes: 120_000 }],
    ['even when that is under the high-water mark', { maxPendingBytes: 120_000 }],
  ])('gives up a peer that leaves too much unread, %s', async (_what, options) => {
    const { connection, peer, ends, stream } = await connectOpen(options);
    peer.stream.pause();
    connection.sendEncoded(large);
    connection.sendEncoded(large);
    expect(ends).toEqual([]);
    expect(connection.sendEncoded(large)).toBe(false);
    expect(ends).toEqual([expect.objectContaining({ code: 'OFP_SEND_OVERFLOW' })]);
    expect(stream.destroyed).toBe(true);
  });

  it('leaves the connection as it was when a message cannot be written', async () => {
    const { connection, peer } = await connectOpen();
    const bad = { type: 'flowMod', command: 'add', match: { ipv4Dst: 'nowhere' } } as const;
    expect(() => connection.send(bad)).toThrow(WireError);
    connection.send({ type: 'barrierRequest' });
    await peer.next('barrierRequest');
  });
});

describe('transaction ids', () => {
  it('count up from 1 without 0', async () => {
    const { connection } = await connectOpen();
    const first = connection.nextXid();
    expect(connection.nextXid()).toBe(first + 1);
  });
});
