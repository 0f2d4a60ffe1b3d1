import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { formatJson, parseJson } from '../../../src/cli/ofp/json.ts';
import { decode, encode } from '../../../src/ofp/index.ts';
import { fixtures } from '../../ofp/fixtures.ts';

const actions = Object.values(
  JSON.parse(readFileSync(new URL('../../ofp/fixtures/actions.json', import.meta.url), 'utf8')) as Record<
    string,
    readonly { readonly hex: string }[]
  >,
).flat();

describe('messages as JSON', () => {
  it('come back from every recorded message with the bytes that they had', () => {
    const changed = [...fixtures, ...actions]
      .filter(({ hex }) => isCanonical(hex))
      .filter(({ hex }) => encode(parseJson(formatJson(decodeHex(hex)))).toString('hex') !== hex);
    expect(changed).toEqual([]);
    expect(fixtures.filter(({ hex }) => isCanonical(hex)).length).toBeGreaterThan(300);
  });

  it('have 64-bit numbers as text, and bytes in hexadecimal', () => {
    const message = { type: 'flowMod', command: 'add', cookie: 0xffff_ffff_ffff_ffffn } as const;
    expect(JSON.parse(formatJson(decode(encode(message))))).toMatchObject({ cookie: '18446744073709551615' });
    const echo = formatJson(decode(encode({ type: 'echoRequest', xid: 1, data: Uint8Array.of(0, 18) })));
    expect(JSON.parse(echo)).toEqual({ type: 'echoRequest', xid: 1, data: '0012' });
  });

  it('keep names that are digits', () => {
    const text = '{"type":"portStatus","reason":"add","port":{"name":"42","portNo":"7"}}';
    expect(parseJson(text)).toEqual({ type: 'portStatus', reason: 'add', port: { name: '42', portNo: 7n } });
  });
});

function decodeHex(hex: string) {
  return decode(Buffer.from(hex, 'hex'));
}

/** Some recorded messages are meant to be refused, and some are not as we would write them. */
function isCanonical(hex: string): boolean {
  try {
    return encode(decodeHex(hex)).toString('hex') === hex;
  } catch {
    return false;
  }
}
