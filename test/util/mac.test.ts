import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WireError } from '../../src/util/errors.ts';
import { isGroupMac, readMac, writeMac } from '../../src/util/mac.ts';

const GUARD = 0xee;

/** Writes at a non-zero offset, and checks that nothing around it was touched. */
function written(text: string): string {
  const bytes = Buffer.alloc(8, GUARD);
  writeMac(bytes, 1, text);
  expect([bytes[0], bytes[7]]).toEqual([GUARD, GUARD]);
  return bytes.toString('hex', 1, 7);
}

function codeOf(text: string): string | undefined {
  try {
    writeMac(Buffer.alloc(6), 0, text);
  } catch (error) {
    return error instanceof WireError ? error.code : String(error);
  }
  return undefined;
}

describe('Ethernet addresses', () => {
  it.each([
    ['00:00:00:00:00:00', '000000000000'],
    ['ff:ff:ff:ff:ff:ff', 'ffffffffffff'],
    ['01:23:45:67:89:ab', '0123456789ab'],
    ['9a:0f:f0:a9:90:09', '9a0ff0a99009'],
  ])('are read and written: %s', (text, hex) => {
    expect(written(text)).toBe(hex);
    expect(readMac(Buffer.from(`ee${hex}ee`, 'hex'), 1)).toBe(text);
  });

  it('are written in either case, and read in lower case', () => {
    expect(written('Ab:cD:EF:0a:0B:cc')).toBe('abcdef0a0bcc');
  });

  it('come back as they were, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), (bytes) => {
        expect(written(readMac(bytes, 0))).toBe(Buffer.from(bytes).toString('hex'));
      }),
    );
  });

  it('are told apart when their first halves are alike', () => {
    for (const text of ['01:02:04:00:00:01', '04:02:01:00:00:01', '41:42:04:00:00:01', '01:02:04:00:00:02']) {
      expect(readMac(Buffer.from(text.replaceAll(':', ''), 'hex'), 0)).toBe(text);
    }
  });

  it.each([
    '',
    '00:00:00:00:00',
    '00:00:00:00:00:0',
    '00:00:00:00:00:000',
    '00:00:00:00:00:00:00',
    '0:00:00:00:00:000',
    '00-00-00-00-00-00',
    '00:00:00:00:00-00',
    '000000000000',
    '0g:00:00:00:00:00',
    'g0:00:00:00:00:00',
    '00:00:00:00:00:0g',
    ' 0:00:00:00:00:00',
    '00:00:00:00:00: 0',
    '+1:00:00:00:00:00',
    '０0:00:00:00:00:00',
  ])('are refused when they are none: %j', (text) => {
    expect(codeOf(text)).toBe('MAC_INVALID');
  });

  it('are refused with what came', () => {
    expect(() => writeMac(Buffer.alloc(6), 0, 'eth0')).toThrow(
      "expected an Ethernet address like 52:54:00:12:34:56, got 'eth0'",
    );
  });

  it('are refused or come back, whatever the text is', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 17, maxLength: 17, unit: fc.constantFrom(...'09afAF:g ') }),
        (text) => {
          const valid = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text);
          expect(codeOf(text)).toBe(valid ? undefined : 'MAC_INVALID');
        },
      ),
    );
  });
});

describe('isGroupMac', () => {
  it.each([
    ['ff:ff:ff:ff:ff:ff', true],
    ['01:00:5e:00:00:01', true],
    ['33:33:00:00:00:01', true],
    ['0B:00:00:00:00:00', true],
    ['00:00:00:00:00:00', false],
    ['02:ff:ff:ff:ff:ff', false],
    ['fe:ff:ff:ff:ff:ff', false],
  ])('tells of %s: %s', (mac, isGroup) => {
    expect(isGroupMac(mac)).toBe(isGroup);
  });
});
