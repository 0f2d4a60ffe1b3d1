import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { output } from '../../src/ofp/actions/standard.ts';
import { decodeInstructions, encodeInstructions, type InstructionInit } from '../../src/ofp/instruction.ts';
import { decode } from '../../src/ofp/message.ts';
import { wireView } from '../../src/ofp/wire/wire-view.ts';
import { Writer } from '../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf, plain } from './checks.ts';
import { fixturesOf } from './fixtures.ts';

function encoded(...instructions: readonly InstructionInit[]): string {
  const writer = new Writer(8);
  encodeInstructions(writer, instructions);
  return writer.bytes.toString('hex', 0, writer.offset);
}

function decoded(hex: string) {
  const bytes = bytesOf(hex);
  return decodeInstructions(wireView(bytes), 0, bytes.length);
}

const OUTPUT = '0000 0010 00000001 0000 000000000000';
const MASK = Long.fromNumber(0xff, true);

describe('instructions', () => {
  it.each<[string, InstructionInit]>([
    ['0001 0008 07 000000', { type: 'gotoTable', tableId: 7 }],
    [
      '0002 0018 00000000 fedcba9876543210 00000000000000ff',
      {
        type: 'writeMetadata',
        metadata: Long.fromString('fedcba9876543210', true, 16),
        metadataMask: MASK,
      },
    ],
    [`0003 0018 00000000 ${OUTPUT}`, { type: 'writeActions', actions: [output(1)] }],
    [`0004 0018 00000000 ${OUTPUT}`, { type: 'applyActions', actions: [output(1)] }],
    ['0004 0008 00000000', { type: 'applyActions', actions: [] }],
    ['0005 0008 00000000', { type: 'clearActions' }],
    ['0006 0008 fffffffe', { type: 'meter', meterId: 0xfffffffe }],
    ['0063 0008 01020304', { type: 'unknown', code: 99, raw: bytesOf('01020304') }],
    [
      'ffff 0010 00112233 0102030405060708',
      { type: 'unknown', code: 0xffff, raw: bytesOf('00112233 0102030405060708') },
    ],
  ])('are %s on the wire, both ways', (hex, instruction) => {
    expect(encoded(instruction)).toBe(hex.replaceAll(' ', ''));
    expect(plain(decoded(hex))).toEqual(plain([instruction]));
  });

  it('take 64-bit values of any kind', () => {
    const hex = encoded({ type: 'writeMetadata', metadata: 5, metadataMask: 0xffn });
    expect(decoded(hex)).toEqual([
      { type: 'writeMetadata', metadata: Long.fromNumber(5, true), metadataMask: MASK },
    ]);
  });

  it('keep their order, and may be none', () => {
    const hex = '0006 0008 00000001 0005 0008 00000000 0001 0008 09 000000';
    expect(decoded(hex).map(({ type }) => type)).toEqual(['meter', 'clearActions', 'gotoTable']);
    expect(encoded(...decoded(hex))).toBe(hex.replaceAll(' ', ''));
    expect(decoded('')).toEqual([]);
    expect(encoded()).toBe('');
  });

  it.each([
    ['a cut header', '000100', 'OFP_TRUNCATED'],
    ['a length under the header', '0001 0007 00000000', 'OFP_BAD_LENGTH'],
    ['a length of 0, which would never end', '0001 0000 00000000', 'OFP_BAD_LENGTH'],
    ['a length over what there is', '0001 0010 00000000', 'OFP_BAD_LENGTH'],
    ['a length that is no multiple of 8', '0063 000c 00000000 00000000', 'OFP_BAD_LENGTH'],
    ['a goto-table that is too long', '0001 0010 00000000 0000000000000000', 'OFP_BAD_LENGTH'],
    ['a write-metadata that is too short', '0002 0010 00000000 0000000000000000', 'OFP_BAD_LENGTH'],
    ['a clear-actions with actions', `0005 0018 00000000 ${OUTPUT}`, 'OFP_BAD_LENGTH'],
    ['a meter that is too long', '0006 0010 00000001 0000000000000000', 'OFP_BAD_LENGTH'],
    ['an action over its instruction', '0004 0010 00000000 0000 0010 00000001', 'OFP_BAD_LENGTH'],
  ])('are refused for %s', (_what, hex, code) => {
    expect(codeOf(() => decoded(hex))).toBe(code);
  });

  it('are refused when no such one exists, or a value does not fit', () => {
    expect(codeOf(() => encoded({ type: 'goto' } as never))).toBe('OFP_BAD_VALUE');
    expect(codeOf(() => encoded({ type: 'gotoTable', tableId: 256 }))).toBe('OFP_BAD_VALUE');
  });

  it('are those that Open vSwitch reads in flow mods', () => {
    const printed = {
      goto_table: 'gotoTable',
      write_metadata: 'writeMetadata',
      clear_actions: 'clearActions',
    };
    for (const { bytes, print } of fixturesOf('OFPT_FLOW_MOD')) {
      const message = decode(bytes);
      if (message.type !== 'flowMod') throw new Error(message.type);
      const types = message.instructions.map(({ type }) => type);
      for (const [word, type] of Object.entries(printed)) {
        expect([print, types.includes(type as 'gotoTable')]).toEqual([print, print.includes(word)]);
      }
    }
  });
});
