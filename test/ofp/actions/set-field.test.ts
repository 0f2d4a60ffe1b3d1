import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type ActionInit, decodeActions, encodeActions } from '../../../src/ofp/actions/action.ts';
import { setField } from '../../../src/ofp/actions/set-field.ts';
import { wireView } from '../../../src/ofp/wire/wire-view.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fieldValue, rows } from '../oxm/fields.ts';

function encoded(action: ActionInit): Buffer {
  const writer = new Writer(8);
  encodeActions(writer, [action]);
  return writer.bytes.subarray(0, writer.offset);
}

function decoded(bytes: Buffer) {
  return decodeActions(wireView(bytes), 0, bytes.length);
}

describe('set-field', () => {
  it.each<[string, ActionInit]>([
    ['0019 0010 80000a02 0800 000000000000', setField('ethType', 0x800)],
    ['0019 0010 80001604 0a000001 00000000', setField('ipv4Src', '10.0.0.1')],
    ['0019 0010 80000606 020000000001 0000', setField('ethDst', '02:00:00:00:00:01')],
    ['0019 0010 80004c08 0000000000010ffd', setField('tunnelId', 0x10ffd)],
    [
      '0019 0018 80000510 0000000000000005 00000000000000ff',
      { type: 'setField', field: 'metadata', value: 5, mask: 0xffn },
    ],
    [
      '0019 0010 43210004 01020304 00000000',
      { type: 'setField', field: 'unknown:0x43210004', value: bytesOf('01020304') },
    ],
  ])('is %s on the wire, both ways', (hex, action) => {
    expect(encoded(action).toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(encoded(decoded(bytesOf(hex))[0]!).equals(bytesOf(hex))).toBe(true);
  });

  it.each(rows)('writes %s, whatever the value', (field, row) => {
    fc.assert(
      fc.property(fieldValue(row), (value) => {
        const action = { type: 'setField', field, value } as ActionInit;
        const bytes = encoded(action);
        expect(bytes.length % 8).toBe(0);
        expect(plain(decoded(bytes))).toEqual(plain([action]));
      }),
      { numRuns: 5 },
    );
  });

  it.each([
    ['no field', '0019 0008 8000', 'OFP_TRUNCATED'],
    ['a field over the action', '0019 0008 80000a02', 'OFP_BAD_LENGTH'],
    [
      'more than padding behind the field',
      '0019 0018 80000a02 0800 0000000000000000000000000000',
      'OFP_BAD_LENGTH',
    ],
  ])('is refused with %s', (_what, hex, code) => {
    expect(codeOf(() => decoded(bytesOf(hex)))).toBe(code);
  });

  it('is refused with a value that the field cannot have, and with a mask where there is none', () => {
    expect(codeOf(() => encoded(setField('ethType', 0x10000)))).toBe('OFP_BAD_VALUE');
    const masked = { type: 'setField', field: 'inPort', value: 1, mask: 1 } as never;
    expect(codeOf(() => encoded(masked))).toBe('OFP_BAD_MASK');
  });
});
