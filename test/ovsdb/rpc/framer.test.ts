import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonFramer, type JsonFramerOptions } from '../../../src/ovsdb/rpc/framer.ts';
import { WireError } from '../../../src/util/errors.ts';

describe('JsonFramer', () => {
  it('yields each message of a chunk', () => {
    expect(frames(['{"a":1} \r\n\t{"b":[2,{"c":3}]}{}'])).toEqual([{ a: 1 }, { b: [2, { c: 3 }] }, {}]);
  });

  it('takes braces, brackets and escaped quotes in strings for text', () => {
    const message = { 'k{"': 'a\\"}]', backslash: '\\', tail: ['"', '\\\\"'] };
    expect(frames([JSON.stringify(message)])).toEqual([message]);
  });

  it('yields the same messages wherever the stream is cut', () => {
    const messages = [
      { method: 'echo', params: ['zürich 東京 🦥', '\\"\\'], id: 0 },
      {},
      { a: [[{}], '}{'] },
    ];
    const bytes = Buffer.from(messages.map((message) => JSON.stringify(message)).join('\n'));
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(frames([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(messages);
    }
    expect(frames([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(messages);
  });

  it('yields what was written, for any objects and any cuts', () => {
    const message = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 5 }));
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 5 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (values, cuts) => {
          const texts = values.map((value) => JSON.stringify(value));
          const bytes = Buffer.from(texts.join(''));
          const places = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
          const chunks = [...places, bytes.length].map((end, i) => bytes.subarray(places[i - 1] ?? 0, end));
          expect(frames(chunks).map((value) => JSON.stringify(value))).toEqual(
            texts.map((text) => JSON.stringify(JSON.parse(text))),
          );
        },
      ),
    );
  });

  it.each([
    ['a message that is no object', '[1]'],
    ['a bare word', 'null'],
    ['a zero byte', '\0'],
    ['brackets that do not match', '{"a":[1}}'],
    ['what is not JSON between braces', '{a}'],
  ])('rejects %s', (_, text) => {
    expect(() => frames([text])).toThrow(expect.objectContaining({ code: 'OVSDB_BAD_JSON' }));
  });

  it('rejects bytes that are no UTF-8 rather than guess at them', () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')]);
    expect(() => frames([bytes])).toThrow(expect.objectContaining({ code: 'OVSDB_BAD_JSON' }));
  });

  it('rejects a message over the size allowed before it is whole', () => {
    const options = { maxMessageBytes: 20 };
    expect(frames(['{"a":"345678901234"}', '{"a":"345678901234"}'], options)).toHaveLength(2);
    expect(() => frames(['{"a":"3456789', '01234567'], options)).toThrow(
      expect.objectContaining({ code: 'OVSDB_MESSAGE_TOO_LARGE' }),
    );
  });

  it('rejects nesting over the depth allowed as soon as it opens', () => {
    const options = { maxDepth: 4 };
    expect(frames(['{"a":[[{}]]}'], options)).toHaveLength(1);
    expect(() => frames(['{"a":[[[['], options)).toThrow(expect.objectContaining({ code: 'OVSDB_TOO_DEEP' }));
    expect(() => frames(['{"a":'.repeat(100_000)])).toThrow(WireError);
  });
});

function frames(chunks: readonly (string | Uint8Array)[], options?: JsonFramerOptions): unknown[] {
  const framer = new JsonFramer(options);
  return chunks.flatMap((chunk) => [...framer.push(Buffer.from(chunk as string))]);
}
