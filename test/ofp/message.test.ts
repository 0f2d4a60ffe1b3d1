import { describe, expect, it } from '@jest/globals';
import { decode, encode, encodeInto, type MessageInit, messageCodecs } from '../../src/ofp/message.ts';
import { Writer } from '../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf, decodeFully, plain, survives } from './checks.ts';
import { fixtures } from './fixtures.ts';

/** Lengths that a 16-bit field is given, whatever it is; with those next to what it was. */
const LENGTHS = [0, 4, 8, 0xffff];

describe.each(fixtures)('$name', ({ hex, print }) => {
  const bytes = Buffer.from(hex, 'hex');

  it('is decoded and encoded back', () => {
    expect(encode(decode(bytes)).toString('hex')).toBe(hex);
  });

  it('has the xid that Open vSwitch reads', () => {
    const [, xid] = /\(xid=(0x[0-9a-f]+)\)/.exec(print)!;
    expect(decode(bytes).xid).toBe(Number(xid));
  });

  it('is decoded in the midst of other bytes', () => {
    const among = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(9, 0xff)]);
    const message = decodeFully(among, 3);
    expect(plain(message)).toEqual(plain(decode(bytes)));
    expect(encode(message).equals(bytes)).toBe(true);
  });

  it('is refused when cut short', () => {
    const codes = new Set<string | undefined>();
    for (let size = 0; size < bytes.length; size++) codes.add(codeOf(() => decode(bytes.subarray(0, size))));
    expect(codes).not.toContain(undefined);
  });

  it('is refused when cut short behind other bytes, as at the beginning', () => {
    // One buffer for all sizes: decode must stop at the end of the bytes that it is given, not at that of their buffer.
    const among = Buffer.concat([Buffer.alloc(5, 0xff), bytes, Buffer.alloc(3, 0xff)]);
    for (let size = 0; size < bytes.length; size++) {
      const first = codeOf(() => decode(bytes.subarray(0, size)));
      expect(codeOf(() => decode(among.subarray(0, 5 + size), 5))).toBe(first);
    }
  });

  it('is refused or read otherwise when cut short with a length to match', () => {
    for (let size = 8; size < bytes.length; size++) {
      const cut = Buffer.from(bytes.subarray(0, size));
      cut.writeUInt16BE(size, 2);
      survives(cut);
    }
  });

  it('is refused or read otherwise when a length in it is wrong', () => {
    // Of the longest messages every other, every third … field, so that no message takes longer than its neighbours.
    const step = 2 * Math.ceil(bytes.length / 128);
    for (let at = 2; at + 2 <= bytes.length; at += step) {
      const value = bytes.readUInt16BE(at);
      for (const length of [...LENGTHS, (value - 1) & 0xffff, (value + 1) & 0xffff, (value + 8) & 0xffff]) {
        const corrupt = Buffer.from(bytes);
        corrupt.writeUInt16BE(length, at);
        survives(corrupt);
      }
    }
  });
});

describe('the fixtures', () => {
  const types = fixtures.map(({ hex }) => decode(Buffer.from(hex, 'hex')).type);

  it('have every message of the specification', () => {
    const missing = messageCodecs.map(({ type }) => type).filter((type) => !types.includes(type as 'hello'));
    // Open vSwitch has none of its own left over: what it sends as experimenter is known here.
    expect(missing.filter((type) => type !== 'experimenter')).toEqual([]);
  });

  it('are what Open vSwitch takes them for', () => {
    for (const { hex, name } of fixtures) {
      const [, words] = /^OFPT_(\w+)/.exec(name) ?? [];
      if (words === undefined) continue;
      const camel = words.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      expect([name, decode(Buffer.from(hex, 'hex')).type]).toEqual([name, camel]);
    }
  });
});

