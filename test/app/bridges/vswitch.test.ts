import { afterEach, describe, expect, it } from '@jest/globals';
import { realiseVswitch } from '../../../src/app/bridges/vswitch.ts';
import { isVswitch, type VswitchInterface, vswitchMembers } from '../../../src/app/hosts/vswitch-members.ts';
import { Table } from '../../../src/app/pipeline/tables.ts';
import { closeSessions, SoftSession } from '../soft-session.ts';

/** An interface with a role, and the addresses that a slot of this number has. */
function row(name: string, ofport: number, role?: string, slot?: number): VswitchInterface {
  const ids = {
    ...(role === undefined ? {} : { 'galago-role': role }),
    ...(slot === undefined ? {} : { 'galago-mac': macOf(slot), 'galago-ip': `${ipOf(slot)}/24` }),
  };
  return { name, ofport, external_ids: new Map(Object.entries(ids)) };
}

const macOf = (slot: number) => `52:00:0a:00:00:0${slot}`;
const ipOf = (slot: number) => `10.0.0.${slot}`;
const hex = (ip: string) => Buffer.from(ip.split('.').map(Number)).toString('hex');
const bare = (mac: string) => mac.replaceAll(':', '');
const STRANGER = '02:00:00:00:00:99';

/** An IPv4 packet, as far as switches look at it. */
const packet = (from: string, to: string, fromIp: string, toIp: string) =>
  `${bare(to)}${bare(from)}0800 45000014000000004011 0000 ${hex(fromIp)} ${hex(toIp)}`;
/** A question for an address. */
const arp = (from: string, fromIp: string, target: string) =>
  `ffffffffffff${bare(from)}0806 0001080006040001 ${bare(from)} ${hex(fromIp)} 000000000000 ${hex(target)}`;

describe('the members of a virtual switch', () => {
  it('are the interfaces that have a role, and addresses where the role takes some', () => {
    const members = vswitchMembers('ovs0', [
      row('ovs0', 65_534, 'gateway', 4),
      row('ovs0-s01', 1, 'slot', 1),
      row('ovs0-o01', 30_001, 'inline'),
      row('eth1', 65_261, 'uplink'),
      row('mine', 7),
      row('odd', 8, 'king', 2),
      row('bare', 9, 'slot'),
      row('failed', -1, 'slot', 3),
      {
        ...row('wrong', 10, 'slot'),
        external_ids: new Map([
          ['galago-role', 'slot'],
          ['galago-mac', 'x'],
        ]),
      },
    ]);
    const pod = { name: 'ovs0', key: 1 };
    expect(members).toEqual([
      {
        interface: 'ovs0',
        ofport: 0xffff_fffe,
        pod,
        addresses: { mac: macOf(4), ips: [ipOf(4)], isRouter: true },
      },
      { interface: 'ovs0-s01', ofport: 1, pod, addresses: { mac: macOf(1), ips: [ipOf(1)] } },
      { interface: 'ovs0-o01', ofport: 30_001, pod, role: 'inline' },
      { interface: 'eth1', ofport: 65_261, pod, role: 'uplink' },
    ]);
  });

  it('are the same values as long as the rows are', () => {
    const rows = [row('ovs0-s01', 1, 'slot', 1)];
    expect(vswitchMembers('ovs0', rows)[0]).toBe(vswitchMembers('ovs0', rows)[0]);
  });

  it('are asked for only on bridges that are virtual switches', () => {
    expect(isVswitch({ external_ids: new Map([['galago-vswitch', '10.0.0.254/24']]) })).toBe(true);
    expect(isVswitch({ external_ids: new Map([['galago-owner', 'init']]) })).toBe(false);
  });
});

