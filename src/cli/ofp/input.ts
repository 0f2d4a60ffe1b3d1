import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { reasonOf } from '../../net/reason.ts';

/** What a command reads at most: more is a mistake, not a list of flows or messages. */
const MAX_INPUT_BYTES = 256 * 1024 * 1024;

/** Reads a file, or standard input for `-`. What cannot be read is said of the command line. */
export async function readInput(path: string, command: Command): Promise<Buffer> {
  const name = nameOfInput(path);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of path === '-' ? process.stdin : createReadStream(path)) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      if (size > MAX_INPUT_BYTES) throw new Error(`it is over ${MAX_INPUT_BYTES} bytes long`);
    }
  } catch (error) {
    return command.error(`error: cannot read ${name}: ${reasonOf(error)}`);
  }
  return Buffer.concat(chunks);
}

/** What an input is called in messages. */
export function nameOfInput(path: string): string {
  return path === '-' ? 'standard input' : path;
}
