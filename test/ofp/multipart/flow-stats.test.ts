import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { output } from '../../../src/ofp/actions/standard.ts';
import { decode, encode } from '../../../src/ofp/message.ts';
import type { FlowStatsInit } from '../../../src/ofp/multipart/flow-stats.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';
import { numbersIn, replyOf, requestOf } from './bodies.ts';

const FLOW: FlowStatsInit = {
  tableId: 1,
  durationSec: 2,
  durationNsec: 3,
  priority: 4,
  idleTimeout: 5,
  hardTimeout: 6,
  flags: 7,
  cookie: 8,
  packetCount: 9n,
  byteCount: Long.fromNumber(10, true),
  match: { inPort: 11 },
  instructions: [{ type: 'applyActions', actions: [output(12)] }],
};
const ENTRY = [
  '0058 01 00 00000002 00000003 0004 0005 0006 0007 00000000',
  '0000000000000008 0000000000000009 000000000000000a 0001 000c 80000004 0000000b 00000000',
  '0004 0018 00000000 0000 0010 0000000c 0000 000000000000',
].join('');

describe('flow statistics', () => {
  it.each(fixturesOf('OFPST_FLOW reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const flows = replyOf('flow', bytes);
      expect(flows.map(({ tableId }) => tableId)).toEqual(numbersIn(print, / table=(\d+)/g));
      expect(flows.map(({ cookie }) => `0x${cookie.toString(16)}`)).toEqual(
        [...print.matchAll(/ cookie=(0x[0-9a-f]+), duration/g)].map(([, cookie]) => cookie),
      );
      expect(flows.map(({ packetCount }) => packetCount.toNumber())).toEqual(
        numbersIn(print, /n_packets=(\d+)/g),
      );
      expect(flows.map(({ byteCount }) => byteCount.toNumber())).toEqual(numbersIn(print, /n_bytes=(\d+)/g));
      expect(flows.map(({ durationSec }) => durationSec)).toEqual(numbersIn(print, /duration=(\d+)\./g));
      expect(flows.map(({ priority }) => priority).filter((priority) => priority !== 0x8000)).toEqual(
        numbersIn(print, /^ cookie.*?[ ,]priority=(\d+)/gm),
      );
    },
  );

  it('count the packets that a flow has taken', () => {
    const flows = replyOf('flow', fixture('OFPST_FLOW reply: dump-flows after packets').bytes);
    expect(flows.some(({ packetCount }) => !packetCount.isZero())).toBe(true);
  });

  it('are written field by field', () => {
    const bytes = encode({ type: 'multipartReply', multipartType: 'flow', body: [FLOW] });
    expect(bytes.equals(bytesOf(`04130068 00000000 0001 0000 00000000 ${ENTRY}`))).toBe(true);
  });

  it('come as many as fit a message, also none', () => {
    const reply = (body: readonly FlowStatsInit[]) =>
      encode({ type: 'multipartReply', multipartType: 'flow', body });
    expect(replyOf('flow', reply([]))).toEqual([]);
    expect(replyOf('flow', reply([FLOW, FLOW, FLOW])).length).toBe(3);
    expect(codeOf(() => reply(new Array(1000).fill(FLOW)))).toBe('OFP_TOO_LONG');
  });

  it('are asked for by what the flows must have', () => {
    expect(requestOf('flow', fixture('OFPST_FLOW request: dump-flows').bytes)).toEqual({
      tableId: 10,
      outPort: 1,
      outGroup: 0xffffffff,
      cookie: Long.fromNumber(1, true),
      cookieMask: Long.fromNumber(0xff, true),
      match: { ethType: 0x800, ipProto: 6 },
    });
  });

  it.each([
    [
      'an entry that is cut',
      '04130020 00000000 0001 0000 00000000 0058 01 00 00000002 00000003 00040005',
      'OFP_TRUNCATED',
    ],
    [
      'an entry over the message',
      `04130068 00000000 0001 0000 00000000 ${ENTRY.replace('0058', '0060')}`,
      'OFP_BAD_LENGTH',
    ],
    [
      'an entry under its fixed part',
      `04130068 00000000 0001 0000 00000000 ${ENTRY.replace('0058', '0037')}`,
      'OFP_BAD_LENGTH',
    ],
    [
      'an entry that would never end',
      `04130068 00000000 0001 0000 00000000 ${ENTRY.replace('0058', '0000')}`,
      'OFP_BAD_LENGTH',
    ],
    [
      'an entry whose match is over it',
      `04130068 00000000 0001 0000 00000000 ${ENTRY.replace('000c 8000', '0050 8000')}`,
      'OFP_BAD_LENGTH',
    ],
    [
      'an entry that ends within an instruction',
      `04130068 00000000 0001 0000 00000000 ${ENTRY.replace('0058', '0050')}`,
      'OFP_BAD_LENGTH',
    ],
  ])('are refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code);
  });
});

describe('aggregate statistics', () => {
  it.each(fixturesOf('OFPST_AGGREGATE reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const [, packets, byteCount, flows] = /packet_count=(\d+) byte_count=(\d+) flow_count=(\d+)/.exec(
        print,
      )!;
      expect(replyOf('aggregate', bytes)).toEqual({
        packetCount: Long.fromString(packets!, true),
        byteCount: Long.fromString(byteCount!, true),
        flowCount: Number(flows),
      });
    },
  );

  it('are asked for as flow statistics are', () => {
    expect(
      requestOf('aggregate', fixture('OFPST_AGGREGATE request: dump-aggregate (2)').bytes),
    ).toMatchObject({
      tableId: 10,
      match: { ethType: 0x800 },
    });
  });
});
