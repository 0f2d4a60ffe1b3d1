import { describe, expect, it } from '@jest/globals';
import {
  type ActionInit,
  decode,
  encode,
  FlowModFlag,
  type FlowSpec,
  type GroupSpec,
  group,
  type InstructionInit,
  type MatchInit,
  type MeterSpec,
  output,
  setField,
} from '../../../src/ofp/index.ts';
import {
  flowBehaviour,
  flowIdentity,
  groupBehaviour,
  meterBehaviour,
} from '../../../src/ofp/session/fingerprint.ts';

const flow = (match: MatchInit): FlowSpec => ({ tableId: 1, priority: 2, match });
const doing = (...instructions: readonly InstructionInit[]): FlowSpec => ({ ...flow({}), instructions });
const apply = (...actions: readonly ActionInit[]) => ({ type: 'applyActions', actions }) as const;

describe('the identity of a flow', () => {
  const IPV4 = { ethType: 0x0800 };
  const ALL_ONES = 0xffff_ffff_ffff_ffffn;

  it.each<[string, MatchInit, MatchInit]>([
    ['order', { inPort: 1, ethType: 0x0800 }, { ethType: 0x0800, inPort: 1 }],
    ['case', { ethSrc: 'AA:BB:CC:DD:EE:FF' }, { ethSrc: 'aa:bb:cc:dd:ee:ff' }],
    ['a prefix', { ...IPV4, ipv4Dst: '10.1.0.0/16' }, { ...IPV4, ipv4Dst: '10.1.0.0/255.255.0.0' }],
    [
      'text for a mask',
      { ...IPV4, ipv4Dst: '10.1.0.0/16' },
      { ...IPV4, ipv4Dst: { value: '10.1.0.0', mask: '255.255.0.0' } },
    ],
    ['a full prefix', { ...IPV4, ipv4Dst: '10.1.2.3/32' }, { ...IPV4, ipv4Dst: '10.1.2.3' }],
    ['bits beside a mask', { ...IPV4, ipv4Dst: '10.1.2.3/16' }, { ...IPV4, ipv4Dst: '10.1.0.0/16' }],
    ['an empty prefix', { ...IPV4, ipv4Dst: '0.0.0.0/0' }, IPV4],
    ['a full mask', { metadata: { value: 5n, mask: ALL_ONES } }, { metadata: 5 }],
    ['a full mask of 13 bits', { vlanVid: { value: 0x1005, mask: 0x1fff } }, { vlanVid: 0x1005 }],
    [
      'a full mask of 20 bits',
      { ethType: 0x86dd, ipv6Flabel: { value: 1, mask: 0xfffff } },
      { ethType: 0x86dd, ipv6Flabel: 1 },
    ],
    ['an empty mask', { metadata: { value: 5n, mask: 0n } }, {}],
    ['kinds of numbers', { tunnelId: 5n }, { tunnelId: 5 }],
    ['an absent field', { inPort: 1, ethType: undefined } as unknown as MatchInit, { inPort: 1 }],
    [
      'short IPv6 addresses',
      { ethType: 0x86dd, ipv6Src: 'FD00::0:1' },
      { ethType: 0x86dd, ipv6Src: 'fd00::1' },
    ],
  ])('does not depend on %s', (_, one, other) => {
    expect(flowIdentity(flow(one))).toBe(flowIdentity(flow(other)));
  });

  it('is the same when a match has been through the wire', () => {
    const match: MatchInit = {
      inPort: 3,
      metadata: { value: 0x1_0000_0007, mask: 0x1_ffff_ffff },
      tunnelId: 7,
      tunIpv4Src: '192.0.2.1',
      ethSrc: '02:00:00:00:00:01',
      ethDst: '01:00:00:00:00:00/01:00:00:00:00:00',
      vlanVid: { value: 0x1000, mask: 0x1000 },
    };
    const read = decode(encode({ type: 'flowMod', command: 'add', match }));
    expect(read.type === 'flowMod' && flowIdentity(flow(read.match))).toBe(flowIdentity(flow(match)));
  });

  it('is another one in another table, with another priority or another match', () => {
    const spec = flow({ inPort: 1 });
    const others: FlowSpec[] = [
      { ...spec, tableId: 2 },
      { ...spec, priority: 3 },
      flow({ inPort: 2 }),
      flow({}),
      flow({ inPort: 1, ethType: 0x0806 }),
      flow({ metadata: { value: 1, mask: 1 } }),
      flow({ metadata: { value: 1, mask: 3 } }),
      flow({ metadata: 1 }),
      flow({ vlanVid: { value: 0x1005, mask: 0x1ffe } }),
    ];
    const identities = new Set([spec, ...others].map(flowIdentity));
    expect(identities.size).toBe(others.length + 1);
  });

  it('does not depend on what the flow does', () => {
    const spec = flow({ inPort: 1 });
    const other = { ...spec, cookie: 5, idleTimeout: 9, flags: FlowModFlag.SEND_FLOW_REM };
    expect(flowIdentity({ ...other, ...doing(apply(output(1))), match: { inPort: 1 } })).toBe(
      flowIdentity(spec),
    );
  });
});

