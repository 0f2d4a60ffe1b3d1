import { describe, expect, it } from '@jest/globals';
import { readBits, readRun, runOf, wordRun } from '../../../src/datapath/packet/layout.ts';
import { Packet } from '../../../src/datapath/packet/packet.ts';
import { fromBits, toBits } from '../../../src/ofp/oxm/field-bits.ts';
import type { FieldName } from '../../../src/ofp/oxm/fields.ts';
import { ethernet, hex, ipv4, ipv6, neighbor, ports, rechecked, tcp, udp, udpFrame } from '../frames.ts';

const ARP = hex('0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002');

const FRAMES = {
  udp: udpFrame({ vlans: [] }),
  tagged: udpFrame({ vlans: [0x2005] }),
  tcp: ethernet(0x0800, ipv4(6, tcp(1, 2, 0x12), { tos: 0xb9, ttl: 9 })),
  sctp: ethernet(0x0800, ipv4(132, ports(7, 8, 20))),
  icmp: ethernet(0x0800, ipv4(1, hex('0800 0000 0001 0002'))),
  tcp6: ethernet(0x86dd, ipv6(6, tcp(1, 2))),
  udp6: ethernet(0x86dd, ipv6(17, udp(3, 4))),
  solicit: ethernet(0x86dd, ipv6(58, neighbor(135, 1))),
  advert: ethernet(0x86dd, ipv6(58, neighbor(136, 2))),
  arp: ethernet(0x0806, ARP),
  mpls: ethernet(0x8847, Buffer.concat([hex('00064b40'), ipv4(17, udp(1, 2))])),
} as const;
type Kind = keyof typeof FRAMES;

function field(packet: Packet, name: FieldName): unknown {
  return fromBits(name, readRun(packet.words, runOf(name)));
}

describe('extraction', () => {
  const cases: readonly [Kind, Partial<Record<FieldName, unknown>>][] = [
    ['udp', { ethDst: '02:00:00:00:00:02', ethSrc: '02:00:00:00:00:01', ethType: 0x800, vlanVid: 0 }],
    ['udp', { ipv4Src: '10.0.0.1', ipv4Dst: '10.0.0.2', ipProto: 17, udpSrc: 1000, udpDst: 2000, ipTtl: 64 }],
    ['tagged', { vlanVid: 0x1005, vlanPcp: 1, ethType: 0x800, udpDst: 2000 }],
    ['tcp', { ipDscp: 46, ipEcn: 1, ipTtl: 9, tcpSrc: 1, tcpDst: 2, onfTcpFlags: 0x12 }],
    ['sctp', { sctpSrc: 7, sctpDst: 8 }],
    ['icmp', { icmpv4Type: 8, icmpv4Code: 0 }],
    ['tcp6', { ipv6Src: 'fd00::1', ipv6Dst: 'fd00::2', ipProto: 6, tcpDst: 2 }],
    ['solicit', { icmpv6Type: 135, ipv6NdTarget: 'fd00::99', ipv6NdSll: '02:00:00:00:00:77' }],
    ['advert', { icmpv6Type: 136, ipv6NdTll: '02:00:00:00:00:77', ndOptionsType: 2 }],
    ['arp', { arpOp: 1, arpSpa: '10.0.0.1', arpTpa: '10.0.0.2', arpSha: '02:00:00:00:00:01' }],
    ['mpls', { mplsLabel: 100, mplsTc: 5, mplsBos: 1, mplsTtl: 64 }],
  ];
  it.each(cases)('reads the fields of %s: %o', (kind, expected) => {
    const packet = Packet.receive(FRAMES[kind], 3);
    for (const [name, value] of Object.entries(expected)) {
      expect([name, field(packet, name as FieldName)]).toEqual([name, value]);
    }
    expect(field(packet, 'inPort')).toBe(3);
  });

  it('reads later fragments without a transport header', () => {
    const packet = Packet.receive(udpFrame({ fragment: 0x0010 }), 1);
    expect([field(packet, 'ipFrag'), field(packet, 'udpSrc'), field(packet, 'ipProto')]).toEqual([3, 0, 17]);
  });

  it('looks through the outermost tag only', () => {
    const packet = Packet.receive(udpFrame({ vlans: [5, 6] }), 1);
    expect([field(packet, 'vlanVid'), field(packet, 'ethType')]).toEqual([0x1005, 0x8100]);
  });

  it.each(Object.entries(FRAMES))('takes %s cut short anywhere', (kind, frame) => {
    for (let size = 0; size < frame.length; size++) {
      const packet = Packet.receive(frame.subarray(0, size), 1);
      packet.writeNumber(runOf('ipv4Src'), 1);
      packet.writeNumber(runOf('tcpSrc'), 1);
      packet.writeNumber(runOf('mplsLabel'), 1);
      packet.write(runOf('ipv6Dst'), 1n);
      packet.write(runOf('ipv6NdTll'), 1n);
      // Where there is no room for a label, one is put there.
      const isLabelled = kind === 'mpls' && size >= 14 && size < 18;
      expect(packet.bytes.length).toBe(isLabelled ? size + 4 : size);
    }
  });
});

