import { closeSync, openSync, readSync } from 'node:fs';

const FILE_HEADER_SIZE = 24;
const RECORD_HEADER_SIZE = 16;
const LENGTH_OFFSET = 8;

/** Reads what is added to a file of frames (pcap-savefile(5)). */
export class Tap {
  readonly #file: number;
  readonly #chunk = Buffer.alloc(65_536);
  #offset = FILE_HEADER_SIZE;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  /** The frames since this was asked, in hexadecimal. */
  read(): string[] {
    const frames: string[] = [];
    for (;;) {
      const size = readSync(this.#file, this.#chunk, 0, this.#chunk.length, this.#offset);
      let at = 0;
      while (at + RECORD_HEADER_SIZE <= size) {
        const end = at + RECORD_HEADER_SIZE + this.#chunk.readUInt32LE(at + LENGTH_OFFSET);
        if (end > size) break;
        frames.push(this.#chunk.toString('hex', at + RECORD_HEADER_SIZE, end));
        at = end;
      }
      this.#offset += at;
      if (at === 0) return frames;
    }
  }

  close(): void {
    closeSync(this.#file);
  }
}
