import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode, experimenterCodecs, type MessageInit } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

/** The first fixture of a kind, and the message that encodes to it. */
const RECORDED: readonly (readonly [kind: string, init: MessageInit])[] = [
  ['NXT_ROLE_REQUEST', { type: 'nxRoleRequest', role: 'other' }],
  ['NXT_ROLE_REPLY', { type: 'nxRoleReply', role: 'other' }],
  ['NXT_FLOW_MOD_TABLE_ID', { type: 'nxFlowModTableId', set: true }],
  ['NXT_SET_PACKET_IN_FORMAT', { type: 'nxSetPacketInFormat', format: 'packetIn' }],
  ['NXT_FLOW_AGE', { type: 'nxFlowAge' }],
  [
    'NXT_SET_ASYNC_CONFIG',
    {
      type: 'nxSetAsyncConfig',
      packetInMaster: 3,
      packetInSlave: 1,
      portStatusMaster: 7,
      portStatusSlave: 6,
      flowRemovedMaster: 15,
      flowRemovedSlave: 8,
    },
  ],
  ['NXT_SET_CONTROLLER_ID', { type: 'nxSetControllerId', controllerId: 5 }],
  [
    'NXT_TLV_TABLE_MOD',
    {
      type: 'nxTlvTableMod',
      command: 'add',
      maps: [
        { optionClass: 0xffff, optionType: 0, optionLen: 4, index: 0 },
        { optionClass: 0xffff, optionType: 1, optionLen: 4, index: 1 },
        { optionClass: 0xffff, optionType: 2, optionLen: 20, index: 2 },
        { optionClass: 0xffff, optionType: 3, optionLen: 124, index: 3 },
      ],
    },
  ],
  ['NXT_TLV_TABLE_REQUEST', { type: 'nxTlvTableRequest' }],
  [
    'NXT_TLV_TABLE_REPLY',
    {
      type: 'nxTlvTableReply',
      maxOptionSpace: 256,
      maxFields: 64,
      maps: [
        { optionClass: 0xffff, optionType: 0, optionLen: 4, index: 0 },
        { optionClass: 0xffff, optionType: 1, optionLen: 4, index: 1 },
        { optionClass: 0xffff, optionType: 2, optionLen: 20, index: 2 },
        { optionClass: 0xffff, optionType: 3, optionLen: 124, index: 3 },
      ],
    },
  ],
  [
    'NXT_SET_ASYNC_CONFIG2',
    {
      type: 'nxSetAsyncConfig2',
      properties: [
        { type: 'packetInSlave', mask: 7 },
        { type: 'packetInMaster', mask: 7 },
        { type: 'portStatusSlave', mask: 7 },
        { type: 'portStatusMaster', mask: 7 },
        { type: 'flowRemovedSlave', mask: 0x1f },
        { type: 'flowRemovedMaster', mask: 0x1f },
        { type: 'roleStatusSlave', mask: 7 },
        { type: 'roleStatusMaster', mask: 7 },
        { type: 'tableStatusSlave', mask: 0x18 },
        { type: 'tableStatusMaster', mask: 0x18 },
        { type: 'requestforwardSlave', mask: 3 },
        { type: 'requestforwardMaster', mask: 3 },
      ],
    },
  ],
  ['NXT_CT_FLUSH_ZONE', { type: 'nxCtFlushZone', zoneId: 7 }],
  ['NXT_CT_FLUSH', { type: 'nxCtFlush', ipProto: 17, orig: { src: '10.0.0.1', srcPort: 1 }, zoneId: 5 }],
];

describe.each(RECORDED)('%s', (kind, init) => {
  const { bytes } = fixturesOf(kind)[0]!;

  it('is decoded to what it says', () => {
    expect(plain(decode(bytes))).toEqual(plain({ ...init, xid: bytes.readUInt32BE(4) }));
  });

  it('is what the message encodes to', () => {
    expect(encode({ ...init, xid: bytes.readUInt32BE(4) } as MessageInit).equals(bytes)).toBe(true);
  });
});

describe('NXT_SET_PACKET_IN_FORMAT', () => {
  it('says what Open vSwitch reads', () => {
    const formats = fixturesOf('NXT_SET_PACKET_IN_FORMAT').map(({ bytes }) => decode(bytes));
    expect(formats).toMatchObject([
      { format: 'packetIn' },
      { format: 'nxPacketIn' },
      { format: 'nxPacketIn2' },
    ]);
  });
});

