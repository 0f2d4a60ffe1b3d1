/** Rows of text under their headings; the first column is on the left, the others, which are numbers, on the right. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table in aligned columns, a line each row. */
export function formatTable({ columns, rows }: Table): string {
  const all = [columns, ...rows];
  const widths = columns.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  ');
  return all.map((row) => line(row).trimEnd()).join('\n');
}

/** 123456.7 as `123,457`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A ratio as `1.52x`; nothing when there is nothing to compare with. */
export function formatRatio(ratio: number | undefined): string {
  return ratio === undefined ? '' : `${ratio.toFixed(2)}x`;
}

/** A number of rounds, in words. */
export function formatRounds(rounds: number): string {
  return rounds === 1 ? '1 round' : `${rounds} rounds`;
}
