import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';

/** Reads a file that the command line names; `-` is standard input. What is wrong with it ends the command. */
export async function readText(path: string, command: Command): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : await readFile(path, 'utf8');
  } catch (error) {
    return command.error(`error: cannot read '${path}': ${(error as Error).message}`);
  }
}
