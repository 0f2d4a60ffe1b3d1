import { afterEach, describe, expect, it } from '@jest/globals';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { RemoteError, WireError } from '../../../src/util/errors.ts';
import { packetIn } from './peer.ts';
import { closeAll, connect } from './watched-connection.ts';

afterEach(closeAll);

const bitmap = (...versions: number[]) => [{ type: 'versionBitmap' as const, versions }];

describe('the greeting', () => {
  it('says HELLO with the versions it speaks before anything else', async () => {
    const { peer } = connect();
    expect(await peer.next('hello')).toMatchObject({ version: 4, elements: bitmap(4) });
  });

  it.each([
    ['has 1.3 in its bitmap, whatever its header says', { version: 6, elements: bitmap(1, 4, 5, 6) }],
    ['is of 1.4 and has 1.3 in its bitmap', { version: 5, elements: bitmap(4, 5) }],
    ['is of 1.3 and sends no bitmap', { version: 4 }],
    ['is of a later version and sends no bitmap', { version: 6 }],
    [
      'sends elements that are not known here',
      { version: 4, elements: [{ type: 'unknown' as const, code: 9, raw: Buffer.alloc(4) }] },
    ],
  ])('opens to a peer that %s', async (_what, hello) => {
    const { peer, connection } = connect();
    peer.send({ type: 'hello', ...hello });
    await peer.next('hello');
    await peer.turn();
    expect(connection.state).toBe('open');
  });

  it.each([
    ['speaks only 1.0', { version: 1 }, '1'],
    ['speaks only 1.0 and says so in a bitmap', { version: 1, elements: bitmap(1) }, '1'],
    ['speaks only later versions', { version: 6, elements: bitmap(5, 6) }, '5, 6'],
    ['speaks nothing', { version: 4, elements: bitmap() }, ''],
  ])('tells a peer that %s why it is refused', async (_what, hello, versions) => {
    const { peer, connection, ends } = connect();
    peer.send({ type: 'hello', xid: 77, ...hello }, { type: 'barrierRequest' });
    await peer.next('hello');
    const error = await peer.next('error');
    expect(error).toMatchObject({ xid: 77, version: hello.version, errorType: 0, code: 0 });
    expect(error.name).toBe('OFPHFC_INCOMPATIBLE');
    const text = `expected OpenFlow 1.3 (version 4), the peer speaks version ${versions}`;
    expect(Buffer.from(error.data).toString()).toBe(text);
    expect(await peer.rest()).toEqual([]);
    expect(connection.state).toBe('closed');
    expect(ends).toEqual([expect.objectContaining({ code: 'OFP_BAD_VERSION', message: text })]);
  });

  it('gives a silent peer its time and no more', () => {
    const { clock, connection, ends } = connect({ helloTimeoutMs: 500 });
    clock.advance(499);
    expect(connection.state).toBe('greeting');
    clock.advance(1);
    expect(ends).toEqual([
      expect.objectContaining({ code: 'OFP_HELLO_TIMEOUT', message: 'no HELLO within 500 ms' }),
    ]);
  });

  it.each<MessageInit>([
    { type: 'echoRequest', data: Buffer.alloc(0) },
    { type: 'featuresRequest' },
    packetIn(1),
  ])('refuses $type before HELLO', async (message) => {
    const { peer, ends, messages } = connect();
    peer.send(message, { type: 'hello' });
    await peer.next('hello');
    expect(await peer.rest()).toEqual([]);
    expect(ends).toEqual([expect.objectContaining({ code: 'OFP_HELLO_EXPECTED' })]);
    expect(messages).toEqual([]);
  });

  it('passes on why the peer refused HELLO', async () => {
    const { peer, ends } = connect();
    peer.send({ type: 'error', version: 1, errorType: 0, code: 0, data: Buffer.from('1.0 only') });
    await peer.ended;
    const [error] = ends;
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({
      code: 'OFPHFC_INCOMPATIBLE',
      message: 'the peer refused our HELLO: OFPHFC_INCOMPATIBLE (1.0 only)',
    });
  });

  it('survives a peer that speaks something else altogether', async () => {
    const { peer, ends } = connect();
    peer.sendBytes(Buffer.alloc(64 * 1024, 'GET / HTTP/1.1\r\nHost: galago\r\n\r\n'));
    await peer.ended;
    expect(ends).toEqual([expect.any(WireError)]);
  });

  it('hears that the peer hung up', async () => {
    const { peer, ends, connection } = connect();
    peer.stream.end();
    await connection.closed;
    expect(ends).toEqual([expect.objectContaining({ code: 'OFP_CLOSED' })]);
  });
});
