import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { Message, MessageInit } from '../../../src/ofp/index.ts';
import type { BundleBuilder } from '../../../src/ofp/session/bundle.ts';
import { RemoteError, TimeoutError } from '../../../src/util/errors.ts';
import { openSwitch, type Peer } from './peer.ts';

const flow = (priority: number) =>
  ({ type: 'flowMod', command: 'add', tableId: 3, priority, match: { inPort: priority } }) as const;

/** Takes the messages of a bundle up to its barrier: of a switch that reads them and says nothing yet. */
async function takeBundle(peer: Peer, length: number) {
  const open = await peer.next('onfBundleControl');
  const messages: Message[] = [];
  const xids: number[] = [];
  for (let i = 0; i < length; i++) {
    const added = await peer.next('onfBundleAddMessage');
    expect(added).toMatchObject({ bundleId: open.bundleId, flags: open.flags });
    xids.push(added.xid);
    messages.push(added.message);
  }
  const barrier = await peer.next('barrierRequest');
  return { open, messages, xids, barrier };
}

const controlReply = (
  { bundleId, flags, xid }: { bundleId: number; flags: number; xid: number },
  controlType: 'openReply' | 'commitReply' | 'discardReply',
): MessageInit => ({ type: 'onfBundleControl', xid, bundleId, flags, controlType });

const TABLE_FULL = { type: 'error', errorType: 5, code: 1 } as const;
const BUNDLE_FAILED = { type: 'error', errorType: 17, code: 13 } as const;

