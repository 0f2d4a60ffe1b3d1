import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { connectSwitch } from '../../../src/ofp/session/connect.ts';
import { Peer } from './peer.ts';

describe('connectSwitch', () => {
  const server = createServer();
  let method: string;

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    method = `tcp:127.0.0.1:${port}`;
  });

  afterEach(() => new Promise((resolve) => server.close(resolve)));

  const accept = async () => new Peer((await once(server, 'connection'))[0] as Socket);

  it('resolves with a session that is ready', async () => {
    const accepted = accept();
    const connecting = connectSwitch(method);
    const peer = await accepted;
    await peer.handshake({ datapathId: 5 });
    const session = await connecting;
    expect(session.id).toBe('0000000000000005');
    await session.close();
    await peer.ended;
  });

  it('rejects when what answers is not OpenFlow 1.3', async () => {
    const accepted = accept();
    const connecting = connectSwitch(method);
    const peer = await accepted;
    peer.send({ type: 'hello', version: 1 });
    await expect(connecting).rejects.toMatchObject({ code: 'OFP_BAD_VERSION' });
    await peer.ended;
  });

  it.each([
    ['unix:/nowhere/br0.mgmt', 'NET_CONNECT_FAILED'],
    ['ptcp:6653', 'NET_METHOD_INVALID'],
    ['ssl:127.0.0.1', 'NET_TLS_REQUIRED'],
  ])('rejects with the reason when %s cannot be called', async (text, code) => {
    await expect(connectSwitch(text)).rejects.toMatchObject({ code });
  });

  it('can be given up', async () => {
    const signal = AbortSignal.abort();
    await expect(connectSwitch(method, { signal })).rejects.toMatchObject({ code: 'NET_ABORTED' });
  });
});
