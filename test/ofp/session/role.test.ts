import { describe, expect, it } from '@jest/globals';
import type { MessageInit } from '../../../src/ofp/message.ts';
import type { ControllerRole } from '../../../src/ofp/messages/role.ts';
import { toLong, type U64 } from '../../../src/util/u64.ts';
import { openSwitch, type Peer } from './peer.ts';

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** Answers the next role request, and tells what it asked for. */
async function answerRole(peer: Peer, generationId?: U64): Promise<string> {
  const asked = await peer.next('roleRequest');
  peer.send({
    type: 'roleReply',
    xid: asked.xid,
    role: asked.role,
    generationId: generationId ?? asked.generationId,
  });
  return `${asked.role} ${asked.generationId}`;
}

describe('setRole', () => {
  it('asks with the generation id that it is given', async () => {
    const { session, peer } = await openSwitch();
    const reply = session.setRole('master', 7);
    expect(await answerRole(peer)).toBe('master 7');
    expect(await reply).toMatchObject({ type: 'roleReply', role: 'master', generationId: toLong(7) });
  });

  it.each<ControllerRole>(['equal', 'noChange'])('asks for %s without any election', async (role) => {
    const { session, peer } = await openSwitch();
    const reply = session.setRole(role);
    expect(await answerRole(peer, 41)).toBe(`${role} 0`);
    expect((await reply).generationId.toNumber()).toBe(41);
  });

  it.each<[string, ControllerRole, U64, string]>([
    ['the one after the last', 'master', 41, '42'],
    ['0 when there has been none, or the ids have come to their end', 'master', ALL_ONES, '0'],
    ['the very last', 'master', ALL_ONES - 1n, ALL_ONES.toString()],
    ['one over 2^63 - 1', 'master', 2n ** 63n - 1n, (2n ** 63n).toString()],
    ['the last, which elects nobody,', 'slave', 41, '41'],
    ['0 when there has been none', 'slave', ALL_ONES, '0'],
  ])('without a generation id, takes %s as %s', async (_what, role, last, taken) => {
    const { session, peer } = await openSwitch();
    const reply = session.setRole(role);
    expect(await answerRole(peer, last)).toBe('noChange 0');
    expect(await answerRole(peer)).toBe(`${role} ${taken}`);
    expect(await reply).toMatchObject({ role });
  });

  it('rejects by name when the switch knows of a later election', async () => {
    const { session, peer } = await openSwitch();
    const reply = session.setRole('master', 3);
    const { xid } = await peer.next('roleRequest');
    peer.send({ type: 'error', xid, errorType: 11, code: 0 });
    await expect(reply).rejects.toMatchObject({ code: 'OFPRRFC_STALE' });
  });

  it('can be given up', async () => {
    const { session, peer } = await openSwitch();
    const controller = new AbortController();
    const reply = session.setRole('master', undefined, { signal: controller.signal });
    await answerRole(peer, 1);
    await peer.next('roleRequest');
    controller.abort();
    await expect(reply).rejects.toMatchObject({ code: 'OFP_ABORTED' });
  });
});

describe('roleStatus', () => {
  const status: MessageInit = {
    type: 'onfRoleStatus',
    role: 'slave',
    reason: 'masterRequest',
    generationId: 9,
  };

  it('tells that another controller has become master, whatever the xid', async () => {
    const { session, peer } = await openSwitch();
    await peer.turn();
    const told: string[] = [];
    session.on('roleStatus', ({ role, reason, generationId }) =>
      told.push(`${role} ${reason} ${generationId}`),
    );
    const barrier = session.barrier();
    const { xid } = await peer.next('barrierRequest');
    peer.send({ ...status, xid }, { type: 'barrierReply', xid });
    await barrier;
    expect(told).toEqual(['slave masterRequest 9']);
  });
});

describe('setAsync', () => {
  const config = {
    packetInMaster: 7,
    packetInSlave: 0,
    portStatusMaster: 7,
    portStatusSlave: 7,
    flowRemovedMaster: 15,
    flowRemovedSlave: 0,
  };

  it('changes what it is given and leaves the rest', async () => {
    const { session, peer } = await openSwitch();
    const done = session.setAsync({ packetInSlave: 2, portStatusMaster: 0 });
    peer.send({ ...config, type: 'getAsyncReply', xid: (await peer.next('getAsyncRequest')).xid });
    const { type: _, xid: __, ...sent } = await peer.next('setAsync');
    expect(sent).toEqual({ ...config, packetInSlave: 2, portStatusMaster: 0 });
    peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
    await done;
  });

  it('rejects when the switch refuses it', async () => {
    const { session, peer } = await openSwitch();
    const done = session.setAsync({ packetInSlave: 2 });
    peer.send({ ...config, type: 'getAsyncReply', xid: (await peer.next('getAsyncRequest')).xid });
    peer.send({ type: 'error', xid: (await peer.next('setAsync')).xid, errorType: 1, code: 5 });
    peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
    await expect(done).rejects.toMatchObject({
      code: 'OFPBRC_EPERM',
      message: 'the switch refused setAsync: OFPBRC_EPERM',
    });
  });
});
