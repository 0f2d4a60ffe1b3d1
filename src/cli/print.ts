import type { Command } from 'commander';

/** Prints a line or more as what the command was asked for. */
export function print(command: Command, lines: string | readonly string[]): void {
  const text = [lines].flat().join('\n');
  if (text !== '') command.configureOutput().writeOut?.(`${text}\n`);
}

/** Prints what was changed, or would be, a line each; `--json` makes an object of it. */
export function printChanges(
  command: Command,
  { json }: { readonly json?: true },
  changes: readonly string[],
): void {
  if (json) return print(command, JSON.stringify({ changes }));
  print(command, changes.length === 0 ? 'nothing to do' : changes);
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
