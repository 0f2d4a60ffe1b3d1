import { beforeEach, describe, expect, it } from '@jest/globals';
import { SoftNetwork, SoftSwitch } from '../../src/datapath/index.ts';
import { SoftHost } from '../../src/datapath/network/soft-host.ts';
import { decode, encode } from '../../src/ofp/message.ts';
import type { FlowMod } from '../../src/ofp/messages/flow-mod.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import {
  encodeAdvertisement,
  encodeSolicitation,
  encodeUnsolicitedAdvertisement,
} from '../../src/packet/neighbour.ts';
import { readIpv6 } from '../../src/util/ip.ts';
import { ethernet, hex, ipv6, rechecked } from './frames.ts';

const MAC = '02:00:00:00:00:02';
const PEER = '02:00:00:00:00:01';
const LINK_LOCAL = 'fe80::ff:fe00:2';

let sent: Uint8Array[];
beforeEach(() => {
  sent = [];
});

function make(ip: string | string[] = 'fd00::2/64', bounds = {}): SoftHost {
  const uplink = { send: (frame: Uint8Array) => void sent.push(frame), idle: async () => {} };
  return new SoftHost({ mac: MAC, ip, ...bounds }, uplink);
}

const hexOf = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame).toString('hex'));
const solicitation = (target: string, ipv6Src = 'fd00::1') =>
  encodeSolicitation({ mac: PEER, ipv6Src, target });
const advertisement = (target: string, ipv6Dst: string, flags = 0x6000_0000) =>
  encodeAdvertisement({ mac: MAC, target, ethDst: PEER, ipv6Dst, flags });

describe('a solicitation', () => {
  it('goes to the group of the target, with a right checksum', () => {
    const frame = solicitation('fd00::1:2345:6789');
    const text = hexOf([frame])[0]!;
    expect(text.slice(0, 28)).toBe('3333ff45678902000000000186dd');
    expect(text.slice(76, 108)).toBe('ff0200000000000000000001ff456789');
    expect(rechecked(frame).equals(frame)).toBe(true);
  });
});

describe('a software host with IPv6', () => {
  it('answers solicitations for each of its addresses, and for no other', () => {
    const host = make(['10.0.0.2/24', 'fd00::2/64', 'fd01::2']);
    for (const target of ['fd00::2', 'fd00::3', 'fd01::2', LINK_LOCAL]) host.receive(solicitation(target));
    expect(hexOf(sent)).toEqual(
      hexOf(['fd00::2', 'fd01::2', LINK_LOCAL].map((target) => advertisement(target, 'fd00::1'))),
    );
    for (const frame of sent) expect(rechecked(frame).equals(frame)).toBe(true);
  });

  it('tells everybody when somebody wants to take its address', () => {
    const host = make();
    host.receive(solicitation('fd00::2', '::'));
    expect(hexOf(sent)).toEqual(hexOf([encodeUnsolicitedAdvertisement({ mac: MAC, target: 'fd00::2' })]));
  });

  it('asks where an address is before it pings, and pings at once when it knows', async () => {
    const host = make();
    void host.ping('fd00:0:0::1');
    expect(hexOf(sent.splice(0))).toEqual(
      hexOf([encodeSolicitation({ mac: MAC, ipv6Src: 'fd00::2', target: 'fd00::1' })]),
    );
    host.receive(
      encodeAdvertisement({ mac: PEER, target: 'fd00::1', ethDst: MAC, ipv6Dst: 'fd00::2', flags: 0 }),
    );
    const echo = (type: string, sequence: string) => hex(`${type}000000 0001 ${sequence} ${'00'.repeat(56)}`);
    const request = (sequence: string) =>
      ethernet(0x86dd, ipv6(58, echo('80', sequence), 'fd00::2', 'fd00::1'), { src: MAC, dst: PEER });
    expect(hexOf(sent.splice(0))).toEqual(hexOf([request('0000')]));
    const pinged = host.ping('fd00::1');
    expect(hexOf(sent.splice(0))).toEqual(hexOf([request('0001')]));
    host.receive(
      ethernet(0x86dd, ipv6(58, echo('81', '0001'), 'fd00::1', 'fd00::2'), { src: PEER, dst: MAC }),
    );
    expect(await pinged).toBe(true);
  });

  it('pings from the address that is in the network of the destination', () => {
    const host = make(['10.0.0.2/24', 'fd00::2/64', 'fd01::2/64']);
    for (const to of ['fd01::9', 'fd00::9', 'fe80::9', '2001:db8::9']) void host.ping(to);
    const sources = sent.map((frame) => readIpv6(frame, 22));
    expect(sources).toEqual(['fd01::2', 'fd00::2', LINK_LOCAL, 'fd00::2']);
  });

  it('passes over what is cut short, has options without end, or came through a router', () => {
    const host = make();
    const frame = solicitation('fd00::2');
    for (let size = 0; size < frame.length; size++) host.receive(frame.subarray(0, size));
    const routed = Buffer.from(frame);
    routed[21] = 254;
    const endless = Buffer.from(frame);
    endless[79] = 0;
    const long = Buffer.from(frame);
    long[79] = 9;
    for (const each of [routed, endless, long]) host.receive(each);
    expect(sent).toEqual([]);
  });

  it('announces each of its addresses', () => {
    make(['fd00::2/64']).announce();
    const of = (target: string) => encodeUnsolicitedAdvertisement({ mac: MAC, target });
    expect(hexOf(sent)).toEqual(hexOf([of('fd00::2'), of(LINK_LOCAL)]));
  });

  it('follows an address that has moved, when it says so', () => {
    const host = make();
    host.receive(solicitation('fd00::2'));
    host.receive(encodeUnsolicitedAdvertisement({ mac: '02:00:00:00:00:07', target: 'fd00::1' }));
    host.receive(encodeUnsolicitedAdvertisement({ mac: '02:00:00:00:00:07', target: 'fd00::5' }));
    sent.length = 0;
    void host.ping('fd00::1');
    expect(hexOf(sent)[0]).toMatch(/^020000000007/);
    void host.ping('fd00::5');
    expect(hexOf(sent)[1]).toMatch(/^3333ff000005/);
  });

  it('refuses what it has no address for', async () => {
    await expect(make('10.0.0.1').ping('fd00::1')).rejects.toMatchObject({ code: 'DATAPATH_HOST_INVALID' });
    await expect(make().ping('10.0.0.1')).rejects.toMatchObject({ code: 'DATAPATH_HOST_INVALID' });
    const datagram = { to: 'fd00::1', port: 1, data: hex('') };
    expect(() => make().sendUdp(datagram)).toThrow(
      expect.objectContaining({ code: 'DATAPATH_HOST_INVALID' }),
    );
  });

  it('pings others across switches, by all their addresses', async () => {
    const sw = new SoftSwitch({ datapathId: 1 });
    sw.pipeline.apply(decode(encode(parseFlow('actions=flood'))) as FlowMod);
    const network = new SoftNetwork();
    const a = network.addHost(sw, 1, { mac: PEER, ip: ['10.0.0.1/24', 'fd00::1/64'] });
    network.addHost(sw, 2, { mac: MAC, ip: ['fd00::2/64', '10.0.0.2/24'] });
    expect(await Promise.all(['fd00::2', LINK_LOCAL, '10.0.0.2', 'fd00::3'].map((to) => a.ping(to)))).toEqual(
      [true, true, true, false],
    );
    await sw.close();
  });
});
