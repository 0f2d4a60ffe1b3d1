import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Lease } from '../../../src/app/dhcp/lease.ts';
import { DhcpServer, type ProbeResult } from '../../../src/app/dhcp/server.ts';
import { parseDhcpSubnet } from '../../../src/app/dhcp/subnet.ts';
import type { Member } from '../../../src/app/hosts/host-view.ts';
import {
  addressOption,
  type DhcpMessage,
  DhcpOption,
  DhcpType,
  decodeDhcp,
  encodeDhcp,
  encodeUdp,
} from '../../../src/packet/index.ts';
import { silentLog } from '../../../src/util/log.ts';

const SUBNET = parseDhcpSubnet(
  'subnet=10.0.0.0/24 range=10.0.0.2-10.0.0.4 router=10.0.0.254 dns=10.0.0.53 mtu=1450 lease=600 ' +
    'route=10.1.0.0/16,10.0.0.254',
);
const HOST = 'h1';
const macOf = (number: number) => `02:00:00:00:00:0${number}`;
const SERVER_ID = Uint8Array.of(10, 0, 0, 1);
const HEADERS = 42;

/** The server with the databases that it writes to. */
class World {
  now = 1_000_000;
  readonly leases = new Map<string, Lease>();
  readonly statics = new Map<string, string>();
  /** What somebody has of whom no database knows, and what was asked for in the pod. */
  readonly strangers = new Set<string>();
  readonly probed: string[] = [];
  readonly server = new DhcpServer({
    ownerOf: (_key, address) => {
      const [owner] = [...this.leases].find(([, lease]) => lease.address === address) ?? [];
      const [fixed] = [...this.statics].find(([, ip]) => ip === address) ?? [];
      return owner ?? fixed;
    },
    record: async (host, name, lease) => {
      await this.#held;
      if (lease === undefined) this.leases.delete(`${host} ${name}`);
      else this.leases.set(`${host} ${name}`, lease);
    },
    now: () => this.now,
    log: silentLog,
  });

  #held: Promise<void> | undefined;

  /** Keeps the databases from recording anything until the result is called. */
  hold(): () => void {
    let release = () => {};
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    return release;
  }

  member(number: number): Member {
    const name = `if${number}`;
    const lease = this.leases.get(`${HOST} ${name}`);
    const fixed = this.statics.get(`${HOST} ${name}`);
    const ip = fixed ?? lease?.address;
    const addresses = {
      mac: macOf(number),
      ips: ip === undefined ? [] : [ip],
      isDynamic: fixed === undefined,
    };
    const base = { interface: name, ofport: number, pod: { name: '7', key: 0x10007 }, addresses };
    return lease === undefined ? base : { ...base, leasedUntil: lease.until };
  }

  /** What the server answers to a client. */
  async ask(
    number: number,
    type: number,
    fields: Partial<DhcpMessage> = {},
    options: [number, Uint8Array][] = [],
  ) {
    const data = encodeDhcp({
      op: 1,
      xid: 7,
      secs: 0,
      flags: 0,
      ciaddr: '0.0.0.0',
      yiaddr: '0.0.0.0',
      siaddr: '0.0.0.0',
      giaddr: '0.0.0.0',
      chaddr: macOf(number),
      options: new Map([[DhcpOption.MESSAGE_TYPE, Uint8Array.of(type)], ...options]),
      ...fields,
    });
    const frame = encodeUdp({
      ethSrc: macOf(number),
      ethDst: 'ff:ff:ff:ff:ff:ff',
      ipv4Src: '0.0.0.0',
      ipv4Dst: '255.255.255.255',
      udpSrc: 68,
      udpDst: 67,
      data,
    });
    return this.receive(number, frame);
  }

  async receive(number: number, frame: Uint8Array) {
    const place = { host: HOST, member: this.member(number), subnet: SUBNET, probe: this.probe };
    const reply = await this.server.receive(frame, place);
    if (reply === undefined) return undefined;
    const message = decodeDhcp(reply.frame.subarray(HEADERS));
    const head = Buffer.from(reply.frame);
    return {
      granted: reply.granted,
      ethDst: head.toString('hex', 0, 6),
      ipv4Dst: [...head.subarray(30, 34)].join('.'),
      type: message.options.get(DhcpOption.MESSAGE_TYPE)?.[0],
      address: message.yiaddr,
      message,
    };
  }

