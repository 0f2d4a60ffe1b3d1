/** What one bench found, as it stands in RESULTS.md. */
export interface ResultSection {
  readonly bench: string;
  /** The command that does the same again. */
  readonly command: string;
  /** When it ended. */
  readonly date: Date;
  /** The report as the terminal shows it. */
  readonly text: string;
}

/**
 * RESULTS.md with these sections in place of those of the same benches. The others stay as they are, without those
 * of benches that there are no more.
 * @param benches the names of all benches, in their order in the document.
 */
export function updateResults(
  document: string,
  sections: readonly ResultSection[],
  benches: readonly string[],
): string {
  const kept = document.split(/^## /m).slice(1);
  const old = new Map(kept.map((part) => [part.slice(0, part.indexOf('\n')), `## ${part.trim()}\n`]));
  const fresh = new Map(sections.map((section) => [section.bench, formatSection(section)]));
  const all = benches.flatMap((bench) => fresh.get(bench) ?? old.get(bench) ?? []);
  return [PREAMBLE, ...all].join('\n');
}

function formatSection({ bench, command, date, text }: ResultSection): string {
  const day = date.toISOString().slice(0, 16).replace('T', ' ');
  return `## ${bench}\n\n\`${command}\`, ${day} UTC\n\n\`\`\`text\n${text.trim()}\n\`\`\`\n`;
}

const PREAMBLE = `# Results of the benches

Written by \`npm run bench -- BENCH... --write\`. Compare the contenders of one table with each other, never the tables:
identical runs on one machine differ by a quarter and more. How it is measured is said below each table and in
[docs/performance.md](../docs/performance.md).
`;