describe('writing fields', () => {
  const cases: readonly [Kind, FieldName, unknown][] = [
    ['udp', 'ethDst', '06:05:04:03:02:01'],
    ['udp', 'ethSrc', '06:05:04:03:02:01'],
    ['udp', 'ipv4Src', '192.168.3.4'],
    ['udp', 'ipv4Dst', '255.255.255.255'],
    ['udp', 'udpSrc', 65535],
    ['udp', 'udpDst', 1],
    ['udp', 'ipDscp', 63],
    ['udp', 'ipEcn', 3],
    ['udp', 'ipTtl', 1],
    ['tagged', 'vlanVid', 0x1fff],
    ['tagged', 'vlanPcp', 7],
    ['tagged', 'ipv4Src', '1.2.3.4'],
    ['tcp', 'tcpSrc', 50000],
    ['tcp', 'tcpDst', 443],
    ['tcp', 'ipv4Dst', '8.8.8.8'],
    ['sctp', 'sctpSrc', 99],
    ['sctp', 'sctpDst', 98],
    ['icmp', 'icmpv4Type', 0],
    ['icmp', 'icmpv4Code', 3],
    ['tcp6', 'ipv6Src', 'fd00:1:2:3:4:5:6:7'],
    ['udp6', 'ipv6Dst', 'ff02::1:ff00:1'],
    ['udp6', 'udpDst', 53],
    ['tcp6', 'ipv6Flabel', 0xfffff],
    ['tcp6', 'ipDscp', 10],
    ['tcp6', 'ipTtl', 3],
    ['solicit', 'ipv6NdTarget', 'fe80::1'],
    ['solicit', 'ipv6NdSll', '06:05:04:03:02:01'],
    ['solicit', 'icmpv6Type', 136],
    ['solicit', 'ndReserved', 0x60000000],
    ['solicit', 'ndOptionsType', 2],
    ['advert', 'ipv6NdTll', '06:05:04:03:02:01'],
    ['arp', 'arpOp', 2],
    ['arp', 'arpSpa', '1.2.3.4'],
    ['arp', 'arpTpa', '1.2.3.4'],
    ['arp', 'arpSha', '06:05:04:03:02:01'],
    ['arp', 'arpTha', '06:05:04:03:02:01'],
    ['mpls', 'mplsLabel', 0xfffff],
    ['mpls', 'mplsTc', 2],
    ['mpls', 'mplsTtl', 255],
  ];

  it.each(cases)('writes into %s the field %s with its checksums', (kind, name, value) => {
    const packet = Packet.receive(FRAMES[kind], 1);
    packet.write(runOf(name), toBits(name, value));
    expect(field(Packet.receive(packet.bytes, 1), name)).toEqual(value);
    expect(rechecked(packet.bytes).equals(packet.bytes)).toBe(true);
    expect(FRAMES[kind].equals(Buffer.from(packet.bytes))).toBe(false);
  });

  it('leaves a UDP checksum that the sender did not make', () => {
    const frame = udpFrame();
    frame.writeUInt16BE(0, 14 + 20 + 6);
    const packet = Packet.receive(frame, 1);
    packet.writeNumber(runOf('udpDst'), 9);
    expect(Buffer.from(packet.bytes).readUInt16BE(40)).toBe(0);
  });

  it('leaves the bytes that it was given, and those that were shared', () => {
    const frame = udpFrame();
    const before = Buffer.from(frame);
    const packet = Packet.receive(frame, 1);
    packet.writeNumber(runOf('udpDst'), 9);
    const shared = packet.share();
    packet.writeNumber(runOf('udpDst'), 10);
    expect(frame.equals(before)).toBe(true);
    expect(Buffer.from(shared).readUInt16BE(36)).toBe(9);
    expect(Buffer.from(packet.bytes).readUInt16BE(36)).toBe(10);
  });

  it('moves bits between registers that overlap', () => {
    const packet = Packet.receive(udpFrame(), 1);
    packet.write(runOf('xxreg0'), 0x00112233_44556677_8899aabb_ccddeeffn);
    expect(readBits(packet.words, runOf('reg0'), 0, 32)).toBe(0x00112233);
    packet.move(wordRun('regs', 384, 100), wordRun('regs', 390, 100));
    const expected = ((0x00112233_44556677_8899aabb_ccddeeffn >> 100n) << 100n) & ~(0x3fn << 100n);
    const copied = (0x00112233_44556677_8899aabb_ccddeeffn & ((1n << 100n) - 1n)) << 6n;
    const low = 0x00112233_44556677_8899aabb_ccddeeffn & 0x3fn;
    const mask = ((1n << 22n) - 1n) << 106n;
    expect(readRun(packet.words, runOf('xxreg0'))).toBe((expected & mask) | copied | low);
  });
});

