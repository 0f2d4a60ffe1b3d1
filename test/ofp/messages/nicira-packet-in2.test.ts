import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode, type Message } from '../../../src/ofp/message.ts';
import { resume } from '../../../src/ofp/messages/nicira-packet-in2.ts';
import { NO_BUFFER } from '../../../src/ofp/messages/packet-in.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

const PACKET = bytesOf('50540000000a 505400000009 0806 00010800');

type NxPacketIn2 = Extract<Message, { type: 'nxPacketIn2' }>;

function packetIn2(bytes: Uint8Array): NxPacketIn2 {
  const message = decode(bytes);
  if (message.type !== 'nxPacketIn2') throw new Error(`got ${message.type}`);
  return message;
}

/** A message with these properties. */
function withProperties(expType: string, properties: string): Buffer {
  const bytes = Buffer.concat([bytesOf(`0404 0000 00000000 00002320 000000${expType}`), bytesOf(properties)]);
  bytes.writeUInt16BE(bytes.length, 2);
  return bytes;
}

describe('NXT_PACKET_IN2', () => {
  it.each(fixturesOf('NXT_PACKET_IN2'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const message = packetIn2(bytes);
    const cookie = /cookie=0x([0-9a-f]+)/.exec(print)?.[1];
    expect(message.totalLen).toBe(Number(/total_len=(\d+)/.exec(print)![1]));
    expect(message.data.length).toBe(Number(/data_len=(\d+)/.exec(print)![1]));
    expect(message.cookie).toEqual(
      cookie === undefined ? Long.MAX_UNSIGNED_VALUE : Long.fromString(cookie, true, 16),
    );
    expect(message.bufferId).toBe(NO_BUFFER);
    expect(message.reason).toBe('action');
    const userdata = /userdata=([0-9a-f.]+)/.exec(print)?.[1];
    expect(message.userdata?.length).toBe(userdata?.split('.').length);
    expect(message.continuation === undefined).toBe(!print.includes('continuation.'));
  });

  it('has the pipeline fields of the packet', () => {
    const paused = fixturesOf('NXT_PACKET_IN2')
      .map(({ bytes }) => packetIn2(bytes))
      .find((message) => message.continuation !== undefined)!;
    expect(paused.match).toEqual({
      inPort: 1,
      tunnelId: Long.fromNumber(7, true),
      tunIpv4Src: '192.0.2.1',
      tunMetadata0: bytesOf('00000011'),
      reg0: 3,
      pktMark: 9,
      metadata: Long.fromNumber(5, true),
    });
  });

  it('is written in the order of its keys, without what is left out', () => {
    const init = { type: 'nxPacketIn2', tableId: 7, match: {}, data: PACKET } as const;
    const bytes = withProperties(
      '1e',
      '0003 0005 07 000000  0006 0004 00000000  0000 0016 50540000000a505400000009080600010800 0000',
    );
    expect(encode(init).equals(bytes)).toBe(true);
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
    expect(plain(decode(bytes))).toEqual(plain({ ...init, xid: 0 }));
  });

  it('has every property', () => {
    const bytes = withProperties(
      '1e',
      `0000 0016 50540000000a505400000009080600010800 0000
       0001 0008 000003e7  0002 0008 00000005  0003 0005 07 000000
       0004 0010 00000000 0000000000001234  0005 0005 01 000000
       0006 000c 80000004 00000003 00000000  0008 000c 00000000 80030004 00000000
       0007 0007 010203 00  0063 0005 09 000000`,
    );
    const message = packetIn2(bytes);
    expect(plain(message)).toEqual(
      plain({
        type: 'nxPacketIn2',
        xid: 0,
        data: PACKET,
        totalLen: 999,
        bufferId: 5,
        tableId: 7,
        cookie: Long.fromNumber(0x1234, true),
        reason: 'action',
        match: { inPort: 3 },
        userdata: bytesOf('010203'),
        continuation: bytesOf('80030004'),
        unknown: [{ type: 'unknown', code: 0x63, raw: bytesOf('09') }],
      }),
    );
    expect(encode(message).equals(bytes)).toBe(true);
    expect(encode(message.toJSON()).equals(bytes)).toBe(true);
  });

  it('without properties has their defaults', () => {
    expect(packetIn2(withProperties('1e', ''))).toMatchObject({
      totalLen: 0,
      bufferId: NO_BUFFER,
      tableId: 0,
      cookie: Long.MAX_UNSIGNED_VALUE,
      reason: 'noMatch',
      match: {},
      unknown: [],
    });
  });

  it('refuses a malformed match at first use', () => {
    const message = packetIn2(withProperties('1e', '0006 0008 80000004'));
    expect(codeOf(() => message.match)).toBe('OFP_BAD_LENGTH');
  });

  it.each([
    ['a property over the end', '0000 0010 00000000'],
    ['a property whose padding is over the end', '0000 0005 00'],
    ['a table of another size', '0003 0006 0000 0000'],
    ['a cookie of another size', '0004 000c 0000000000000000 00000000'],
    ['a continuation without its padding', '0008 0004 00000000'],
  ])('is refused with %s', (_what, properties) => {
    expect(codeOf(() => decode(withProperties('1e', properties)))).toBe('OFP_BAD_LENGTH');
  });
});

describe('NXT_RESUME', () => {
  const paused = fixturesOf('NXT_PACKET_IN2')
    .map(({ bytes }) => packetIn2(bytes))
    .find((message) => message.continuation !== undefined)!;

  it('is the packet-in without its userdata', () => {
    const message = decode(encode(resume(paused)));
    expect(plain(message)).toEqual(plain({ ...paused.toJSON(), type: 'nxResume', userdata: undefined }));
    expect(Object.keys(resume(paused))).not.toContain('userdata');
  });

  it('takes other bytes and fields', () => {
    const message = decode(encode(resume(paused, { data: PACKET, match: { reg0: 7 } })));
    expect(message).toMatchObject({ type: 'nxResume', match: { reg0: 7 } });
    expect((message as NxPacketIn2).data.length).toBe(PACKET.length);
  });

  it('says what Open vSwitch reads', () => {
    // ovs-ofctl ofp-print: table_id=1 cookie=0x5 total_len=18 in_port=1 (via action), continuation.conntracked=true
    const bytes = withProperties(
      '1c',
      `0000 0016 50540000000a505400000009080600010800 0000
       0003 0005 01 000000  0004 0010 00000000 0000000000000005  0005 0005 01 000000
       0006 000c 80000004 00000001 00000000  0008 0018 00000000 80030004 00000000 80040005 01000000`,
    );
    expect(decode(bytes)).toMatchObject({
      type: 'nxResume',
      tableId: 1,
      cookie: Long.fromNumber(5, true),
      match: { inPort: 1 },
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });
});
