import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MatchInit } from '../../../src/ofp/oxm/fields.ts';
import { checkMatch } from '../../../src/ofp/oxm/prerequisites.ts';
import { codeOf } from '../checks.ts';

const IPV4 = { ethType: 0x0800 } as const;
const IPV6 = { ethType: 0x86dd } as const;
const ICMPV6 = { ...IPV6, ipProto: 58 } as const;
const MAC = '02:00:00:00:00:01';

const isAccepted = (match: object) => codeOf(() => checkMatch(match as MatchInit)) === undefined;

describe('a match', () => {
  it.each<[string, MatchInit]>([
    ['of every packet', {}],
    ['of fields that need nothing', { inPort: 1, ethDst: MAC, metadata: 5, reg0: 1 }],
    ['of IPv4 addresses', { ...IPV4, ipv4Src: '10.0.0.0/8', ipv4Dst: '10.0.0.1' }],
    ['of an IPv6 label', { ...IPV6, ipv6Flabel: 5 }],
    ['of TCP ports', { ...IPV4, ipProto: 6, tcpSrc: 1, tcpDst: 2 }],
    ['of UDP over IPv6', { ...IPV6, ipProto: 17, udpDst: 53 }],
    ['of ICMP', { ...IPV4, ipProto: 1, icmpv4Type: 8 }],
    ['of ARP, and of RARP', { ethType: 0x8035, arpOp: 3 }],
    [
      'of a neighbour that is asked for',
      { ...ICMPV6, icmpv6Type: 135, ipv6NdTarget: 'fe80::1', ipv6NdSll: MAC },
    ],
    ['of a priority in a tag', { vlanVid: 0x1005, vlanPcp: 1 }],
    ['of a priority in any tag', { vlanVid: { value: 0x1000, mask: 0x1000 }, vlanPcp: 1 }],
    ['of the older forms', { nxmEthType: 0x0800, nxmIpProto: 6, nxmTcpDst: 80 }],
    ['of a packet type', { packetType: 0x1_0800, ipv4Dst: '10.0.0.1' }],
    ['of a tracked connection', { ...IPV4, ctState: { value: 0x22, mask: 0x22 }, ctNwSrc: '10.0.0.1' }],
    ['with a field left undefined', { ipv4Dst: undefined, inPort: 1 } as never],
    ['with a field that is not known', { 'unknown:0x43210004': Buffer.alloc(4) }],
  ])('%s is accepted', (_what, match) => {
    expect(() => checkMatch(match)).not.toThrow();
  });

  it.each<[string, MatchInit, string]>([
    [
      'IPv4 without its EtherType',
      { ipv4Dst: '10.0.0.1' },
      'ipv4Dst is not in every packet .*; add ethType: 0x0800',
    ],
    ['IPv4 of another EtherType', { ...IPV6, ipv4Dst: '10.0.0.1' }, 'add ethType: 0x0800'],
    ['TCP without its protocol', { ...IPV4, tcpDst: 80 }, 'tcpDst .* add ethType: 0x0800 .* and ipProto: 6'],
    ['TCP of another protocol', { ...IPV4, ipProto: 17, tcpDst: 80 }, 'ipProto: 6'],
    ['a protocol without EtherType', { ipProto: 6 }, 'ethType: 0x0800 or ethType: 0x86dd'],
    ['an EtherType that comes later', { ipv4Dst: '10.0.0.1', ...IPV4 }, 'what it needs stands behind it'],
    ['a protocol that comes later', { ...IPV4, tcpDst: 80, ipProto: 6 }, 'what it needs stands behind it'],
    ['a priority without a tag', { vlanPcp: 1 }, 'vlanVid with the bit 0x1000'],
    ['a priority outside of tags', { vlanVid: 0, vlanPcp: 1 }, 'vlanVid with the bit 0x1000'],
    [
      'a neighbour that answers, asked for',
      { ...ICMPV6, icmpv6Type: 135, ipv6NdTll: MAC },
      'icmpv6Type: 136',
    ],
    ['a connection of any state', { ctNwSrc: '10.0.0.1' }, 'ctState with a valid connection'],
    ['a physical port alone', { inPhyPort: 1 }, 'add inPort'],
  ])('is refused for %s', (_what, match, sentence) => {
    expect(codeOf(() => checkMatch(match))).toBe('OFP_BAD_PREREQUISITE');
    expect(() => checkMatch(match)).toThrow(new RegExp(sentence));
  });

  it('is accepted exactly when each of its beginnings is, in any order', () => {
    const fields = {
      inPort: 1,
      inPhyPort: 1,
      ethType: 0x0800,
      nxmEthType: 0x86dd,
      ipProto: 6,
      ipv4Dst: '10.0.0.1',
      ipv6Dst: 'fd00::1',
      tcpDst: 80,
      tcpSrc: 80,
      udpDst: 53,
      vlanVid: 0x1001,
      vlanPcp: 1,
      icmpv6Type: 135,
      icmpv6Code: 0,
      ipv6NdTarget: 'fe80::1',
    };
    const entries = Object.entries(fields);
    fc.assert(
      fc.property(fc.shuffledSubarray(entries, { maxLength: 6 }), (chosen) => {
        const beginnings = chosen.map((_, index) => Object.fromEntries(chosen.slice(0, index + 1)));
        expect(isAccepted(Object.fromEntries(chosen))).toBe(beginnings.every(isAccepted));
      }),
      { numRuns: 2000 },
    );
  });
});