describe('a virtual switch', () => {
  afterEach(closeSessions);

  async function start(...rows: readonly VswitchInterface[]): Promise<SoftSession> {
    const soft = await SoftSession.open();
    await realiseVswitch(soft.session, 'ovs0', rows);
    soft.received();
    return soft;
  }

  /** The ports through which a frame leaves that comes in by another. */
  async function waysOut(soft: SoftSession, port: number, frame: string): Promise<number[]> {
    soft.receive(port, frame);
    await soft.idle();
    return [1, 2, 3].filter((other) => soft.left(other).length > 0);
  }

  it('forwards between slots, by their addresses and from those only', async () => {
    const soft = await start(row('ovs0-s01', 1, 'slot', 1), row('ovs0-s02', 2, 'slot', 2));
    expect(await waysOut(soft, 1, packet(macOf(1), macOf(2), ipOf(1), ipOf(2)))).toEqual([2]);
    expect(await waysOut(soft, 1, packet(STRANGER, macOf(2), ipOf(1), ipOf(2)))).toEqual([]);
    expect(await waysOut(soft, 1, packet(macOf(1), macOf(2), '10.9.9.9', ipOf(2)))).toEqual([]);
    expect(await waysOut(soft, 1, arp(macOf(1), ipOf(1), ipOf(2)))).toEqual([1]);
    expect(await waysOut(soft, 3, packet(macOf(1), macOf(2), ipOf(1), ipOf(2)))).toEqual([]);
  });

  it('lets the gateway send on what others have sent, from its own MAC address', async () => {
    const soft = await start(row('gw', 1, 'gateway', 4), row('ovs0-s02', 2, 'slot', 2));
    expect(await waysOut(soft, 1, packet(macOf(4), macOf(2), '192.0.2.7', ipOf(2)))).toEqual([2]);
    expect(await waysOut(soft, 1, packet(STRANGER, macOf(2), '192.0.2.7', ipOf(2)))).toEqual([]);
    expect(await waysOut(soft, 2, arp(macOf(2), ipOf(2), ipOf(4)))).toEqual([2]);
  });

  it('takes everything from the uplink, and sends what is for nobody known there, but not back', async () => {
    const soft = await start(
      row('ovs0-s01', 1, 'slot', 1),
      row('ovs0-s02', 2, 'slot', 2),
      row('eth1', 3, 'uplink'),
    );
    expect(await waysOut(soft, 1, packet(macOf(1), STRANGER, ipOf(1), '10.0.0.99'))).toEqual([3]);
    expect(await waysOut(soft, 3, packet(STRANGER, macOf(1), '10.0.0.99', ipOf(1)))).toEqual([1]);
    expect(await waysOut(soft, 3, packet(STRANGER, '02:00:00:00:00:98', '10.0.0.99', ipOf(9)))).toEqual([]);
    expect(await waysOut(soft, 3, arp(STRANGER, '10.0.0.99', '10.0.0.98'))).toEqual([1, 2]);
    expect(soft.flows(Table.LEARN).join()).not.toContain('idle_timeout');
  });

  it('floods nothing to ports that frames pass through, and takes everything from them', async () => {
    const soft = await start(
      row('ovs0-s01', 1, 'inline', 1),
      row('ovs0-o01', 2, 'inline'),
      row('ovs0-s03', 3, 'slot', 3),
    );
    expect(await waysOut(soft, 3, arp(macOf(3), ipOf(3), '10.0.0.99'))).toEqual([]);
    expect(await waysOut(soft, 3, arp(macOf(3), ipOf(3), ipOf(1)))).toEqual([3]);
    expect(await waysOut(soft, 3, packet(macOf(3), macOf(1), ipOf(3), ipOf(1)))).toEqual([1]);
    expect(await waysOut(soft, 2, packet(STRANGER, macOf(3), '192.0.2.7', ipOf(3)))).toEqual([3]);
    expect(await waysOut(soft, 2, arp(macOf(1), ipOf(1), '10.0.0.99'))).toEqual([3]);
  });

  it('is put right by what a later command makes of it, which changes nothing else', async () => {
    const rows = [row('ovs0-s01', 1, 'slot', 1), row('ovs0-s02', 2, 'slot', 2)];
    const soft = await start(...rows);
    await realiseVswitch(soft.session, 'ovs0', rows);
    expect(soft.received()).toEqual([]);
    await realiseVswitch(soft.session, 'ovs0', rows.slice(0, 1));
    expect(await waysOut(soft, 1, packet(macOf(1), macOf(2), ipOf(1), ipOf(2)))).toEqual([]);
    expect(soft.flows().join()).not.toContain(macOf(2));
  });
});
