import type { Command } from 'commander';

/** Prints a line or more as what the command was asked for. */
export function print(command: Command, lines: string | readonly string[]): void {
  const text = [lines].flat().join('\n');
  if (text !== '') command.configureOutput().writeOut?.(`${text}\n`);
}

/** Prints a table: its head and then its rows, in columns that fit. */
export function printTable(
  command: Command,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const format = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i]!))
      .join('  ')
      .trimEnd();
  print(command, [head, ...rows].map(format));
}
