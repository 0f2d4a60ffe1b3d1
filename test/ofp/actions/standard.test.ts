import { describe, expect, it } from '@jest/globals';
import { type ActionInit, decodeActions, encodeActions } from '../../../src/ofp/actions/action.ts';
import { group, output, standardActions } from '../../../src/ofp/actions/standard.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { wireView } from '../../../src/ofp/wire/wire-view.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';

function encoded(...actions: readonly ActionInit[]): string {
  const writer = new Writer(8);
  encodeActions(writer, actions);
  return writer.bytes.toString('hex', 0, writer.offset);
}

function decoded(hex: string) {
  const bytes = bytesOf(hex);
  return decodeActions(wireView(bytes), 0, bytes.length);
}

/** Each action of OpenFlow 1.3.5, 7.2.5, by number. */
const ACTIONS: readonly (readonly [hex: string, action: ActionInit])[] = [
  ['0000 0010 00000001 0080 000000000000', { type: 'output', port: 1, maxLen: 0x80 }],
  ['000b 0008 00000000', { type: 'copyTtlOut' }],
  ['000c 0008 00000000', { type: 'copyTtlIn' }],
  ['000f 0008 40 000000', { type: 'setMplsTtl', ttl: 64 }],
  ['0010 0008 00000000', { type: 'decMplsTtl' }],
  ['0011 0008 8100 0000', { type: 'pushVlan', ethType: 0x8100 }],
  ['0012 0008 00000000', { type: 'popVlan' }],
  ['0013 0008 8847 0000', { type: 'pushMpls', ethType: 0x8847 }],
  ['0014 0008 0800 0000', { type: 'popMpls', ethType: 0x0800 }],
  ['0015 0008 ffffffff', { type: 'setQueue', queueId: 0xffffffff }],
  ['0016 0008 fffffffc', { type: 'group', groupId: 0xfffffffc }],
  ['0017 0008 ff 000000', { type: 'setNwTtl', ttl: 255 }],
  ['0018 0008 00000000', { type: 'decNwTtl' }],
  ['001a 0008 88e7 0000', { type: 'pushPbb', ethType: 0x88e7 }],
  ['001b 0008 00000000', { type: 'popPbb' }],
];

describe('the actions of the specification', () => {
  it.each(ACTIONS)('are %s on the wire, both ways', (hex, action) => {
    expect(encoded(action)).toBe(hex.replaceAll(' ', ''));
    expect(decoded(hex)).toEqual([action]);
  });

  it('are all there, but for set-field', () => {
    const numbers = ACTIONS.map(([hex]) => Number.parseInt(hex.slice(0, 4), 16));
    expect(standardActions.map(({ code }) => code)).toEqual(numbers);
  });

  it('keep their order', () => {
    const hex = ACTIONS.map(([bytes]) => bytes).join('');
    expect(decoded(hex)).toEqual(ACTIONS.map(([, action]) => action));
    expect(encoded(...decoded(hex))).toBe(hex.replaceAll(' ', ''));
  });

  it.each(ACTIONS)('are refused when %s has eight bytes more', (hex) => {
    const bytes = Buffer.concat([bytesOf(hex), Buffer.alloc(8)]);
    bytes.writeUInt16BE(bytes.length, 2);
    expect(codeOf(() => decoded(bytes.toString('hex')))).toBe('OFP_BAD_LENGTH');
  });

  it.each([
    ['a cut header', '0012 00', 'OFP_TRUNCATED'],
    ['an action of four bytes', '0012 0004', 'OFP_TRUNCATED'],
    ['a length of 4', '0012 0004 00000000', 'OFP_BAD_LENGTH'],
    ['a length of 0, which would never end', '0012 0000 00000000', 'OFP_BAD_LENGTH'],
    ['a length that is no multiple of 8', '0063 000c 00000000 00000000', 'OFP_BAD_LENGTH'],
    ['a length over what there is', '0012 0010 00000000', 'OFP_BAD_LENGTH'],
    ['an output of eight bytes', '0000 0008 00000001', 'OFP_BAD_LENGTH'],
  ])('are refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decoded(hex))).toBe(code);
  });

  it.each<[string, ActionInit]>([
    ['a port of 33 bits', { type: 'output', port: 2 ** 32 }],
    ['a TTL of nine bits', { type: 'setNwTtl', ttl: 256 }],
    ['a negative group', { type: 'group', groupId: -1 }],
    ['a name that none has', { type: 'pushVlans', ethType: 0x8100 } as never],
  ])('are refused with %s', (_what, action) => {
    expect(codeOf(() => encoded(action))).toBe('OFP_BAD_VALUE');
  });
});

describe('output', () => {
  it('sends all of a packet to the controller unless told otherwise', () => {
    expect(output(PortNo.CONTROLLER)).toEqual({ type: 'output', port: PortNo.CONTROLLER, maxLen: 0xffff });
    expect(output(PortNo.CONTROLLER, 128)).toMatchObject({ maxLen: 128 });
    expect(encoded({ type: 'output', port: PortNo.CONTROLLER })).toBe(encoded(output(PortNo.CONTROLLER)));
  });

  it('has no such length for other ports', () => {
    expect(output(1)).toEqual({ type: 'output', port: 1, maxLen: 0 });
    expect(encoded({ type: 'output', port: 1 })).toBe(encoded(output(1)));
  });
});

describe('group', () => {
  it('names the group', () => {
    expect(group(7)).toEqual({ type: 'group', groupId: 7 });
  });
});

describe('an action that is not known', () => {
  it.each([
    ['0063 0008 01020304', 99, '01020304'],
    ['0063 0010 01020304 05060708 090a0b0c', 99, '0102030405060708090a0b0c'],
    ['ffff 0010 00112233 0000000000000001', 0xffff, '001122330000000000000001'],
    ['ffff 0008 00112233', 0xffff, '00112233'],
    ['ffff 0010 00002320 ffff 000000000000', 0xffff, '00002320ffff000000000000'],
  ])('stays as it came: %s', (hex, code, raw) => {
    expect(plain(decoded(hex))).toEqual(plain([{ type: 'unknown', code, raw: bytesOf(raw) }]));
    expect(encoded(...decoded(hex))).toBe(hex.replaceAll(' ', ''));
  });
});
