import { beforeEach, describe, expect, it } from '@jest/globals';
import { AddressProbes, ATTEMPT_MS, ATTEMPTS, MAX_PROBES } from '../../../src/app/bridges/address-probes.ts';
import { NO_PLAN, type PodPlan } from '../../../src/app/bridges/pod-plan.ts';
import { serverMac } from '../../../src/app/dhcp/server-mac.ts';
import type { Member } from '../../../src/app/hosts/host-view.ts';
import type { PacketOutInit } from '../../../src/ofp/index.ts';
import { encodeArp, readArp } from '../../../src/packet/arp.ts';
import { FakeClock } from '../../ofp/session/clock.ts';

const KEY = 0x10007;
const MEMBER = memberAt(1, '02:00:00:00:00:01');
const PLAN: PodPlan = { ...NO_PLAN, members: [MEMBER], peersByKey: new Map([[KEY, ['192.0.2.2']]]) };

function memberAt(ofport: number, mac?: string): Member {
  const member = { interface: `if${ofport}`, ofport, pod: { name: '7', key: KEY } };
  return mac === undefined ? member : { ...member, addresses: { mac, ips: [], isDynamic: true } };
}

/** What somebody answers who has an address. */
function answer(arpSpa: string): Uint8Array {
  const from = { operation: 2, arpSha: '02:00:00:00:00:02', arpSpa };
  return encodeArp({ ...from, ethDst: serverMac(KEY), arpTha: serverMac(KEY), arpTpa: '0.0.0.0' });
}

describe('probes for an address', () => {
  let clock: FakeClock;
  let sent: PacketOutInit[];
  let probes: AddressProbes;

  beforeEach(() => {
    clock = new FakeClock();
    sent = [];
    probes = new AddressProbes((message) => sent.push(message), clock.setTimer);
  });

  it('go to all of the pod but the one that it is for, from no address', () => {
    void probes.ask(PLAN, MEMBER, '10.0.0.9');
    expect(sent).toMatchObject([{ inPort: 1, actions: [{ type: 'group', groupId: 0x6a00_0000 + 2 * KEY }] }]);
    const probe = { operation: 1, arpSha: serverMac(KEY), arpSpa: '0.0.0.0', arpTpa: '10.0.0.9' };
    expect(readArp(sent[0]!.data as Uint8Array, { l3: 14 })).toMatchObject(probe);
  });

  it('are sent three times before it is taken to be free', async () => {
    const result = probes.ask(PLAN, MEMBER, '10.0.0.9');
    clock.advance(ATTEMPTS * ATTEMPT_MS - 1);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect(await result).toBe('free');
    expect([sent.length, clock.pending]).toEqual([3, 0]);
  });

  it('end with the first answer, for all who have asked', async () => {
    const results = [probes.ask(PLAN, MEMBER, '10.0.0.9'), probes.ask(PLAN, MEMBER, '10.0.0.9')];
    probes.hear(KEY + 1, answer('10.0.0.9'));
    probes.hear(KEY, answer('10.0.0.8'));
    expect(clock.pending).toBe(1);
    probes.hear(KEY, answer('10.0.0.9'));
    expect(await Promise.all(results)).toEqual(['taken', 'taken']);
    expect([sent.length, clock.pending]).toEqual([1, 0]);
  });

  it('are not sent where databases know everybody', async () => {
    const alone = { ...PLAN, members: [MEMBER, memberAt(2, '02:00:00:00:00:02')], peersByKey: new Map() };
    expect(await probes.ask(alone, MEMBER, '10.0.0.9')).toBe('free');
    expect(sent).toEqual([]);
    void probes.ask({ ...alone, members: [MEMBER, memberAt(2)] }, MEMBER, '10.0.0.9');
    expect(sent).toHaveLength(1);
  });

  it('are bounded, and say nothing of what they have no room for', async () => {
    const all = Array.from({ length: MAX_PROBES }, (_, i) => probes.ask(PLAN, MEMBER, `10.0.1.${i}`));
    expect(await probes.ask(PLAN, MEMBER, '10.0.0.9')).toBe('unknown');
    expect(sent).toHaveLength(MAX_PROBES);
    probes.stop();
    expect(new Set(await Promise.all(all))).toEqual(new Set(['unknown']));
    expect(await probes.ask(PLAN, MEMBER, '10.0.0.9')).toBe('unknown');
    expect(clock.pending).toBe(0);
  });
});
