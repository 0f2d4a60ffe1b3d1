import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Framer } from '../../../src/ofp/wire/framer.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixtures } from '../fixtures.ts';

/** The bytes of every message that a framer cut out, copied when it did. */
class Frames {
  readonly messages: Buffer[] = [];
  readonly framer = new Framer(({ bytes }, start, end) =>
    this.messages.push(Buffer.from(bytes.subarray(start, end))),
  );

  push(...chunks: readonly Uint8Array[]): this {
    for (const chunk of chunks) this.framer.push(chunk);
    return this;
  }

  get hex(): string[] {
    return this.messages.map((message) => message.toString('hex'));
  }
}

/** A message of `size` bytes, which differ from their neighbours. */
function message(size: number, seed = 0): Buffer {
  const bytes = Buffer.from(Array.from({ length: size }, (_, at) => (at * 7 + seed) & 0xff));
  bytes.writeUInt16BE(size, 2);
  return bytes;
}

const real = fixtures.map(({ hex }) => Buffer.from(hex, 'hex'));

describe('Framer', () => {
  it('hands on a message that comes whole', () => {
    expect(new Frames().push(message(8)).messages).toEqual([message(8)]);
  });

  it('hands on many messages that come in one chunk, in their order', () => {
    expect(new Frames().push(Buffer.concat(real)).hex).toEqual(fixtures.map(({ hex }) => hex));
  });

  it('puts messages together that come byte by byte', () => {
    const stream = Buffer.concat([message(8, 1), message(9, 2), message(64, 3)]);
    const bytes = Array.from(stream, (_, at) => stream.subarray(at, at + 1));
    expect(new Frames().push(...bytes).messages).toEqual([message(8, 1), message(9, 2), message(64, 3)]);
  });

  it('gives the same messages however the stream was cut', () => {
    const stream = Buffer.concat(real.slice(0, 60));
    const expected = real.slice(0, 60);
    const cuts = fc.array(fc.nat(stream.length), { maxLength: 40 });
    fc.assert(
      fc.property(cuts, (places) => {
        const edges = [0, ...places.sort((a, b) => a - b), stream.length];
        const chunks = edges.slice(1).map((edge, index) => stream.subarray(edges[index], edge));
        const { messages } = new Frames().push(...chunks);
        return (
          messages.length === expected.length && messages.every((bytes, i) => bytes.equals(expected[i]!))
        );
      }),
    );
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('puts a message together whose first chunk has %i bytes', (size) => {
    const bytes = message(40);
    const frames = new Frames().push(bytes.subarray(0, size));
    expect(frames.messages).toEqual([]);
    expect(frames.push(bytes.subarray(size)).messages).toEqual([bytes]);
  });

  it('takes messages of 65,535 bytes, whole and in pieces', () => {
    const longest = message(0xffff);
    const stream = Buffer.concat([longest, longest, message(8)]);
    const halves = [stream.subarray(0, 70_000), stream.subarray(70_000)];
    for (const chunks of [[stream], halves]) {
      const { messages } = new Frames().push(...chunks);
      expect(messages.map(({ length }) => length)).toEqual([0xffff, 0xffff, 8]);
      expect(messages[1]!.equals(longest)).toBe(true);
    }
  });

  it('takes empty chunks anywhere', () => {
    const empty = Buffer.alloc(0);
    const bytes = message(12);
    const pieces = [
      empty,
      bytes.subarray(0, 3),
      empty,
      bytes.subarray(3, 9),
      empty,
      bytes.subarray(9),
      empty,
    ];
    expect(new Frames().push(...pieces).messages).toEqual([bytes]);
  });

  it.each([0, 1, 7])('refuses a length of %i, which is under the header', (length) => {
    const bytes = message(16);
    bytes.writeUInt16BE(length, 2);
    const bytewise = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(codeOf(() => new Frames().push(bytes))).toBe('OFP_BAD_LENGTH');
    expect(codeOf(() => new Frames().push(message(8), bytes))).toBe('OFP_BAD_LENGTH');
    expect(codeOf(() => new Frames().push(...bytewise))).toBe('OFP_BAD_LENGTH');
    expect(() => new Frames().push(bytes)).toThrow(`message length ${length} is under the 8-byte header`);
  });

  it('hands on what came before a length that it refuses', () => {
    const frames = new Frames();
    expect(codeOf(() => frames.push(Buffer.concat([message(9), bytesOf('0400000400000000')])))).toBe(
      'OFP_BAD_LENGTH',
    );
    expect(frames.messages).toEqual([message(9)]);
  });

  it('hands on a message within a chunk in place, without copying it', () => {
    const chunk = Buffer.concat([message(8), message(24)]);
    const seen: [Uint8Array, number, number][] = [];
    new Framer(({ bytes }, start, end) => seen.push([bytes, start, end])).push(chunk);
    expect(seen.map(([, start, end]) => [start, end])).toEqual([
      [0, 8],
      [8, 32],
    ]);
    expect(seen.every(([bytes]) => bytes === chunk)).toBe(true);
  });

  it('leaves messages handed on earlier as they were', () => {
    const views: Uint8Array[] = [];
    const framer = new Framer(({ bytes }, start, end) => views.push(bytes.subarray(start, end)));
    for (const seed of [1, 2, 3]) {
      framer.push(message(20, seed).subarray(0, 5));
      framer.push(message(20, seed).subarray(5));
    }
    expect(views.map((view) => Buffer.from(view))).toEqual([message(20, 1), message(20, 2), message(20, 3)]);
  });

  it('goes on with the next message when a handler has thrown on a chunk of its own', () => {
    let calls = 0;
    const framer = new Framer(() => {
      if (++calls === 1) throw new Error('the handler');
    });
    framer.push(message(20).subarray(0, 5));
    expect(() => framer.push(message(20).subarray(5))).toThrow('the handler');
    framer.push(message(20));
    expect(calls).toBe(2);
  });
});
