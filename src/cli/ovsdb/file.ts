import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { reasonOf } from '../../net/reason.ts';

/** Reads a file that the command line names; `-` is standard input. What is wrong with it ends the command. */
export async function readText(path: string, command: Command): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    return command.error(`error: cannot read ${nameOfFile(path)}: ${reasonOf(error)}`);
  }
}

/** What a file is called in messages. */
export function nameOfFile(path: string): string {
  return path === '-' ? 'standard input' : `'${path}'`;
}