describe('a bundle', () => {
  it('is sent in one go, and committed when the switch has taken all of it', async () => {
    const { session, peer } = await openSwitch();
    const done = session.bundle((bundle) => {
      bundle.send(flow(1));
      bundle.send(flow(2));
    });
    const { open, messages, xids, barrier } = await takeBundle(peer, 2);
    expect(open).toMatchObject({ controlType: 'openRequest', flags: 3 });
    expect(messages).toMatchObject([{ type: 'flowMod', priority: 1 }, { priority: 2 }]);
    expect(messages.map(({ xid }) => xid)).toEqual(xids);
    peer.send(controlReply(open, 'openReply'), { type: 'barrierReply', xid: barrier.xid });
    const commit = await peer.next('onfBundleControl');
    expect(commit).toMatchObject({ controlType: 'commitRequest', bundleId: open.bundleId, flags: 3 });
    peer.send(controlReply(commit, 'commitReply'));
    await done;
  });

  it('has an id of its own, and the flags that were asked for', async () => {
    const { session, peer } = await openSwitch();
    const first = session.bundle(() => {}, { atomic: false });
    const second = session.bundle(() => {}, { ordered: false });
    const opened = [await takeBundle(peer, 0), await takeBundle(peer, 0)].map(({ open }) => open);
    expect(opened.map(({ flags }) => flags)).toEqual([2, 1]);
    expect(opened[0]!.bundleId).not.toBe(opened[1]!.bundleId);
    await session.close();
    await expect(first).rejects.toMatchObject({ code: 'OFP_CLOSED' });
    await expect(second).rejects.toMatchObject({ code: 'OFP_CLOSED' });
  });

  it('is discarded when the switch refuses a message before the commit, which it names', async () => {
    const { session, peer } = await openSwitch();
    const told: unknown[] = [];
    session.on('requestError', (event) => told.push(event));
    const done = session.bundle((bundle) => {
      for (const priority of [1, 2, 3]) bundle.send(flow(priority));
    });
    const rejected = expect(done).rejects.toMatchObject({
      code: 'OFPFMFC_TABLE_FULL',
      message:
        'the switch refused message 2 of the bundle, flowMod add (table 3, priority 2): OFPFMFC_TABLE_FULL',
      cause: expect.objectContaining({ type: 'error' }),
    });
    const { open, xids, barrier } = await takeBundle(peer, 3);
    peer.send(
      { ...TABLE_FULL, xid: xids[1]! },
      { ...TABLE_FULL, code: 0, xid: xids[2]! },
      { type: 'barrierReply', xid: barrier.xid },
    );
    await rejected;
    const discard = await peer.next('onfBundleControl');
    expect(discard).toMatchObject({ controlType: 'discardRequest', bundleId: open.bundleId });
    peer.send(controlReply(discard, 'discardReply'));
    await peer.turn();
    expect(told).toEqual([]);
  });

  it('names the message that the switch refuses in the commit', async () => {
    const { session, peer } = await openSwitch();
    const done = session.bundle((bundle) => {
      bundle.send({ type: 'groupMod', command: 'add', groupType: 'all', groupId: 9, buckets: [] });
      bundle.send(flow(2));
    });
    const rejected = expect(done).rejects.toBeInstanceOf(RemoteError);
    const { xids, barrier } = await takeBundle(peer, 2);
    peer.send({ type: 'barrierReply', xid: barrier.xid });
    const commit = await peer.next('onfBundleControl');
    peer.send({ ...TABLE_FULL, xid: xids[0]! }, { ...BUNDLE_FAILED, xid: commit.xid });
    await rejected;
    await expect(done).rejects.toMatchObject({
      code: 'OFPFMFC_TABLE_FULL',
      message: expect.stringContaining('message 1 of the bundle, groupMod add (group 9)'),
    });
  });

  it('tells that it could not be opened, or was refused as a whole', async () => {
    const { session, peer } = await openSwitch();
    const unopened = expect(session.bundle((bundle) => bundle.send(flow(1)))).rejects.toMatchObject({
      message: expect.stringContaining('the switch refused a bundle: '),
    });
    const first = await takeBundle(peer, 1);
    peer.send({ ...BUNDLE_FAILED, xid: first.open.xid }, { type: 'barrierReply', xid: first.barrier.xid });
    await unopened;
    await peer.next('onfBundleControl');

    const uncommitted = expect(session.bundle((bundle) => bundle.send(flow(1)))).rejects.toMatchObject({
      message: expect.stringContaining('the switch refused bundle commit: '),
    });
    const second = await takeBundle(peer, 1);
    peer.send({ type: 'barrierReply', xid: second.barrier.xid });
    peer.send({ ...BUNDLE_FAILED, xid: (await peer.next('onfBundleControl')).xid });
    await uncommitted;
  });

  it('is discarded when it cannot be built', async () => {
    const { session, peer } = await openSwitch();
    const unwritable = session.bundle((bundle) => {
      bundle.send(flow(1));
      bundle.send({ type: 'flowMod', command: 'add', tableId: 300 });
    });
    await expect(unwritable).rejects.toMatchObject({ name: 'WireError' });
    const open = await peer.next('onfBundleControl');
    await peer.next('onfBundleAddMessage');
    expect(await peer.next('onfBundleControl')).toMatchObject({
      controlType: 'discardRequest',
      bundleId: open.bundleId,
    });
    await peer.turn();
    expect(session.isClosed).toBe(false);
  });

  it('is discarded when it is given up before the commit', async () => {
    const { session, peer } = await openSwitch();
    const abort = new AbortController();
    const done = session.bundle((bundle) => bundle.send(flow(1)), { signal: abort.signal });
    await takeBundle(peer, 1);
    abort.abort();
    await expect(done).rejects.toMatchObject({ code: 'OFP_ABORTED' });
    expect(await peer.next('onfBundleControl')).toMatchObject({ controlType: 'discardRequest' });
  });

  it('rejects when the connection ends, and so does the next one', async () => {
    const { session, peer } = await openSwitch();
    const done = session.bundle((bundle) => bundle.send(flow(1)));
    await takeBundle(peer, 1);
    peer.stream.end();
    await expect(done).rejects.toMatchObject({ code: 'OFP_CLOSED' });
    await expect(session.bundle(() => {})).rejects.toMatchObject({ code: 'OFP_CLOSED' });
  });

  describe('of more than the connection takes at once', () => {
    const LIMIT = { highWaterBytes: 2000 };
    const COUNT = 1000;
    const addMany = (bundle: BundleBuilder) => {
      for (let priority = 1; priority <= COUNT; priority++) bundle.send(flow(priority));
    };

    it('comes whole and in order', async () => {
      const { session, peer } = await openSwitch(LIMIT);
      const done = session.bundle(addMany);
      const { messages, xids, barrier } = await takeBundle(peer, COUNT);
      expect(messages.map((message) => message.type === 'flowMod' && message.priority)).toEqual(
        Array.from({ length: COUNT }, (_, index) => index + 1),
      );
      expect(messages.map(({ xid }) => xid)).toEqual(xids);
      peer.send({ ...TABLE_FULL, xid: xids[COUNT - 1]! }, { type: 'barrierReply', xid: barrier.xid });
      await expect(done).rejects.toMatchObject({
        message: expect.stringContaining(`refused message ${COUNT} of the bundle, flowMod add (table 3`),
      });
    });

    it('waits where a switch that does not read stops, until it is given up', async () => {
      const { session, peer } = await openSwitch({ ...LIMIT, maxPendingBytes: 50_000 });
      peer.stream.pause();
      const abort = new AbortController();
      const done = session.bundle(addMany, { signal: abort.signal });
      await setImmediate();
      expect(session.isClosed).toBe(false);
      abort.abort();
      await expect(done).rejects.toMatchObject({ code: 'OFP_ABORTED' });
    });

    it('rejects with the reason when the session ends meanwhile', async () => {
      const { session, peer } = await openSwitch(LIMIT);
      peer.stream.pause();
      const done = session.bundle(addMany);
      await setImmediate();
      void session.close(new TimeoutError('OFP_ECHO_TIMEOUT', 'silence'));
      await expect(done).rejects.toMatchObject({ code: 'OFP_ECHO_TIMEOUT' });
    });

    it('is discarded when a late message cannot be written', async () => {
      const { session, peer } = await openSwitch(LIMIT);
      const done = session.bundle((bundle) => {
        addMany(bundle);
        bundle.send({ type: 'flowMod', command: 'add', tableId: 300 });
      });
      const { open, barrier } = await takeBundle(peer, COUNT);
      await expect(done).rejects.toMatchObject({ name: 'WireError' });
      expect(await peer.next('onfBundleControl')).toMatchObject({
        controlType: 'discardRequest',
        bundleId: open.bundleId,
      });
      peer.send({ type: 'barrierReply', xid: barrier.xid });
      await peer.turn();
      expect(session.isClosed).toBe(false);
    });
  });
});
