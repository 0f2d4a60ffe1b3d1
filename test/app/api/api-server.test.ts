import { once } from 'node:events';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiServer } from '../../../src/app/index.ts';
import { closed, rejection } from '../../net/sockets.ts';
import { FakeSource, FeedClient } from '../feed-client.ts';

describe('the API server', () => {
  let server: ApiServer;
  let port: number;

  beforeAll(async () => {
    server = await ApiServer.listen(new FakeSource(), {
      address: '127.0.0.1:0',
      allowedOrigins: ['https://console.example'],
    });
    port = Number(server.address.split(':')[1]);
  });

  afterAll(() => server.close());

  async function ask(options: RequestOptions) {
    const sent = request({ host: '127.0.0.1', port, ...options });
    sent.end(options.method === 'POST' ? 'x'.repeat(1000) : undefined);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const body = await text(response);
    return { status: response.statusCode, headers: response.headers, body: body && JSON.parse(body) };
  }

  async function connectRaw(bytes: string): Promise<Socket> {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    socket.write(bytes);
    return socket;
  }

  it('answers 404 with a code anywhere but at the feed', async () => {
    for (const path of ['/', '/feeds', '/feed/', '/FEED', '//feed', '*']) {
      const { status, headers, body } = await ask({ path });
      expect(status).toBe(404);
      expect(headers['content-type']).toBe('application/json');
      expect(body).toEqual({ code: 'API_NOT_FOUND', message: `expected /feed, got '${path}'` });
    }
  });

  it('answers 426 at the feed without an upgrade', async () => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { status, headers, body } = await ask({ path: '/feed?x=1', method });
      expect(status).toBe(426);
      expect(headers).toMatchObject({ upgrade: 'websocket', connection: 'upgrade, close' });
      expect(body.code).toBe('API_UPGRADE_REQUIRED');
    }
  });

  it('answers 403 to pages from elsewhere and to names that are not ours', async () => {
    const origin = await ask({ path: '/feed', headers: { origin: 'http://evil.example' } });
    expect([origin.status, origin.body.code]).toEqual([403, 'API_ORIGIN_REFUSED']);
    const host = await ask({ path: '/', headers: { host: 'evil.example' } });
    expect([host.status, host.body.code]).toEqual([403, 'API_HOST_REFUSED']);
  });

  it('refuses the same upgrades, and those anywhere but at the feed', async () => {
    const options = { origin: 'http://evil.example' };
    expect(await rejection(FeedClient.connect(server.feedUrl, options))).toMatchObject({
      status: 403,
      code: 'API_ORIGIN_REFUSED',
    });
    const rebound = { headers: { host: `evil.example:${port}` } };
    expect(await rejection(FeedClient.connect(server.feedUrl, rebound))).toMatchObject({
      status: 403,
      code: 'API_HOST_REFUSED',
    });
    expect(await rejection(FeedClient.connect(`ws://${server.address}/events`))).toMatchObject({
      status: 404,
      code: 'API_NOT_FOUND',
    });
  });

  it.each([undefined, 'https://console.example', 'same'])('feeds pages of the origin %s', async (origin) => {
    const options = { origin: origin === 'same' ? `http://${server.address}` : origin };
    const client = await FeedClient.connect(server.feedUrl, origin === undefined ? {} : options);
    expect(await client.next()).toEqual({ type: 'state', switches: [] });
    client.socket.close();
    await client.closed;
  });

  it('survives what is no HTTP and no WebSocket handshake', async () => {
    const upgrade = 'GET /feed HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    const requests: readonly (readonly [string, string])[] = [
      ['\x16\x03\x01\x02\x00', '400'],
      ['GET / HTTP/1.1\r\n\r\n', '400'],
      [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9000)}\r\n\r\n`, '431'],
      [`${upgrade}\r\n`, '400'],
      [`${upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n`, '400'],
      [upgrade.replace('Upgrade: websocket', 'Upgrade: h2c').concat('\r\n'), '400'],
      [upgrade.replace('GET /feed', 'GET http://localhost/feed').concat('\r\n'), '404'],
    ];
    for (const [bytes, status] of requests) {
      const socket = await connectRaw(bytes);
      const answer = await text(socket);
      expect(answer.slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
    }
    for (const bytes of [upgrade, `${upgrade}Origin: http://evil.example\r\n\r\n`, 'G']) {
      (await connectRaw(bytes)).resetAndDestroy();
    }
    expect((await ask({ path: '/' })).status).toBe(404);
  });

  it('survives a feed client that sends no frames but noise', async () => {
    const handshake =
      'GET /feed HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
    const socket = await connectRaw(`${handshake}${'\xff'.repeat(100)}`);
    await closed(socket);
    expect((await ask({ path: '/' })).status).toBe(404);
  });

  it('says that its address is in use', async () => {
    const error = await rejection(ApiServer.listen(new FakeSource(), { address: server.address }));
    expect(error).toMatchObject({
      code: 'NET_LISTEN_FAILED',
      message: `cannot serve HTTP on ${server.address}: the address is in use`,
    });
  });

  it('refuses addresses and origins that cannot be', async () => {
    const listen = (options: object) => rejection(ApiServer.listen(new FakeSource(), options));
    expect((await listen({ address: '8181' })).code).toBe('API_ADDRESS_INVALID');
    expect((await listen({ allowedOrigins: ['*'] })).code).toBe('API_ORIGIN_INVALID');
    expect((await listen({ address: '203.0.113.1:0' })).code).toBe('NET_LISTEN_FAILED');
  });

  it('closes connections that have not asked for anything, and gives the address free', async () => {
    const source = new FakeSource();
    const own = await ApiServer.listen(source, { address: '127.0.0.1:0' });
    const [host = '', ownPort] = own.address.split(':');
    const idle = connectTcp(Number(ownPort), host).on('error', () => {});
    await once(idle, 'connect');
    await own.close();
    await closed(idle);
    expect(source.subscriberCount).toBe(0);
    const next = createServer().listen(Number(ownPort), host);
    await once(next, 'listening');
    next.close();
  });

  it('serves no more connections than it may', async () => {
    const own = await ApiServer.listen(new FakeSource(), { address: '127.0.0.1:0', maxConnections: 1 });
    const first = await FeedClient.connect(own.feedUrl);
    await expect(FeedClient.connect(own.feedUrl)).rejects.toThrow();
    expect(await first.next()).toEqual({ type: 'state', switches: [] });
    await own.close();
  });
});
