import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode, type MessageInit } from '../../../src/ofp/message.ts';
import { BundleFlag } from '../../../src/ofp/messages/onf-bundle.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

const ECHO = '0402 0008 00000009';
const ROLES = { equal: 'equal', primary: 'master', secondary: 'slave' };

describe('ONFT_BUNDLE_CONTROL', () => {
  it.each(fixturesOf('ONFT_BUNDLE_CONTROL'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const [, bundleId, type, flags] = /bundle_id=(\w+) type=(\w+) flags=([\w ]+)/.exec(print)!;
    const [verb, direction] = type!.toLowerCase().split('_') as [string, string];
    expect(decode(bytes)).toMatchObject({
      type: 'onfBundleControl',
      bundleId: Number(bundleId),
      controlType: verb + direction[0]!.toUpperCase() + direction.slice(1),
      flags:
        (flags!.includes('atomic') ? BundleFlag.ATOMIC : 0) |
        (flags!.includes('ordered') ? BundleFlag.ORDERED : 0),
      properties: [],
    });
  });

  it('keeps its properties', () => {
    const bytes = bytesOf(
      '0404 0028 00000000 4f4e4600 000008fc 00000009 0000 0003 ffff 000c 4f4e4600 00000001 00000000',
    );
    expect(decode(bytes)).toMatchObject({ properties: [{ type: 'unknown', code: 0xffff }] });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });
});

describe('ONFT_BUNDLE_ADD_MESSAGE', () => {
  it.each(fixturesOf('ONFT_BUNDLE_ADD_MESSAGE'))('holds a message ($name)', ({ bytes, print }) => {
    const [, command] = /^OFPT_FLOW_MOD .*: (\w+)/m.exec(print)!;
    expect(decode(bytes)).toMatchObject({
      type: 'onfBundleAddMessage',
      message: {
        type: 'flowMod',
        command: command === 'ADD' ? 'add' : 'deleteStrict',
        xid: bytes.readUInt32BE(4),
      },
    });
  });

  it('gives the message in it its own xid', () => {
    const message = { type: 'flowMod', command: 'add' } as const;
    const bytes = encode({ type: 'onfBundleAddMessage', xid: 7, bundleId: 1, message });
    expect(decode(bytes)).toMatchObject({ xid: 7, flags: 0, message: { xid: 7 } });
    const other = encode({
      type: 'onfBundleAddMessage',
      xid: 7,
      bundleId: 1,
      message: { ...message, xid: 8 },
    });
    expect(decode(other)).toMatchObject({ xid: 7, message: { xid: 8 } });
  });

  it('keeps its properties, behind the padding of the message', () => {
    const bytes = bytesOf(`0404 0038 00000007 4f4e4600 000008fd 00000009 0000 0003
      0402 000a 00000007 abcd 000000000000 ffff 000c 4f4e4600 00000001 00000000`);
    expect(decode(bytes)).toMatchObject({
      message: { type: 'echoRequest', data: bytesOf('abcd') },
      properties: [{ type: 'unknown', code: 0xffff }],
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it.each([
    ['a message over its end', '0402 0010 00000007', 'OFP_BAD_LENGTH'],
    ['a message under its header', '0402 0004 00000007', 'OFP_BAD_LENGTH'],
    ['a message of another version', '0102 0008 00000007', 'OFP_BAD_VERSION'],
    ['a malformed message', '0408 0008 00000007', 'OFP_TRUNCATED'],
    ['padding that is cut off', '0402 000a 00000007 abcd 0000', 'OFP_BAD_LENGTH'],
  ])('is refused with %s', (_what, message, code) => {
    const bytes = Buffer.concat([
      bytesOf('0404 0000 00000007 4f4e4600 000008fd 00000009 0000 0003'),
      bytesOf(message),
    ]);
    bytes.writeUInt16BE(bytes.length, 2);
    expect(codeOf(() => decode(bytes))).toBe(code);
  });
});

describe('ONFT_REQUESTFORWARD', () => {
  it.each(fixturesOf('ONFT_REQUESTFORWARD'))(
    'holds what another controller sent ($name)',
    ({ bytes, print }) => {
      const [, reason] = /reason=(\w+)/.exec(print)!;
      expect(decode(bytes)).toMatchObject({
        type: 'onfRequestforward',
        request: { type: reason === 'group_mod' ? 'groupMod' : 'meterMod' },
      });
    },
  );

  it('is refused with bytes behind the request', () => {
    const bytes = bytesOf(`0404 0020 00000000 4f4e4600 0000092e ${ECHO} 0000000000000000`);
    expect(codeOf(() => decode(bytes))).toBe('OFP_BAD_LENGTH');
  });

  it('is refused when messages are nested too deep, either way', () => {
    let hex = ECHO.replaceAll(' ', '');
    let message: MessageInit = { type: 'echoRequest', data: Buffer.alloc(0) };
    for (let depth = 0; depth < 5; depth++) {
      hex = `0404${(hex.length / 2 + 16).toString(16).padStart(4, '0')}000000004f4e46000000092e${hex}`;
      message = { type: 'onfRequestforward', request: message };
    }
    expect(codeOf(() => decode(bytesOf(hex)))).toBe('OFP_TOO_DEEP');
    expect(codeOf(() => encode(message))).toBe('OFP_TOO_DEEP');
  });
});

describe('ONFT_ROLE_STATUS', () => {
  it.each(fixturesOf('ONFT_ROLE_STATUS'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const [, role, generationId] = /role=(\w+) generation_id=(\d+) reason=primary_request/.exec(print)!;
    expect(decode(bytes)).toEqual({
      type: 'onfRoleStatus',
      xid: 0,
      role: ROLES[role as keyof typeof ROLES],
      reason: 'masterRequest',
      generationId: Long.fromString(generationId!, true),
      properties: [],
    });
  });

  it('is written without properties unless they are given', () => {
    const bytes = bytesOf('0404 0020 00000000 4f4e4600 00000777 00000003 01 000000 000000000000000c');
    const init = { type: 'onfRoleStatus', role: 'slave', reason: 'config', generationId: 12 } as const;
    expect(encode(init).equals(bytes)).toBe(true);
  });
});

describe('the messages about flow monitors', () => {
  it.each<[hex: string, init: MessageInit]>([
    ['0404 0014 00000000 4f4e4600 0000074e 00000063', { type: 'onfFlowMonitorCancel', monitorId: 99 }],
    ['0404 0010 00000000 4f4e4600 0000074f', { type: 'onfFlowMonitorPaused' }],
    ['0404 0010 00000000 4f4e4600 00000750', { type: 'onfFlowMonitorResumed' }],
  ])('are read and written: %s', (hex, init) => {
    expect(encode(init).equals(bytesOf(hex))).toBe(true);
    expect(decode(bytesOf(hex))).toEqual({ ...init, xid: 0 });
  });
});
