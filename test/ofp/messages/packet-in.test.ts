import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { type PacketIn, packetInReasons } from '../../../src/ofp/messages/packet-in.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';

function packetInOf(bytes: Uint8Array): PacketIn {
  const message = decode(bytes);
  if (message.type !== 'packetIn') throw new Error(message.type);
  return message;
}

const HEX =
  '040a002e 00000007 00000009 0040 02 05 fedcba9876543210 0001000c 80000004 00000003 00000000 0000 aabbccdd';

describe('a packet-in', () => {
  it('is read field by field', () => {
    const message = packetInOf(bytesOf(HEX));
    expect(plain(message)).toEqual(
      plain({
        type: 'packetIn',
        xid: 7,
        bufferId: 9,
        totalLen: 64,
        reason: 'invalidTtl',
        tableId: 5,
        cookie: Long.fromString('fedcba9876543210', true, 16),
        match: { inPort: 3 },
        data: bytesOf('aabbccdd'),
      }),
    );
    expect(encode(message).equals(bytesOf(HEX))).toBe(true);
  });

  it.each(fixturesOf('OFPT_PACKET_IN'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const message = packetInOf(bytes);
    expect(message.totalLen).toBe(Number(/total_len=(\d+)/.exec(print)![1]));
    expect(message.data.length).toBe(Number(/data_len=(\d+)/.exec(print)![1]));
    const [, inPort] = /in_port=(\w+)/.exec(print)!;
    expect(message.match.inPort).toBe(inPort === 'LOCAL' ? 0xfffffffe : Number(inPort));
    expect(message.reason).toBe(/via (\w+)/.exec(print)![1]);
    const cookie = /cookie=(0x[0-9a-f]+)/.exec(print)?.[1] ?? '0xffffffffffffffff';
    if (print.includes('cookie=')) expect(`0x${message.cookie.toString(16)}`).toBe(cookie);
  });

  it('brings the fields of the pipeline', () => {
    const { bytes } = fixture('OFPT_PACKET_IN: monitor 65535 -P standard (2)');
    expect(packetInOf(bytes).match).toMatchObject({
      inPort: 1,
      pktMark: 9,
      tunnelId: Long.fromNumber(7, true),
      tunIpv4Src: '192.0.2.1',
      metadata: Long.fromNumber(5, true),
    });
  });

  it('decodes its match at first use, and once', () => {
    const message = packetInOf(bytesOf(HEX));
    expect(message.match).toBe(message.match);
    expect(message.cookie).toEqual(message.cookie);
  });

  it('becomes plain properties as JSON and when spread over toJSON', () => {
    const message = packetInOf(bytesOf(HEX));
    const { toJSON } = message as unknown as { toJSON(): PacketIn };
    expect(Object.keys(toJSON.call(message))).toEqual([
      'type',
      'xid',
      'bufferId',
      'totalLen',
      'reason',
      'tableId',
      'cookie',
      'match',
      'data',
    ]);
  });

  it('gives its data as a view, without copying it', () => {
    const bytes = bytesOf(HEX);
    const { data } = packetInOf(bytes);
    bytes[bytes.length - 1] = 0;
    expect(Buffer.from(data).toString('hex')).toBe('aabbcc00');
  });

  it('may have no data', () => {
    const message = packetInOf(bytesOf(HEX.replace('002e', '002a').slice(0, -8)));
    expect(message.data.length).toBe(0);
  });

  it('is not buffered and whole unless it says otherwise', () => {
    const bytes = encode({
      type: 'packetIn',
      reason: 'noMatch',
      tableId: 0,
      cookie: 0,
      match: {},
      data: bytesOf('0102'),
    });
    const hex = '040a0024 00000000 ffffffff 0002 00 00 0000000000000000 0001000400000000 0000 0102';
    expect(bytes.equals(bytesOf(hex))).toBe(true);
  });

  it('has the reasons of the specification, and those of OpenFlow 1.4', () => {
    const names = [0, 1, 2, 3, 4, 5, 6].map((code) => packetInReasons.name(code));
    expect(names).toEqual(['noMatch', 'action', 'invalidTtl', 'actionSet', 'group', 'packetOut', 6]);
  });

  it.each([
    ['a match over the message', HEX.replace('0001000c', '00010019'), 'OFP_BAD_LENGTH'],
    ['a match of OpenFlow 1.0', HEX.replace('0001000c', '0000000c'), 'OFP_BAD_MATCH_TYPE'],
    ['no padding behind the match', HEX.replace('002e', '0029').slice(0, -10), 'OFP_TRUNCATED'],
  ])('is refused at once for %s', (_what, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code);
  });

  it('refuses a malformed field when the match is used, and leaves the rest readable', () => {
    const message = packetInOf(bytesOf(HEX.replace('80000004', '800000ff')));
    expect(message.data.length).toBe(4);
    expect(codeOf(() => message.match)).toBe('OFP_BAD_LENGTH');
    expect(codeOf(() => JSON.stringify(message))).toBe('OFP_BAD_LENGTH');
    expect(codeOf(() => encode(message))).toBe('OFP_BAD_LENGTH');
  });
});