describe('NXT_CT_FLUSH', () => {
  it('of ICMPv6 has no ports', () => {
    const icmp = fixturesOf('NXT_CT_FLUSH').map(({ bytes }) => decode(bytes));
    expect(icmp).toMatchObject([
      { ipProto: 17 },
      {
        ipProto: 58,
        orig: { src: '2001:db8::1', icmpId: 0, icmpType: 0, icmpCode: 0 },
        reply: { src: '2001:db8::2', icmpId: 0, icmpType: 0, icmpCode: 0 },
      },
    ]);
  });

  it('keeps the order of its properties', () => {
    // ovs-ofctl ofp-print: zone=13 'ct_nw_src=10.10.0.1,…,ct_nw_proto=6'
    const bytes = bytesOf(`0404 0048 00000003 00002320 00000020 06 00000000000000
      0002 0008 000d 0000  0000 0028 00000000
      0001 0014 00000000000000000000ffff0a0a0002 00000000  0003 0008 1f90 0000`);
    expect(decode(bytes)).toMatchObject({ zoneId: 13, orig: { dst: '10.10.0.2', dstPort: 8080 } });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('names a mark and labels, as Open vSwitch 3.3 reads them', () => {
    // Layouts of lib/ofp-ct.c; the label follows its header without padding.
    const bytes = bytesOf(`0404 0060 00000000 00002320 00000020 00 00000000000000
      0002 0008 000d 0000  0003 0008 00000005  0004 0008 000000ff
      0005 0014 0102030405060708090a0b0c0d0e0f10 00000000
      0006 0014 000000000000000000000000000000ff 00000000`);
    expect(decode(bytes)).toEqual({
      type: 'nxCtFlush',
      xid: 0,
      ipProto: 0,
      zoneId: 13,
      mark: 5,
      markMask: 0xff,
      labels: '0x0102030405060708090a0b0c0d0e0f10',
      labelsMask: '0x000000000000000000000000000000ff',
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
    expect(codeOf(() => encode({ type: 'nxCtFlush', ipProto: 0, labels: '5' }))).toBe('OFP_BAD_VALUE');
  });

  it('keeps properties that are not known, on both levels', () => {
    const bytes = bytesOf(`0404 0040 00000000 00002320 00000020 06 00000000000000
      0000 0018 00000000  0003 0008 0050 0000  0063 0005 07 000000
      000b 0008 00000001  000c 0004 00000000`);
    expect(decode(bytes)).toMatchObject({
      ipProto: 6,
      orig: { dstPort: 80, unknown: [{ code: 0x63 }] },
      unknown: [{ code: 11 }, { code: 12 }],
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it.each([
    ['a tuple without its padding', '0000 0004 00000000'],
    ['a port of another size', '0000 0010 00000000 0002 0006 0001 0000'],
    ['a zone of another size', '0002 0006 0001 0000'],
    ['labels of another size', '0005 0008 00000001'],
    ['a tuple over its end', '0000 0010 00000000 0002 0010 0001 0000'],
  ])('is refused with %s', (_what, properties) => {
    const body = bytesOf(properties);
    const head = bytesOf('0404 0000 00000000 00002320 00000020 06 00000000000000');
    const bytes = Buffer.concat([head, body]);
    bytes.writeUInt16BE(bytes.length, 2);
    expect(codeOf(() => decode(bytes))).toBe('OFP_BAD_LENGTH');
  });
});

describe('NXT_FLOW_REMOVED', () => {
  // ovs-ofctl ofp-print: priority=7,tcp reason=hard table_id=3 cookie:0x5 duration4.005s idle60 pkts10 bytes1000
  const bytes = bytesOf(`0404 0048 00000000 00002320 0000000e
    0000000000000005 0007 01 04 00000004 004c4b40 003c 000b 000000000000000a 00000000000003e8
    00000602 0800 00000c01 06 0000000000`);

  it('says what Open vSwitch reads', () => {
    expect(decode(bytes)).toEqual({
      type: 'nxFlowRemoved',
      xid: 0,
      cookie: Long.fromNumber(5, true),
      priority: 7,
      reason: 'hardTimeout',
      tableId: 3,
      durationSec: 4,
      durationNsec: 5_000_000,
      idleTimeout: 60,
      packetCount: Long.fromNumber(10, true),
      byteCount: Long.fromNumber(1000, true),
      match: { nxmEthType: 0x800, nxmIpProto: 6 },
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('has no table when the switch does not say', () => {
    const other = Buffer.from(bytes);
    other[27] = 0;
    expect(decode(other)).not.toHaveProperty('tableId');
    expect(encode(decode(other)).equals(other)).toBe(true);
  });

  it('is refused with a match over its end', () => {
    const other = Buffer.from(bytes);
    other[39] = 0x11;
    expect(codeOf(() => decode(other))).toBe('OFP_BAD_LENGTH');
  });
});

describe('NXT_SET_ASYNC_CONFIG2', () => {
  it('keeps properties that are not known', () => {
    const bytes = bytesOf(`0404 0020 00000000 00002320 0000001b 0001 0008 00000007 fffe 0006 abcd 0000`);
    expect(decode(bytes)).toMatchObject({
      properties: [
        { type: 'packetInMaster', mask: 7 },
        { type: 'unknown', code: 0xfffe },
      ],
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });
});

describe("the experimenters' messages", () => {
  it('are refused under their least length', () => {
    for (const { type, experimenter, expType, size } of experimenterCodecs) {
      if (size === 16) continue;
      const bytes = Buffer.alloc(size - 1);
      bytes.write('0404', 0, 'hex');
      bytes.writeUInt16BE(bytes.length, 2);
      bytes.writeUInt32BE(experimenter, 8);
      bytes.writeUInt32BE(expType, 12);
      expect([type, codeOf(() => decode(bytes))]).toEqual([type, 'OFP_TRUNCATED']);
    }
  });
});
