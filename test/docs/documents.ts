import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The repository's own folder, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of a document (CommonMark 0.31, 4.5). */
export interface Fence {
  /** Path of the document from the repository's folder. */
  readonly file: string;
  /** The line of the opening fence, from 1. */
  readonly line: number;
  /** `FILE#HEADING`: the section that it is in. */
  readonly section: string;
  /** The first word after the backticks; empty when there is none. */
  readonly language: string;
  /** What else stands there. */
  readonly note: string;
  readonly text: string;
}

/** A document, taken apart. */
export interface Document {
  readonly file: string;
  readonly text: string;
  readonly headings: readonly string[];
  readonly fences: readonly Fence[];
  /** The lines that are in no fence, each with its number from 1. */
  readonly prose: readonly (readonly [line: number, text: string])[];
}

/** Every document of the repository that people read. */
export function readDocuments(): readonly Document[] {
  const inDocs = readdirSync(`${ROOT}docs`).filter((name) => name.endsWith('.md'));
  const inRoot = readdirSync(ROOT).filter((name) => name.endsWith('.md'));
  return [...inRoot.sort(), ...inDocs.sort().map((name) => `docs/${name}`)].map((file) =>
    parseDocument(file, readFileSync(`${ROOT}${file}`, 'utf8')),
  );
}

/** Takes a document apart. */
export function parseDocument(file: string, text: string): Document {
  const headings: string[] = [];
  const fences: Fence[] = [];
  const prose: (readonly [number, string])[] = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const opening = /^ *(`{3,}|~{3,})\s*(\S*)\s*(.*)$/.exec(line);
    if (opening === null) {
      const heading = /^#+ (.+)$/.exec(line)?.[1];
      if (heading !== undefined) headings.push(heading);
      prose.push([i + 1, line]);
      continue;
    }
    const [, marks, language = '', note = ''] = opening;
    const end = lines.findIndex((other, at) => at > i && other.trim() === marks);
    if (end < 0) throw new Error(`${file}:${i + 1}: the fence has no end`);
    const body = lines.slice(i + 1, end).join('\n');
    const section = `${file}#${headings.at(-1) ?? ''}`;
    fences.push({ file, line: i + 1, section, language, note, text: body });
    i = end;
  }
  return { file, text, headings, fences, prose };
}

/** A command of an `sh` fence: plain or quoted words, which mean the same with and without a shell. */
export interface Command {
  /** `FILE:LINE`, for messages. */
  readonly at: string;
  /** A host that the last comment of the form `# on HOST and HOST` names; undefined before there is one. */
  readonly host: string | undefined;
  readonly words: readonly string[];
}

/** Reads an `sh` fence. @throws Error for what needs a shell to be understood */
export function readCommands({ file, line, text }: Fence): readonly Command[] {
  const commands: Command[] = [];
  let hosts: readonly (string | undefined)[] = [undefined];
  let words: readonly string[] = [];
  for (const [i, whole] of text.split('\n').entries()) {
    const at = `${file}:${line + 1 + i}`;
    if (whole.startsWith('#')) {
      hosts = /^# on (\w+(?: and \w+)*)$/.exec(whole)?.[1]?.split(' and ') ?? hosts;
      continue;
    }
    const isContinued = whole.endsWith(' \\');
    const part = isContinued ? whole.slice(0, -2) : whole;
    words = [...words, ...readWords(part, at)];
    if (isContinued || words.length === 0) continue;
    for (const host of hosts) commands.push({ at, host, words });
    words = [];
  }
  if (words.length > 0) throw new Error(`${file}:${line}: the last command goes on after the fence`);
  return commands;
}

/** Words apart by spaces; what is in single quotes is one, whatever it has in it. */
function readWords(part: string, at: string): string[] {
  const plain = part.replaceAll(/'[^']*'/g, '');
  if (/[|&;<>()$`\\"'*?~#{}]/.test(plain)) throw new Error(`${at}: expected plain words, got '${part}'`);
  return [...part.matchAll(/'([^']*)'|[^ ]+/g)].map(([word, quoted]) => quoted ?? word);
}

/** The anchor that a heading has on GitHub. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