describe('the behaviour of a flow', () => {
  it('does not depend on the order of instructions, which switches have one of', () => {
    const one = doing({ type: 'gotoTable', tableId: 5 }, apply(output(1)), { type: 'meter', meterId: 1 });
    const other = doing({ type: 'meter', meterId: 1 }, apply(output(1)), { type: 'gotoTable', tableId: 5 });
    expect(flowBehaviour(one)).toBe(flowBehaviour(other));
  });

  it('depends on the order of actions', () => {
    const one = doing(apply(output(1), setField('ethDst', '02:00:00:00:00:01'), output(2)));
    const other = doing(apply(setField('ethDst', '02:00:00:00:00:01'), output(1), output(2)));
    expect(flowBehaviour(one)).not.toBe(flowBehaviour(other));
  });

  it('is nothing without instructions, and with empty lists of actions', () => {
    const { instructions: _, ...nothing } = doing();
    expect(flowBehaviour(nothing)).toBe('');
    expect(flowBehaviour(doing())).toBe('');
    expect(flowBehaviour(doing(apply(), { type: 'writeActions', actions: [] }))).toBe('');
    expect(flowBehaviour(doing({ type: 'clearActions' }))).not.toBe('');
  });

  it('is the same when numbers and addresses are written otherwise', () => {
    const one = doing(apply(setField('tunnelId', 5), setField('ethDst', 'AA:00:00:00:00:01')));
    const other = doing(apply(setField('tunnelId', 5n), setField('ethDst', 'aa:00:00:00:00:01')));
    expect(flowBehaviour(one)).toBe(flowBehaviour(other));
    const written = doing({ type: 'writeMetadata', metadata: 5, metadataMask: 7 });
    const long = doing({ type: 'writeMetadata', metadata: 5n, metadataMask: 7n });
    expect(flowBehaviour(written)).toBe(flowBehaviour(long));
  });
});

describe('the behaviour of a group', () => {
  const all: GroupSpec = { groupId: 1, groupType: 'all', buckets: [{ actions: [output(1)] }] };

  it('is its type and its buckets, in their order', () => {
    const others: GroupSpec[] = [
      { ...all, groupType: 'indirect' },
      { ...all, buckets: [] },
      { ...all, buckets: [{ actions: [output(1)] }, { actions: [output(2)] }] },
      { ...all, buckets: [{ actions: [output(2)] }, { actions: [output(1)] }] },
      { ...all, buckets: [{ weight: 5, actions: [output(1)] }] },
      { ...all, buckets: [{ actions: [group(1)] }] },
    ];
    expect(new Set([all, ...others].map(groupBehaviour)).size).toBe(others.length + 1);
    expect(groupBehaviour({ ...all, groupId: 2 })).toBe(groupBehaviour(all));
  });
});

describe('the behaviour of a meter', () => {
  const meter = (flags: number, burstSize: number): MeterSpec => ({
    meterId: 1,
    flags,
    bands: [{ type: 'drop', rate: 100, burstSize }],
  });

  it('has a burst only when its flags say so: switches fill in one of their own', () => {
    expect(meterBehaviour(meter(1, 0))).toBe(meterBehaviour(meter(1, 100)));
    expect(meterBehaviour(meter(5, 0))).not.toBe(meterBehaviour(meter(5, 100)));
    expect(meterBehaviour(meter(1, 0))).not.toBe(meterBehaviour(meter(2, 0)));
  });
});
