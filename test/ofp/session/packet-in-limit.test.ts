import { describe, expect, it } from '@jest/globals';
import { MeterFlag } from '../../../src/ofp/messages/meter-mod.ts';
import { MeterNo } from '../../../src/ofp/ports.ts';
import { limitPacketIns, packetInMeter, toController } from '../../../src/ofp/session/packet-in-limit.ts';
import { openSwitch, type Peer } from './peer.ts';

const limit = { meterId: 7, packetsPerSecond: 100, burst: 20 };
const meter = {
  meterId: 7,
  flags: MeterFlag.PKTPS | MeterFlag.BURST,
  bands: [{ type: 'drop', rate: 100, burstSize: 20 }],
} as const;

/** Answers what the switch is asked for first: how the meter is. */
async function answerConfig(peer: Peer, ...meters: readonly (typeof meter)[]): Promise<void> {
  const { xid, body } = await peer.next('multipartRequest');
  expect(body).toEqual({ meterId: 7 });
  if (meters.length > 0)
    peer.send({ type: 'multipartReply', multipartType: 'meterConfig', xid, body: meters });
  else peer.send({ type: 'error', xid, errorType: 12, code: 3 });
}

async function answerBarrier(peer: Peer): Promise<void> {
  peer.send({ type: 'barrierReply', xid: (await peer.next('barrierRequest')).xid });
}

describe('packetInMeter', () => {
  it('counts packets, with a burst', () => {
    expect(packetInMeter(limit)).toEqual(meter);
  });

  it('is that of all packet-ins, with a burst of one second, unless told otherwise', () => {
    expect(packetInMeter({ packetsPerSecond: 5 })).toMatchObject({
      meterId: MeterNo.CONTROLLER,
      bands: [{ rate: 5, burstSize: 5 }],
    });
  });
});

describe('toController', () => {
  it('is an nxController2 with what it is given', () => {
    expect(toController()).toEqual({ type: 'nxController2' });
    expect(toController({ meterId: 7, maxLen: 128 })).toEqual({
      type: 'nxController2',
      meterId: 7,
      maxLen: 128,
    });
  });
});

describe('limitPacketIns', () => {
  it('adds the meter when there is none', async () => {
    const { session, peer } = await openSwitch();
    const done = limitPacketIns(session, limit);
    await answerConfig(peer);
    expect(await peer.next('meterMod')).toMatchObject({ command: 'add', ...meter });
    await answerBarrier(peer);
    await done;
  });

  it('changes one that is otherwise', async () => {
    const { session, peer } = await openSwitch();
    const done = limitPacketIns(session, { ...limit, packetsPerSecond: 200 });
    await answerConfig(peer, meter);
    const bands = [{ type: 'drop', rate: 200, burstSize: 20 }];
    expect(await peer.next('meterMod')).toMatchObject({ ...meter, command: 'modify', bands });
    await answerBarrier(peer);
    await done;
  });

  it('leaves one alone that is as it should be, with its counters', async () => {
    const { session, peer } = await openSwitch();
    const done = limitPacketIns(session, limit);
    await answerConfig(peer, meter);
    await done;
    await session.close();
    expect(await peer.rest()).toEqual([]);
  });

  it('rejects when the switch has no meters', async () => {
    const { session, peer } = await openSwitch();
    const done = limitPacketIns(session, limit);
    const { xid } = await peer.next('multipartRequest');
    peer.send({ type: 'error', xid, errorType: 1, code: 2 });
    await expect(done).rejects.toMatchObject({ code: 'OFPBRC_BAD_STAT' });
  });

  it('rejects when the switch refuses the meter', async () => {
    const { session, peer } = await openSwitch();
    const done = limitPacketIns(session, limit);
    await answerConfig(peer);
    peer.send({ type: 'error', xid: (await peer.next('meterMod')).xid, errorType: 12, code: 6 });
    await answerBarrier(peer);
    await expect(done).rejects.toMatchObject({ code: 'OFPMMFC_BAD_RATE' });
  });
});
