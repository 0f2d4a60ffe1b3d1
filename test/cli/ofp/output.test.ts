import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { PatientOutput } from '../../../src/cli/ofp/output.ts';

/** A reader that takes nothing until it is told to. */
class SlowReader extends Writable {
  readonly taken: string[] = [];
  #waiting: (() => void) | undefined;
  #isAwake = false;

  constructor() {
    super({ highWaterMark: 4, decodeStrings: false });
  }

  override _write(text: string, _encoding: string, done: () => void): void {
    this.taken.push(text);
    if (this.#isAwake) done();
    else this.#waiting = done;
  }

  wake(): void {
    this.#isAwake = true;
    this.#waiting?.();
  }
}

describe('the output of commands that have much to say', () => {
  it('waits for whoever reads', async () => {
    const reader = new SlowReader();
    using output = new PatientOutput(reader);
    let isWritten = false;
    const written = output.write('longer than it holds').then(() => {
      isWritten = true;
    });
    await Promise.resolve();
    expect(isWritten).toBe(false);
    reader.wake();
    await written;
    expect(reader.taken).toEqual(['longer than it holds']);
  });

  it('tells when nobody reads any more, and waits no longer', async () => {
    const reader = new SlowReader();
    using output = new PatientOutput(reader);
    const written = output.write('longer than it holds');
    reader.destroy(new Error('EPIPE'));
    await written;
    expect(output.gone.aborted).toBe(true);
    await output.write('for nobody');
    output.offer('for nobody');
    expect(reader.taken).toEqual(['longer than it holds']);
  });

  it('leaves out what is not read in time, and says how much', async () => {
    const reader = new SlowReader();
    using output = new PatientOutput(reader, 10);
    for (const text of ['a first text', 'left out', 'this too']) output.offer(text);
    const drained = new Promise((resolve) => reader.once('drain', resolve));
    reader.wake();
    await drained;
    output.offer('the last');
    expect(reader.taken).toEqual([
      'a first text',
      '(***2 left out, which nobody read in time***)\n',
      'the last',
    ]);
  });

  it('writes to what is no stream', async () => {
    let text = '';
    using output = new PatientOutput({ write: (part) => (text += part) });
    await output.write('one ');
    output.offer('two');
    expect(text).toBe('one two');
  });
});
