import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { dial } from '../../src/net/dial.ts';
import { type Listener, listen } from '../../src/net/listen.ts';
import { parseMethod } from '../../src/net/method.ts';
import { readTlsFiles, type TlsFiles, TlsFileWatch } from '../../src/net/tls.ts';
import { type GalagoError, UsageError } from '../../src/util/errors.ts';
import { Authority, hasOpenssl, replaceFiles } from './certificates.ts';
import { Arrivals, closed, received, rejection, temporaryDirectory } from './sockets.ts';

const describeTls = hasOpenssl ? describe : describe.skip;

describeTls('ssl: and pssl: (certificates are made with the openssl command)', () => {
  const directory = temporaryDirectory();
  const listeners: Listener[] = [];
  let authority: Authority;
  let server: TlsFiles;
  let client: TlsFiles;
  let stranger: TlsFiles;

  beforeAll(() => {
    authority = new Authority(directory.path, 'authority');
    server = authority.issue('server');
    client = authority.issue('client');
    stranger = new Authority(directory.path, 'foreign').issue('stranger');
  });
  afterEach(async () => {
    for (const listener of listeners.splice(0)) await listener.close();
  });
  afterAll(() => directory.remove());

  async function serve(tls: TlsFiles, handshakeTimeoutMs?: number) {
    const accepted = new Arrivals<Socket>();
    const failures = new Arrivals<GalagoError>();
    const listener = await listen(parseMethod('pssl:0'), accepted.push, {
      tls,
      onFailure: failures.push,
      ...(handshakeTimeoutMs && { handshakeTimeoutMs }),
    });
    listeners.push(listener);
    return { listener, accepted, failures, port: portOf(listener) };
  }

  function portOf({ method }: Listener): number {
    return method.type === 'punix' ? 0 : method.port;
  }

  function call(port: number, tls: TlsFiles): Promise<Socket> {
    return dial({ type: 'ssl', host: '127.0.0.1', port }, { tls });
  }

  function peerName(socket: Socket): string | undefined {
    const name = (socket as TLSSocket).getPeerCertificate().subject.CN;
    return Array.isArray(name) ? name[0] : name;
  }

  it('let verified peers talk, whatever host name the certificate holds', async () => {
    const { accepted, port } = await serve(server);
    const socket = await call(port, client);
    const peer = await accepted.next();
    expect([peerName(socket), peerName(peer)]).toEqual(['server', 'client']);
    socket.write('hello');
    expect(await received(peer)).toBe('hello');
    peer.write('world');
    expect(await received(socket)).toBe('world');
  });

  it('refuse a client without a certificate', async () => {
    const { failures, port } = await serve(server);
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
    socket.on('error', () => {});
    await closed(socket);
    const failure = await failures.next();
    expect(failure.code).toBe('NET_HANDSHAKE_FAILED');
    expect(failure.message).toMatch(/tcp:127\.0\.0\.1:\d+ failed: .*did not return a certificate/);
  });

  it('refuse a client of another authority', async () => {
    const { failures, port } = await serve(server);
    const trusting = { ...stranger, caCert: authority.certificate };
    await closed(await call(port, trusting));
    expect(await failures.next()).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
  });

  it('refuse a server of another authority', async () => {
    const { port } = await serve({ ...stranger, caCert: authority.certificate });
    const error = await rejection(call(port, client));
    expect(error.code).toBe('NET_CONNECT_FAILED');
    expect(error.cause).toMatchObject({ code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  it('refuse TLS older than 1.2', async () => {
    const { failures, port } = await serve(server);
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const;
    const socket = connectTls({ ...readTlsFiles(client), ...old, port, host: '127.0.0.1' });
    socket.on('error', () => {});
    await closed(socket);
    expect(await failures.next()).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
  });

  it('answer plain bytes by closing', async () => {
    const { failures, port } = await serve(server);
    const socket = await dial({ type: 'tcp', host: '127.0.0.1', port });
    socket.write('{"method":"echo","params":[],"id":1}');
    await closed(socket);
    expect(await failures.next()).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
  });

  it('close a peer that never starts its handshake', async () => {
    const { failures, port } = await serve(server, 1);
    await closed(await dial({ type: 'tcp', host: '127.0.0.1', port }));
    expect(await failures.next()).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
  });

  it('are destroyed when the listener closes, in their handshake too', async () => {
    const { listener, accepted, port } = await serve(server);
    const silent = await dial({ type: 'tcp', host: '127.0.0.1', port });
    const socket = await call(port, client);
    const peer = await accepted.next();
    await listener.close();
    await Promise.all([closed(silent), closed(socket), closed(peer)]);
  });

  it('reject when the server hangs up in the handshake', async () => {
    const rude = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => rude.listen(0, '127.0.0.1', resolve));
    const address = rude.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    expect(await rejection(call(port, client))).toMatchObject({ code: 'NET_CONNECT_FAILED' });
    await new Promise((resolve) => rude.close(resolve));
  });

  it('use a certificate replaced on disk for the next connection', async () => {
    const files = authority.issue('first');
    const { accepted, port } = await serve(files);
    const before = await call(port, client);
    const peer = await accepted.next();
    replaceFiles(files, authority.issue('second'));
    const after = await call(port, client);
    expect([peerName(before), peerName(after)]).toEqual(['first', 'second']);
    before.write('still here');
    expect(await received(peer)).toBe('still here');
  });

  it('dial with a certificate replaced on disk', async () => {
    const files = authority.issue('old');
    const { accepted, port } = await serve(server);
    await call(port, files);
    expect(peerName(await accepted.next())).toBe('old');
    replaceFiles(files, authority.issue('new'));
    await call(port, files);
    expect(peerName(await accepted.next())).toBe('new');
  });

  it('stop trusting an authority replaced on disk', async () => {
    const files = { ...authority.issue('strict'), caCert: `${directory.path}/trusted.pem` };
    writeFileSync(files.caCert, readTlsFiles(server).ca as Buffer);
    const { accepted, failures, port } = await serve(files);
    await call(port, client);
    await accepted.next();
    writeFileSync(files.caCert, readTlsFiles(stranger).ca as Buffer);
    await closed(await call(port, client));
    expect(await failures.next()).toMatchObject({ code: 'NET_HANDSHAKE_FAILED' });
  });

  it('keep the old files while the new ones are half written', async () => {
    const files = authority.issue('steady');
    const { accepted, failures, port } = await serve(files);
    writeFileSync(files.certificate, '-----BEGIN CERTIFICATE-----\n');
    expect(peerName(await call(port, client))).toBe('steady');
    await accepted.next();
    expect(await failures.next()).toMatchObject({ code: 'NET_TLS_FILES_INVALID' });
    rmSync(files.certificate);
    expect(peerName(await call(port, client))).toBe('steady');
    replaceFiles(files, authority.issue('renewed'));
    expect(peerName(await call(port, client))).toBe('renewed');
  });

  it('are refused with the name of the file that cannot be used', () => {
    const refusal = (files: TlsFiles) => {
      try {
        readTlsFiles(files);
      } catch (error) {
        return error as GalagoError;
      }
      throw new Error('the files were taken');
    };
    const missing = refusal({ ...client, privateKey: '/nonexistent/key.pem' });
    expect(missing).toBeInstanceOf(UsageError);
    expect(missing.code).toBe('NET_TLS_FILES_INVALID');
    expect(missing.message).toContain("privateKey '/nonexistent/key.pem'");
    expect(refusal({ ...client, caCert: client.privateKey }).message).toContain('caCert');
    expect(refusal({ ...client, certificate: client.privateKey }).message).toContain('certificate');
    expect(refusal({ ...client, privateKey: server.privateKey }).message).toContain('privateKey');
  });

  it('are refused by listen when they cannot be used', async () => {
    const listening = listen(parseMethod('pssl:0'), () => {}, { tls: { ...server, caCert: '/nonexistent' } });
    expect(await rejection(listening)).toMatchObject({ code: 'NET_TLS_FILES_INVALID' });
  });

  it('are read again only after a change', () => {
    const files = authority.issue('watched');
    const watch = new TlsFileWatch(files);
    expect(watch.changed()).toBeDefined();
    expect(watch.changed()).toBeUndefined();
    replaceFiles(files, authority.issue('changed'));
    expect(watch.changed()).toBeDefined();
    expect(watch.changed()).toBeUndefined();
  });
});
