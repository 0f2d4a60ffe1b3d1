import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type ActionInit,
  decode,
  encode,
  FlowModFlag,
  type FlowSpec,
  type InstructionInit,
  type MatchInit,
  output,
  setField,
} from '../../../src/ofp/index.ts';
import { decodeFlowEntry } from '../../../src/ofp/multipart/flow-stats.ts';
import {
  doesSame,
  encodeFlowEntry,
  hashFlow,
  hasSameFrame,
  isSameFlow,
  isWalkable,
} from '../../../src/ofp/session/flow-entry.ts';
import { wireView } from '../../../src/ofp/wire/wire-view.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { bytesOf } from '../checks.ts';
import { anyMatch } from '../oxm/fields.ts';

const flow = (match: MatchInit): FlowSpec => ({ tableId: 1, priority: 2, match });
const doing = (...instructions: readonly InstructionInit[]): FlowSpec => ({ ...flow({}), instructions });
const apply = (...actions: readonly ActionInit[]) => ({ type: 'applyActions', actions }) as const;

/** An entry in the midst of other bytes. */
function entryOf(spec: FlowSpec, before: number): [writer: Writer, start: number] {
  const writer = new Writer(8);
  writer.raw(Buffer.alloc(before, 0xff));
  return [writer, encodeFlowEntry(writer, spec)];
}

/** Whether it is the same flow; then the hashes have to be the same, too. */
function same(one: FlowSpec, other: FlowSpec): boolean {
  const [a, b] = [entryOf(one, 3), entryOf(other, 8)];
  const isSame = isSameFlow(...a, ...b);
  expect(isSameFlow(...b, ...a)).toBe(isSame);
  expect(hashFlow(...a) === hashFlow(...b)).toBe(isSame);
  return isSame;
}

function sameBehaviour(one: FlowSpec, other: FlowSpec): boolean {
  return doesSame(...entryOf(one, 3), ...entryOf(other, 8));
}

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
    expect(same(flow(one), flow(other))).toBe(true);
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
    expect(read.type === 'flowMod' && same(flow(read.match), flow(match))).toBe(true);
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
    const all = [spec, ...others];
    for (const one of all) expect(all.filter((other) => same(one, other))).toEqual([one]);
  });

  it('does not depend on what the flow does', () => {
    const spec = flow({ inPort: 1 });
    const other = { ...spec, cookie: 5, idleTimeout: 9, flags: FlowModFlag.SEND_FLOW_REM };
    expect(same({ ...other, ...doing(apply(output(1))), match: { inPort: 1 } }, spec)).toBe(true);
  });
});

describe('the behaviour of a flow', () => {
  it('does not depend on the order of instructions, which switches have one of', () => {
    const one = doing({ type: 'gotoTable', tableId: 5 }, apply(output(1)), { type: 'meter', meterId: 1 });
    const other = doing({ type: 'meter', meterId: 1 }, apply(output(1)), { type: 'gotoTable', tableId: 5 });
    expect(sameBehaviour(one, other)).toBe(true);
  });

  it('depends on the order of actions', () => {
    const one = doing(apply(output(1), setField('ethDst', '02:00:00:00:00:01'), output(2)));
    const other = doing(apply(setField('ethDst', '02:00:00:00:00:01'), output(1), output(2)));
    expect(sameBehaviour(one, other)).toBe(false);
  });

  it('is nothing without instructions, and with empty lists of actions', () => {
    const { instructions: _, ...nothing } = doing();
    expect(sameBehaviour(doing(), nothing)).toBe(true);
    expect(sameBehaviour(doing(apply(), { type: 'writeActions', actions: [] }), nothing)).toBe(true);
    expect(sameBehaviour(doing({ type: 'clearActions' }), nothing)).toBe(false);
  });

  it('is the same when numbers and addresses are written otherwise', () => {
    const one = doing(apply(setField('tunnelId', 5), setField('ethDst', 'AA:00:00:00:00:01')));
    const other = doing(apply(setField('tunnelId', 5n), setField('ethDst', 'aa:00:00:00:00:01')));
    expect(sameBehaviour(one, other)).toBe(true);
    const written = doing({ type: 'writeMetadata', metadata: 5, metadataMask: 7 });
    const long = doing({ type: 'writeMetadata', metadata: 5n, metadataMask: 7n });
    expect(sameBehaviour(written, long)).toBe(true);
  });
});

describe('the frame of a flow', () => {
  const sameFrame = (one: FlowSpec, other: FlowSpec) =>
    hasSameFrame(...entryOf(one, 3), ...entryOf(other, 8));
  const spec = flow({ inPort: 1 });

  it('is its cookie, its timeouts and its flags', () => {
    const others: Partial<FlowSpec>[] = [
      { cookie: 1 },
      { cookie: 1n << 63n },
      { idleTimeout: 1 },
      { hardTimeout: 1 },
      { flags: FlowModFlag.SEND_FLOW_REM },
    ];
    for (const other of others) expect(sameFrame({ ...spec, ...other }, spec)).toBe(false);
    expect(sameFrame({ ...spec, ...doing(apply(output(1))), priority: 9, tableId: 9 }, spec)).toBe(true);
  });

  it('leaves out RESET_COUNTS', () => {
    expect(sameFrame({ ...spec, flags: FlowModFlag.RESET_COUNTS }, spec)).toBe(true);
  });
});

describe('an encoded flow', () => {
  it('is an entry that decodes to the same flow, whatever its match is', () => {
    fc.assert(
      fc.property(anyMatch, fc.nat(0xff), (match, tableId) => {
        const spec: FlowSpec = { ...flow(match), tableId, cookie: 5n, instructions: [apply(output(1))] };
        const [writer, start] = entryOf(spec, 5);
        expect(isWalkable(writer, start, writer.offset)).toBe(true);
        const read = decodeFlowEntry(writer, start, writer.offset);
        expect(same(read, spec) && sameBehaviour(read, spec)).toBe(true);
      }),
    );
  });
});

describe('a match that is not walked', () => {
  const HEAD = '0000'.repeat(24);

  it.each([
    ['another type', '0000 0004 00000000'],
    ['a length under its header', '0001 0003 00000000'],
    ['a length over the entry', '0001 0010 80000004'],
    ['a field over its end', '0001 000b 80000004 00000001 00000000'],
    ['a cut field header', '0001 0006 80000004 00000001 00000000'],
  ])('has %s', (_what, hex) => {
    const bytes = bytesOf(HEAD + hex);
    expect(isWalkable(wireView(bytes), 0, bytes.length)).toBe(false);
  });
});