describe('tags and labels', () => {
  it('pushes an empty tag and pops it again', () => {
    const packet = Packet.receive(FRAMES.tagged, 1);
    packet.pushVlan(0x88a8);
    expect(Buffer.from(packet.bytes).subarray(12, 20).toString('hex')).toBe('88a8000081002005');
    expect(field(packet, 'vlanVid')).toBe(0x1000);
    packet.popVlan();
    expect(FRAMES.tagged.equals(Buffer.from(packet.bytes))).toBe(true);
    expect(field(packet, 'udpDst')).toBe(2000);
  });

  it('makes a tag for a VLAN that is written, and takes it off for none', () => {
    const packet = Packet.receive(FRAMES.udp, 1);
    packet.writeNumber(runOf('vlanVid'), 0x1007);
    expect(udpFrame({ vlans: [7] }).equals(Buffer.from(packet.bytes))).toBe(true);
    packet.writeNumber(runOf('vlanVid'), 0);
    expect(FRAMES.udp.equals(Buffer.from(packet.bytes))).toBe(true);
  });

  it('pushes labels behind the tag, with the TTL of the packet, and pops them', () => {
    const packet = Packet.receive(FRAMES.tagged, 1);
    packet.pushMpls(0x8847);
    packet.writeNumber(runOf('mplsLabel'), 77);
    packet.pushMpls(0x8848);
    expect(Buffer.from(packet.bytes).subarray(12, 26).toString('hex')).toBe(
      '81002005884800' + '04d0400004d140',
    );
    expect([field(packet, 'mplsBos'), field(packet, 'mplsLabel')]).toEqual([0, 77]);
    packet.popMpls(0x8847);
    packet.popMpls(0x0800);
    expect(FRAMES.tagged.equals(Buffer.from(packet.bytes))).toBe(true);
    expect(field(packet, 'udpDst')).toBe(2000);
  });

  it('takes a label off that says nothing any more, and puts one there that says anything', () => {
    const said = ethernet(0x8847, hex('00002 040'.replace(' ', '')));
    const packet = Packet.receive(said, 1);
    packet.writeNumber(runOf('mplsTtl'), 0);
    expect(packet.bytes).toHaveLength(said.length);
    packet.writeNumber(runOf('mplsLabel'), 0);
    expect(packet.bytes).toHaveLength(said.length - 4);
    packet.writeNumber(runOf('mplsTtl'), 5);
    expect(Buffer.from(packet.bytes).subarray(14).toString('hex')).toBe('00000005');
    const silent = Packet.receive(ethernet(0x8847, hex('00000000')), 1);
    silent.writeNumber(runOf('mplsTtl'), 0);
    expect(silent.bytes).toHaveLength(18);
    silent.writeNumber(runOf('mplsTtl'), 5);
    expect(Buffer.from(silent.bytes).subarray(14).toString('hex')).toBe('0000000500000000');
  });

  it('counts a TTL down to 1 and no further', () => {
    const packet = Packet.receive(udpFrame({ ttl: 2 }), 1);
    expect(packet.decrement('nwTtl')).toBe(true);
    expect(packet.decrement('nwTtl')).toBe(false);
    expect(rechecked(packet.bytes).equals(packet.bytes)).toBe(true);
    expect(field(packet, 'ipTtl')).toBe(1);
  });
});
