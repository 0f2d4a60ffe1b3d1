import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { SendBuffer } from '../../../src/ofp/session/send-buffer.ts';

/** A stream that holds each write until it is told to finish it, and looks at the bytes only then. */
class SlowStream extends Writable {
  readonly writes: Buffer[] = [];
  #finish: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#finish = () => {
      this.writes.push(Buffer.from(chunk));
      done();
    };
  }

  /** Finishes writes until none is left. */
  async finishAll(): Promise<Buffer> {
    while (this.#finish !== undefined) {
      const finish = this.#finish;
      this.#finish = undefined;
      finish();
      await turn();
    }
    return Buffer.concat(this.writes);
  }
}

class FastStream extends Writable {
  readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function add(buffer: SendBuffer, bytes: Uint8Array): void {
  buffer.writer().raw(bytes);
  buffer.added();
}

/** Numbered messages of odd sizes, together over `total` bytes. */
function messages(total: number): Buffer[] {
  const result: Buffer[] = [];
  for (let size = 0; size < total; size += result.at(-1)!.length) {
    const message = Buffer.alloc(200 + ((result.length * 37) % 1000), result.length);
    message.writeUInt32BE(result.length);
    result.push(message);
  }
  return result;
}

describe('SendBuffer', () => {
  it('leaves alone what a stream within the process has handed on', async () => {
    const stream = new FastStream();
    const buffer = new SendBuffer(stream);
    const sent = messages(600_000);
    for (const message of sent) {
      add(buffer, message);
      await turn();
    }
    expect(Buffer.concat(stream.chunks).equals(Buffer.concat(sent))).toBe(true);
  });

  it('hands over what was added in a turn in one write', async () => {
    const stream = new FastStream();
    const buffer = new SendBuffer(stream);
    add(buffer, Buffer.from('one '));
    add(buffer, Buffer.from('two '));
    await Promise.resolve();
    add(buffer, Buffer.from('three'));
    expect(stream.chunks).toEqual([]);
    expect(buffer.pendingBytes).toBe(13);
    await turn();
    expect(stream.chunks.map(String)).toEqual(['one two three']);
    expect(buffer.pendingBytes).toBe(0);
    add(buffer, Buffer.from('four'));
    await turn();
    expect(stream.chunks).toHaveLength(2);
  });

  it('does not wait for the end of the turn with much', () => {
    const stream = new FastStream();
    const buffer = new SendBuffer(stream);
    add(buffer, Buffer.alloc(64 * 1024 - 1));
    expect(stream.chunks).toHaveLength(0);
    add(buffer, Buffer.alloc(1));
    expect(stream.chunks.map((chunk) => chunk.length)).toEqual([64 * 1024]);
  });

  it('keeps messages whole and in order when a turn fills several arenas', async () => {
    const stream = new SlowStream();
    const buffer = new SendBuffer(stream);
    const sent = messages(1.5 * 1024 * 1024);
    for (const message of sent) add(buffer, message);
    const expected = Buffer.concat(sent);
    expect(buffer.pendingBytes).toBe(expected.length);
    await turn();
    expect((await stream.finishAll()).equals(expected)).toBe(true);
    expect(buffer.pendingBytes).toBe(0);
  });

  it('leaves bytes alone until the stream is done with them', async () => {
    const stream = new SlowStream();
    const buffer = new SendBuffer(stream);
    add(buffer, Buffer.from('first '));
    await turn();
    add(buffer, Buffer.from('second'));
    await turn();
    expect(String(await stream.finishAll())).toBe('first second');
  });

  it('begins its arena again when all has left', async () => {
    const stream = new FastStream();
    const buffer = new SendBuffer(stream, undefined, true);
    for (let i = 0; i < 3; i++) {
      add(buffer, Buffer.alloc(100));
      await turn();
    }
    const [first, ...later] = stream.chunks;
    for (const chunk of later) {
      expect(chunk.buffer).toBe(first!.buffer);
      expect(chunk.byteOffset).toBe(first!.byteOffset);
    }
  });

  it('carries a message that is larger than its arena', async () => {
    const stream = new FastStream();
    const buffer = new SendBuffer(stream);
    const large = Buffer.alloc(600_000, 7);
    add(buffer, Buffer.from('before'));
    add(buffer, large);
    add(buffer, Buffer.from('behind'));
    await turn();
    const expected = Buffer.concat([Buffer.from('before'), large, Buffer.from('behind')]);
    expect(Buffer.concat(stream.chunks).equals(expected)).toBe(true);
  });

  it('is drained when the stream has finished every write, not before', async () => {
    const stream = new SlowStream();
    const buffer = new SendBuffer(stream);
    await buffer.drained();
    add(buffer, Buffer.from('a few bytes'));
    let drained = false;
    const waiting = buffer.drained().then(() => {
      drained = true;
    });
    await turn();
    expect(drained).toBe(false);
    await stream.finishAll();
    await waiting;
  });

  it('lets go of those who wait', async () => {
    const buffer = new SendBuffer(new SlowStream());
    add(buffer, Buffer.from('a few bytes'));
    const waiting = buffer.drained();
    buffer.release();
    await waiting;
  });

  it('writes nothing to a destroyed stream', async () => {
    const stream = new FastStream();
    const buffer = new SendBuffer(stream);
    add(buffer, Buffer.from('too late'));
    stream.destroy();
    await turn();
    await buffer.drained();
    expect(stream.chunks).toEqual([]);
  });
});
