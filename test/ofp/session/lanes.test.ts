import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FlowModInit } from '../../../src/ofp/messages/flow-mod.ts';
import { connectLanes, type SwitchLanes } from '../../../src/ofp/session/lanes.ts';
import { featuresReply, Peer } from './peer.ts';

const LANES = 3;

function flow(priority: number): FlowModInit {
  return { type: 'flowMod', command: 'add', priority };
}

/** Reads up to the barrier and answers it, and the flow-mod of one priority with an error; gives the priorities. */
async function carryOut(peer: Peer, refused?: number): Promise<number[]> {
  const priorities: number[] = [];
  for (;;) {
    const message = await peer.any();
    if (message.type === 'barrierRequest') {
      peer.send({ type: 'barrierReply', xid: message.xid });
      return priorities;
    }
    if (message.type !== 'flowMod') throw new Error(`expected flow-mods, got ${message.type}`);
    priorities.push(message.priority);
    if (message.priority !== refused) continue;
    peer.send({ type: 'error', xid: message.xid, errorType: 5, code: 1 });
  }
}

/** Listens for sessions, and hands each to `onPeer`. */
async function listen(onPeer: (peer: Peer) => unknown): Promise<{ server: Server; method: string }> {
  const server = createServer((socket) => onPeer(new Peer(socket))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, method: `tcp:127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('SwitchLanes', () => {
  let server: Server;
  let peers: Peer[];
  let lanes: SwitchLanes;

  beforeEach(async () => {
    peers = [];
    const listening = await listen((peer) => {
      peers.push(peer);
      return peer.handshake();
    });
    server = listening.server;
    lanes = await connectLanes(listening.method, { lanes: LANES });
  });

  afterEach(async () => {
    await lanes.close();
    server.close();
  });

  it('sends each message over one of its sessions, and asks all of them for a barrier', async () => {
    const count = 5000;
    const flows = Array.from({ length: count }, (_, priority) => flow(priority));
    const [seen] = await Promise.all([
      Promise.all(peers.map((peer) => carryOut(peer))),
      lanes.sendAll(flows),
    ]);
    expect(seen.flat().sort((a, b) => a - b)).toEqual(flows.map(({ priority }) => priority));
    for (const part of seen) expect(part.length).toBeGreaterThan(0);
  });

  it('rejects with what the switch refused, after everything else has been carried out', async () => {
    const flows = Array.from({ length: 1000 }, (_, priority) => flow(priority));
    const work = Promise.all(peers.map((peer) => carryOut(peer, 700)));
    await expect(lanes.sendAll(flows)).rejects.toMatchObject({ code: 'OFPFMFC_TABLE_FULL' });
    expect((await work).flat()).toHaveLength(1000);
    const again = Promise.all(peers.map((peer) => carryOut(peer)));
    await lanes.sendAll([flow(1)]);
    expect((await again).flat()).toEqual([1]);
  });

  it('begins a second call when the first has ended', async () => {
    const calls = [lanes.sendAll([flow(1)]), lanes.sendAll([flow(2)])];
    for (const priority of [1, 2]) {
      expect((await Promise.all(peers.map((peer) => carryOut(peer)))).flat()).toEqual([priority]);
    }
    await Promise.all(calls);
  });

  it('rejects when a value cannot be written, and may be used again', async () => {
    const first = Promise.all(peers.map((peer, i) => (i === 0 ? undefined : carryOut(peer))));
    await expect(lanes.sendAll([flow(1), flow(-1)])).rejects.toMatchObject({ code: 'OFP_BAD_VALUE' });
    await first;
    const work = Promise.all(peers.map((peer) => carryOut(peer)));
    await lanes.sendAll([flow(3)]);
    expect((await work).flat()).toContain(3);
  });

  it('rejects when a session ends', async () => {
    const rest = Promise.all(peers.slice(1).map((peer) => carryOut(peer)));
    peers[0]!.stream.destroy();
    const messages = Array.from({ length: 2000 }, (_, priority) => flow(priority));
    await expect(lanes.sendAll(messages)).rejects.toMatchObject({ code: 'OFP_CLOSED' });
    await rest;
  });

  it('can be given up', async () => {
    const signal = AbortSignal.abort();
    await expect(lanes.sendAll([flow(1)], { signal })).rejects.toMatchObject({ code: 'OFP_ABORTED' });
  });
});

describe('connectLanes', () => {
  it.each([0, 65, 1.5, Number.NaN])('refuses %d lanes', async (lanes) => {
    await expect(connectLanes('unix:/nowhere', { lanes })).rejects.toMatchObject({ code: 'OFP_BAD_LANES' });
  });

  it('asks for no packets', async () => {
    const peers: Peer[] = [];
    const { server, method } = await listen((peer) => peers.push(peer));
    const connecting = connectLanes(method, { lanes: 1 });
    await once(server, 'connection');
    const peer = peers[0]!;
    await peer.greet();
    peer.send(featuresReply((await peer.next('featuresRequest')).xid));
    expect(await peer.next('setConfig')).toMatchObject({ missSendLen: 0 });
    const { xid } = await peer.next('multipartRequest');
    peer.send({ type: 'multipartReply', multipartType: 'portDesc', xid, body: [] });
    await (await connecting).close();
    server.close();
  });

  it('rejects with the reason, and leaves no session behind, when one cannot be had', async () => {
    const peers: Peer[] = [];
    const { server, method } = await listen((peer) => {
      peers.push(peer);
      return peers.length === 1 ? peer.handshake() : peer.stream.destroy();
    });
    await expect(connectLanes(method, { lanes: 2 })).rejects.toMatchObject({
      code: expect.stringMatching(/^(OFP|NET)_/),
    });
    await Promise.all(peers.map((peer) => peer.ended));
    server.close();
  });
});