  discover = (number: number) => this.ask(number, DhcpType.DISCOVER);
  select = (number: number, address: string) =>
    this.ask(number, DhcpType.REQUEST, {}, [
      [DhcpOption.REQUESTED_ADDRESS, bytesOf(address)],
      [DhcpOption.SERVER_ID, SERVER_ID],
    ]);

  probe = async (address: string): Promise<ProbeResult> => {
    this.probed.push(address);
    return this.strangers.has(address) ? 'taken' : 'free';
  };

  async lease(number: number): Promise<string> {
    const { address } = (await this.discover(number))!;
    expect(await this.select(number, address)).toMatchObject({ type: DhcpType.ACK, granted: address });
    return address;
  }
}

const bytesOf = (address: string) => Uint8Array.from(address.split('.').map(Number));

describe('the DHCP server', () => {
  let world: World;

  beforeEach(() => {
    world = new World();
  });

  it('offers an address and grants it, and records that before', async () => {
    const offer = await world.discover(1);
    expect(offer).toMatchObject({ type: DhcpType.OFFER, address: '10.0.0.2', granted: undefined });
    expect(world.leases.size).toBe(0);
    expect(await world.select(1, '10.0.0.2')).toMatchObject({ type: DhcpType.ACK, granted: '10.0.0.2' });
    expect(world.leases.get('h1 if1')).toEqual({
      address: '10.0.0.2',
      until: 1000 + 600,
      prefixLength: 24,
    });
  });

  it('tells what the client asks for', async () => {
    const asked = Uint8Array.of(
      DhcpOption.ROUTER,
      DhcpOption.DNS,
      DhcpOption.INTERFACE_MTU,
      DhcpOption.CLASSLESS_ROUTES,
    );
    const all = await world.ask(1, DhcpType.DISCOVER, {}, [[DhcpOption.PARAMETER_LIST, asked]]);
    const { options } = all!.message;
    expect(addressOption(all!.message, DhcpOption.SUBNET_MASK)).toBe('255.255.255.0');
    expect(addressOption(all!.message, DhcpOption.ROUTER)).toBe('10.0.0.254');
    expect(addressOption(all!.message, DhcpOption.SERVER_ID)).toBe('10.0.0.1');
    expect([...options.get(DhcpOption.INTERFACE_MTU)!]).toEqual([1450 >> 8, 1450 & 0xff]);
    expect([...options.get(DhcpOption.LEASE_TIME)!]).toEqual([0, 0, 600 >> 8, 600 & 0xff]);
    // RFC 3442: the prefix length, as many octets of the destination as matter, the router; the default route last.
    expect([...options.get(DhcpOption.CLASSLESS_ROUTES)!]).toEqual([
      ...[16, 10, 1, 10, 0, 0, 254],
      ...[0, 10, 0, 0, 254],
    ]);
    const few = await world.ask(2, DhcpType.DISCOVER, {}, [[DhcpOption.PARAMETER_LIST, Uint8Array.of(1)]]);
    expect(few!.message.options.has(DhcpOption.ROUTER)).toBe(false);
  });

  it('never gives one address to two, and says nothing when all are taken', async () => {
    const given = [await world.lease(1), await world.lease(2), await world.lease(3)];
    expect(new Set(given).size).toBe(3);
    expect(await world.discover(4)).toBeUndefined();
    expect(await world.select(4, given[0]!)).toMatchObject({ type: DhcpType.NAK, ethDst: 'ffffffffffff' });
  });

  it('keeps an offer for the one that it was made to, for a minute', async () => {
    const { address } = (await world.discover(1))!;
    expect((await world.discover(1))!.address).toBe(address);
    expect(await world.select(2, address)).toMatchObject({ type: DhcpType.NAK });
    world.now += 61_000;
    expect(await world.select(2, address)).toMatchObject({ type: DhcpType.ACK });
  });

  it('gives a client the address that it had before, and the one that its labels name', async () => {
    const wanted: [number, Uint8Array][] = [[DhcpOption.REQUESTED_ADDRESS, bytesOf('10.0.0.4')]];
    expect((await world.ask(1, DhcpType.DISCOVER, {}, wanted))!.address).toBe('10.0.0.4');
    world.statics.set('h1 if2', '10.0.0.77');
    expect((await world.discover(2))!.address).toBe('10.0.0.77');
    expect(await world.select(2, '10.0.0.77')).toMatchObject({ type: DhcpType.ACK, granted: '10.0.0.77' });
    expect(world.leases.size).toBe(0);
    expect(await world.select(2, '10.0.0.4')).toMatchObject({ type: DhcpType.NAK });
  });

  it('renews to the address itself, and refuses what is not the client’s', async () => {
    const address = await world.lease(1);
    world.now += 300_000;
    const renewed = await world.ask(1, DhcpType.REQUEST, { ciaddr: address });
    expect(renewed).toMatchObject({ type: DhcpType.ACK, ipv4Dst: address, ethDst: '020000000001' });
    expect(world.leases.get('h1 if1')!.until).toBe(1300 + 600);
    expect(await world.ask(1, DhcpType.REQUEST, { ciaddr: '10.0.0.9' })).toMatchObject({
      type: DhcpType.NAK,
    });
  });

  it('takes back what is released or has run out', async () => {
    const address = await world.lease(1);
    await world.ask(1, DhcpType.RELEASE, { ciaddr: '10.0.0.200' });
    expect(world.leases.size).toBe(1);
    await world.ask(1, DhcpType.RELEASE, { ciaddr: address });
    expect(world.leases.size).toBe(0);
    await world.lease(2);
    await world.server.expire(HOST, [world.member(2)]);
    expect(world.leases.size).toBe(1);
    world.now += 601_000;
    await world.server.expire(HOST, [world.member(2)]);
    expect(world.leases.size).toBe(0);
  });

  it('leaves an address alone that somebody else was found to use', async () => {
    const address = await world.lease(1);
    await world.ask(1, DhcpType.DECLINE, {}, [[DhcpOption.REQUESTED_ADDRESS, bytesOf(address)]]);
    expect(world.leases.size).toBe(0);
    const others = [await world.lease(1), await world.lease(2)];
    expect(others).not.toContain(address);
    expect(await world.discover(3)).toBeUndefined();
    world.now += 601_000;
    expect((await world.discover(3))!.address).toBe(address);
  });

  it('lets nobody use the range up by declining what it is given', async () => {
    const decline = async () => {
      const address = await world.lease(1);
      await world.ask(1, DhcpType.DECLINE, {}, [[DhcpOption.REQUESTED_ADDRESS, bytesOf(address)]]);
      return address;
    };
    const declined = [await decline(), await decline(), await decline()];
    expect(declined).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4']);
    expect(await world.lease(2)).toBe('10.0.0.2');
    expect(await world.discover(3)).toBeUndefined();
  });

  it('promises nobody an address that it is about to record for another', async () => {
    const record = world.hold();
    const granted = world.select(1, '10.0.0.3');
    expect(await world.select(2, '10.0.0.3')).toMatchObject({ type: DhcpType.NAK });
    expect((await world.ask(2, DhcpType.DISCOVER, {}, [[50, bytesOf('10.0.0.3')]]))!.address).toBe(
      '10.0.0.2',
    );
    record();
    expect(await granted).toMatchObject({ type: DhcpType.ACK, granted: '10.0.0.3' });
  });

  it('hears one message of a client at a time, and no others until that is dealt with', async () => {
    const record = world.hold();
    const granted = world.select(1, '10.0.0.3');
    expect(await world.discover(1)).toBeUndefined();
    record();
    await granted;
    expect(await world.discover(1)).toMatchObject({ type: DhcpType.OFFER, address: '10.0.0.3' });
  });

  it('asks the pod before it offers an address, once for an offer and its acceptance', async () => {
    world.strangers.add('10.0.0.2');
    expect(await world.discover(1)).toMatchObject({ type: DhcpType.OFFER, address: '10.0.0.3' });
    expect(world.probed).toEqual(['10.0.0.2', '10.0.0.3']);
    await world.discover(1);
    expect(await world.select(1, '10.0.0.3')).toMatchObject({ type: DhcpType.ACK });
    await world.select(1, '10.0.0.3');
    await world.discover(1);
    expect(world.probed).toHaveLength(2);
    expect(await world.lease(2)).toBe('10.0.0.4');
    expect(world.probed.slice(2)).toEqual(['10.0.0.4']);
    // Left alone for ten minutes.
    world.now += 599_000;
    expect(await world.discover(3)).toBeUndefined();
    expect(world.probed).toHaveLength(3);
    world.strangers.clear();
    world.now += 2_000;
    expect(await world.discover(3)).toMatchObject({ address: '10.0.0.2' });
  });

  it('asks the pod as well for an address that a client wants of which nothing is known', async () => {
    const reboot = (address: string) =>
      world.ask(1, DhcpType.REQUEST, {}, [[DhcpOption.REQUESTED_ADDRESS, bytesOf(address)]]);
    world.strangers.add('10.0.0.2');
    expect(await reboot('10.0.0.2')).toMatchObject({ type: DhcpType.NAK });
    expect(await reboot('10.0.0.3')).toMatchObject({ type: DhcpType.ACK, granted: '10.0.0.3' });
    expect(world.probed).toEqual(['10.0.0.2', '10.0.0.3']);
  });

  it('says nothing when it could not find out, and does not believe for long what it did', async () => {
    world.probe = async () => 'unknown';
    expect(await world.discover(1)).toBeUndefined();
    world.probe = async () => 'free';
    expect(await world.discover(1)).toMatchObject({ type: DhcpType.OFFER });
    world.now += 61_000;
    world.probe = async () => 'unknown';
    expect(await world.discover(1)).toBeUndefined();
  });

  it('takes an offer back when the client goes to another server', async () => {
    const { address } = (await world.discover(1))!;
    const elsewhere: [number, Uint8Array][] = [
      [DhcpOption.REQUESTED_ADDRESS, bytesOf(address)],
      [DhcpOption.SERVER_ID, Uint8Array.of(10, 0, 0, 99)],
    ];
    expect(await world.ask(1, DhcpType.REQUEST, {}, elsewhere)).toBeUndefined();
    expect(await world.select(2, address)).toMatchObject({ type: DhcpType.ACK });
  });

  it('answers by broadcast when the client asks for that', async () => {
    expect(await world.discover(1)).toMatchObject({ ipv4Dst: '10.0.0.2', ethDst: '020000000001' });
    const broadcast = await world.ask(2, DhcpType.DISCOVER, { flags: 0x8000 });
    expect(broadcast).toMatchObject({ ipv4Dst: '255.255.255.255', ethDst: 'ffffffffffff' });
  });

  it('tells who has an address already what else there is, without a lease', async () => {
    const told = await world.ask(1, DhcpType.INFORM, { ciaddr: '10.0.0.200' });
    expect(told).toMatchObject({ type: DhcpType.ACK, address: '0.0.0.0', ipv4Dst: '10.0.0.200' });
    expect(told!.message.options.has(DhcpOption.LEASE_TIME)).toBe(false);
    expect(world.leases.size).toBe(0);
  });

  it('says nothing to others, to relays, and to what it cannot read', async () => {
    expect(await world.ask(1, DhcpType.DISCOVER, { chaddr: macOf(2) })).toBeUndefined();
    expect(await world.ask(1, DhcpType.DISCOVER, { giaddr: '10.0.0.9' })).toBeUndefined();
    expect(await world.ask(1, DhcpType.DISCOVER, { op: 2 })).toBeUndefined();
    expect(await world.ask(1, 99)).toBeUndefined();
    expect(await world.receive(1, new Uint8Array(20))).toBeUndefined();
    expect(await world.receive(1, new Uint8Array(300))).toBeUndefined();
  });
});
