import { beforeEach, describe, expect, it } from '@jest/globals';
import { SoftHost } from '../../../src/datapath/network/soft-host.ts';
import { ArpOperation, encodeArp } from '../../../src/packet/arp.ts';
import { encodeUdp, type UdpDatagram } from '../../../src/packet/ipv4.ts';
import { ethernet, hex, ipv4, rechecked, udp, udpFrame } from '../frames.ts';

const MAC = '02:00:00:00:00:02';
const PEER = '02:00:00:00:00:01';
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

let sent: Uint8Array[];
beforeEach(() => {
  sent = [];
});

function make(ip: string | string[] = '10.0.0.2/24', bounds = {}): SoftHost {
  const uplink = { send: (frame: Uint8Array) => void sent.push(frame), idle: async () => {} };
  return new SoftHost({ mac: MAC, ip, ...bounds }, uplink);
}

const arp = (operation: number, arpSpa: string, arpTpa: string, ethDst = BROADCAST) =>
  encodeArp({ ethDst, arpSha: PEER, arpSpa, arpTha: MAC, arpTpa, operation });
const hexOf = (frames: readonly Uint8Array[]) => frames.map((frame) => Buffer.from(frame).toString('hex'));

describe('a software host', () => {
  it('answers ARP for each of its addresses, and for no other', () => {
    const host = make(['10.0.0.2/24', '10.1.0.2/24']);
    for (const address of ['10.0.0.2', '10.0.0.3', '10.1.0.2'])
      host.receive(arp(ArpOperation.REQUEST, '10.0.0.1', address));
    const answer = (spa: string) =>
      `${'020000000001 020000000002 0806 0001 0800 06 04 0002 020000000002'} ${spa} 020000000001 0a000001`;
    expect(hexOf(sent)).toEqual([answer('0a000002'), answer('0a010002')].map((t) => t.replaceAll(' ', '')));
  });

  it('answers echo requests with what they hold, checksums included', () => {
    const host = make();
    host.receive(arp(ArpOperation.REQUEST, '10.0.0.1', '10.0.0.2'));
    const echo = (type: string) => hex(`${type} 00 0000 1234 0005 616263`);
    host.receive(ethernet(0x0800, ipv4(1, echo('08'))));
    const reply = ethernet(0x0800, ipv4(1, echo('00'), { src: '10.0.0.2', dst: '10.0.0.1' }), {
      dst: PEER,
      src: MAC,
    });
    expect(hexOf(sent.slice(1))).toEqual(hexOf([reply]));
  });

  it('asks where an address is before it sends there, and sends at once when it knows', () => {
    const host = make();
    const datagram = { to: '10.0.0.1', port: 53, data: hex('0102') };
    host.sendUdp(datagram);
    expect(hexOf(sent.splice(0))[0]).toMatch(/^ffffffffffff0200000000020806000108000604000102/);
    host.receive(arp(ArpOperation.REPLY, '10.0.0.1', '10.0.0.2', MAC));
    const addresses = { ethDst: PEER, ethSrc: MAC, ipv4Src: '10.0.0.2', ipv4Dst: '10.0.0.1' };
    const frame = encodeUdp({ ...addresses, udpSrc: 53, udpDst: 53, data: hex('0102') });
    expect(hexOf(sent.splice(0))).toEqual(hexOf([frame]));
    expect(rechecked(frame).equals(frame)).toBe(true);
    host.sendUdp({ ...datagram, fromPort: 1000 });
    expect(sent).toHaveLength(1);
  });

  it('keeps no more packets waiting than it may', () => {
    const host = make('10.0.0.2', { maxWaiting: 2 });
    for (let i = 0; i < 5; i++) host.sendUdp({ to: '10.0.0.1', port: 53, data: hex('00') });
    sent.length = 0;
    host.receive(arp(ArpOperation.REPLY, '10.0.0.1', '10.0.0.2', MAC));
    expect(sent).toHaveLength(2);
  });

  it('sends from the address that is in the network of the destination', () => {
    const host = make(['10.0.0.2/24', '10.1.0.2/24']);
    for (const to of ['10.1.0.9', '10.0.0.9', '192.0.2.9']) host.sendUdp({ to, port: 1, data: hex('') });
    const senders = sent.map((frame) => [...frame.subarray(28, 32)].join('.'));
    expect(senders).toEqual(['10.1.0.2', '10.0.0.2', '10.0.0.2']);
  });

  it('takes datagrams that are for it', () => {
    const host = make();
    const taken: UdpDatagram[] = [];
    host.listen(2000, (datagram) => taken.push(datagram));
    host.receive(udpFrame());
    host.receive(udpFrame({ dport: 2001 }));
    host.receive(ethernet(0x0800, ipv4(17, udp(1000, 2000), { dst: '10.0.0.3' })));
    host.receive(ethernet(0x0800, ipv4(17, udp(1000, 2000)), { dst: '02:00:00:00:00:09' }));
    host.receive(ethernet(0x0800, ipv4(17, udp(1000, 2000)), { vlans: [5] }));
    expect(taken).toHaveLength(1);
    expect(taken[0]).toMatchObject({ ethSrc: PEER, ipv4Src: '10.0.0.1', udpSrc: 1000 });
    expect(Buffer.from(taken[0]!.data).toString()).toBe('hello');
    expect(host.received).toHaveLength(5);
  });

  it('passes over what is cut short', () => {
    const host = make('10.0.0.2', { maxReceived: 10 });
    const request = arp(ArpOperation.REQUEST, '10.0.0.1', '10.0.0.2');
    for (let size = 0; size < request.length; size++) host.receive(request.subarray(0, size));
    const ping = ethernet(0x0800, ipv4(1, hex('0800 0000 0000 0000')));
    for (let size = 0; size < ping.length; size++) host.receive(ping.subarray(0, size));
    expect(sent).toEqual([]);
    expect(host.received).toHaveLength(10);
  });

  it('follows an address that has moved, when it says so', () => {
    const host = make();
    host.receive(arp(ArpOperation.REPLY, '10.0.0.1', '10.0.0.2', MAC));
    const moved = encodeArp({
      ethDst: BROADCAST,
      arpSha: '02:00:00:00:00:07',
      arpSpa: '10.0.0.1',
      arpTha: '00:00:00:00:00:00',
      arpTpa: '10.0.0.1',
      operation: ArpOperation.REQUEST,
    });
    host.receive(moved);
    host.sendUdp({ to: '10.0.0.1', port: 1, data: hex('') });
    expect(hexOf(sent)[0]).toMatch(/^020000000007/);
  });

  it.each([
    ['DATAPATH_HOST_INVALID', { mac: MAC, ip: [] }],
    ['IP_INVALID', { mac: MAC, ip: '10.0.0' }],
    ['MAC_INVALID', { mac: 'x', ip: '10.0.0.1' }],
  ])('refuses with %s to be %j', (code, options) => {
    const uplink = { send() {}, idle: async () => {} };
    expect(() => new SoftHost(options, uplink)).toThrow(expect.objectContaining({ code }));
  });
});
