import type { Command } from 'commander';
import { TextError } from '../../ofp/text/index.ts';
import { GalagoError } from '../../util/errors.ts';

/** A line that says something. */
export interface Line {
  /** Counted from 1. */
  readonly number: number;
  /** Without its comment. */
  readonly text: string;
}

/** The lines of a text that say something. What stands behind a `#` is a comment, but not in JSON. */
export function readLines(text: string): Line[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({
      number: index + 1,
      text: line.trimStart().startsWith('{') ? line : line.replace(/#.*$/, ''),
    }))
    .filter((line) => line.text.trim() !== '');
}

/** Makes something of a line; what is wrong with it is said with the place, `NAME:LINE:COLUMN`. */
export function tryLine<T>(name: string, line: Line, command: Command, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof GalagoError || error instanceof SyntaxError)) throw error;
    const column = error instanceof TextError ? `:${error.position + 1}` : '';
    const [sentence] = error.message.split('\n');
    return command.error(`error: ${name}:${line.number}${column}: ${sentence}`);
  }
}