describe('decode', () => {
  it.each([
    ['no bytes', '', 'OFP_TRUNCATED'],
    ['half a header', '04000008', 'OFP_TRUNCATED'],
    ['a length under the header', '0405000700000001', 'OFP_BAD_LENGTH'],
    ['a length of 0', '0405000000000001', 'OFP_BAD_LENGTH'],
    ['a length over the bytes that there are', '0405000900000001', 'OFP_BAD_LENGTH'],
    ['a message shorter than its fixed part', '0406001000000001 0000000000000001', 'OFP_TRUNCATED'],
    ['OpenFlow 1.0', '0105000800000001', 'OFP_BAD_VERSION'],
    ['OpenFlow 1.5', '0605000800000001', 'OFP_BAD_VERSION'],
    ['version 0', '0005000800000001', 'OFP_BAD_VERSION'],
  ])('refuses %s', (_what, hex, code) => {
    expect(codeOf(() => decode(bytesOf(hex)))).toBe(code);
  });

  it.each([
    ['an offset at the end', 8],
    ['an offset beyond the end', 9],
  ])('refuses %s', (_what, offset) => {
    expect(codeOf(() => decode(bytesOf('0405000800000001'), offset))).toBe('OFP_TRUNCATED');
  });

  it('says what it expected and what came', () => {
    expect(() => decode(bytesOf('0605000800000001'))).toThrow('expected version 4 (OpenFlow 1.3), got 6');
    expect(() => decode(bytesOf('0405000700000001'))).toThrow('message has length 7, expected 8 bytes');
    expect(() => decode(bytesOf('0406000900000001 00'))).toThrow(
      'message featuresReply takes 32 bytes, 9 are left',
    );
  });

  it('takes hello and error of any version, since they come before one is agreed on', () => {
    expect(decode(bytesOf('0600000800000001'))).toMatchObject({ type: 'hello', version: 6 });
    expect(decode(bytesOf('0101000c00000001 00000000'))).toMatchObject({ type: 'error', version: 1 });
  });

  it('does not look at what follows the message', () => {
    expect(decode(bytesOf('0414000800000007 ffffffffffffffff'))).toEqual({ type: 'barrierRequest', xid: 7 });
  });

  it('reads any Uint8Array, a view into the middle of a buffer too', () => {
    const bytes = new Uint8Array([0, 0, 0, 4, 20, 0, 8, 0xff, 0xff, 0xff, 0xff, 0]).subarray(3);
    expect(decode(bytes)).toEqual({ type: 'barrierRequest', xid: 0xffffffff });
  });

  it('keeps messages of unknown types as they came', () => {
    const bytes = bytesOf('04 63 000b 00000005 010203');
    expect(plain(decode(bytes))).toEqual(
      plain({ type: 'unknown', xid: 5, code: 99, raw: bytes.subarray(8) }),
    );
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });
});

describe('encode', () => {
  it('gives bytes of their own, with xid 0 unless told otherwise', () => {
    expect(encode({ type: 'barrierRequest' }).toString('hex')).toBe('0414000800000000');
    expect(encode({ type: 'barrierRequest', xid: 0xffffffff }).toString('hex')).toBe('04140008ffffffff');
  });

  it('refuses a message that has no such name', () => {
    expect(codeOf(() => encode({ type: 'flowmod' } as never))).toBe('OFP_BAD_VALUE');
    expect(() => encode({ type: 'flowmod' } as never)).toThrow("no message is called 'flowmod'");
  });

  it('refuses a message that does not fit the 16 bits of its length', () => {
    const echo = (size: number): MessageInit => ({ type: 'echoRequest', data: new Uint8Array(size) });
    expect(encode(echo(0xffff - 8)).length).toBe(0xffff);
    expect(codeOf(() => encode(echo(0xffff - 7)))).toBe('OFP_TOO_LONG');
  });

  it.each<[string, MessageInit]>([
    ['an xid of 33 bits', { type: 'barrierRequest', xid: 2 ** 32 }],
    ['a negative xid', { type: 'barrierRequest', xid: -1 }],
    ['a priority of 17 bits', { type: 'flowMod', command: 'add', priority: 0x10000 }],
    ['a table of 9 bits', { type: 'flowMod', command: 'add', tableId: 256 }],
    ['a fraction', { type: 'setConfig', flags: 0, missSendLen: 1.5 }],
    ['a port that is no number', { type: 'packetOut', inPort: Number.NaN }],
    ['a message code over 8 bits', { type: 'unknown', code: 256, raw: new Uint8Array() }],
  ])('refuses %s instead of cutting it', (_what, message) => {
    expect(codeOf(() => encode(message))).toBe('OFP_BAD_VALUE');
  });
});

describe('encodeInto', () => {
  it('puts messages one behind the other', () => {
    const writer = new Writer();
    encodeInto(writer, { type: 'echoRequest', data: bytesOf('aabb') }, 1);
    encodeInto(writer, { type: 'barrierRequest' }, 2);
    expect(writer.bytes.toString('hex', 0, writer.offset)).toBe('0402000a00000001aabb' + '0414000800000002');
  });

  it('leaves the writer as it was when a message cannot be written', () => {
    const writer = new Writer();
    encodeInto(writer, { type: 'barrierRequest' }, 1);
    const bad: MessageInit = { type: 'flowMod', command: 'add', match: { ipv4Src: '10.0.0.256' } };
    expect(codeOf(() => encodeInto(writer, bad, 2))).toBe('IP_INVALID');
    expect(writer.offset).toBe(8);
  });
});

describe('the registry of messages', () => {
  it('has the thirty messages of OpenFlow 1.3, by number', () => {
    expect(messageCodecs.map(({ code }) => code)).toEqual(Array.from({ length: 30 }, (_, code) => code));
    expect(new Set(messageCodecs.map(({ type }) => type)).size).toBe(30);
  });
});
