import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createProgram } from '../../src/cli/program.ts';
import {
  anchorOf,
  type Command,
  type Fence,
  parseDocument,
  ROOT,
  readCommands,
  readDocuments,
} from './documents.ts';
import { SECTIONS } from './sections.ts';
import { lint, typeErrors, writeSnippets } from './snippets.ts';

jest.setTimeout(180_000);

const documents = readDocuments();
const fences = documents.flatMap((document) => document.fences);
const commands = fences.filter(({ language }) => language === 'sh').flatMap(readCommands);

describe('the documents', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'galago-docs-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('say of every block what it is: commands, a program, or what those print', () => {
    const unknown = fences.filter(({ language, note }) => !LANGUAGES.includes(`${language} ${note}`.trim()));
    expect(unknown.map(placeOf)).toEqual([]);
  });

  it('have no code outside of fences', () => {
    const indented = documents.flatMap(({ file, prose }) =>
      prose.filter(([, text]) => /^(\t| {4})|<(pre|code)\b/.test(text)).map(([line]) => `${file}:${line}`),
    );
    expect(indented).toEqual([]);
  });

  it('have only programs that the compiler and the linter take', async () => {
    const programs = fences.filter(({ language }) => language === 'ts');
    const folder = writeSnippets(dir, programs);
    expect(await typeErrors(folder)).toEqual([]);
    await lint(folder);
  });

  it('have only commands that there are', async () => {
    const problems = await Promise.all(commands.map(problemOf));
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it('have each section with commands or programs tried by a test', () => {
    const tried = fences.filter(needsTrial).map(({ section }) => section);
    expect([...new Set(tried)].sort()).toEqual(Object.keys(SECTIONS).sort());
  });

  it('show as printed only what a test has printed', () => {
    const printed = fences.filter(({ language }) => language === 'text').map(({ section }) => section);
    const isTried = (section: string) => SECTIONS[section] !== undefined && !SECTIONS[section].notRun;
    expect(printed.filter((section) => !isTried(section) && section !== DEMO)).toEqual([]);
  });

  it('have no program that goes on without anybody looking at what it does', () => {
    const servers = fences.filter(({ note }) => note === 'server').map(({ section }) => section);
    const isWatched = (section: string) =>
      SECTIONS[section]?.claim !== undefined ||
      fences.some((fence) => fence.section === section && fence.language === 'text');
    expect(servers.filter((section) => !isWatched(section))).toEqual([]);
  });

  it('have claims only after commands that are there', () => {
    const claimed = Object.entries(SECTIONS).flatMap(([section, { after = {} }]) => {
      const inSection = fences.filter((fence) => fence.section === section && fence.language === 'sh');
      const lines = inSection.flatMap(readCommands).map(({ words }) => words.join(' '));
      return Object.keys(after).filter((line) => !lines.includes(line));
    });
    expect(claimed).toEqual([]);
  });

  it('have links that lead somewhere', () => {
    expect(documents.flatMap(({ file, text }) => brokenLinks(file, text))).toEqual([]);
  });

  it('have lines that fit', () => {
    const long = documents.flatMap(({ file, prose }) =>
      prose
        .filter(([, text]) => text.length > 120 && !/^\||\]\(/.test(text))
        .map(([line]) => `${file}:${line}`),
    );
    expect(long).toEqual([]);
  });

  it('name the two commands of the README in package.json', () => {
    const [block] = fences.filter(({ section }) => section === DEMO);
    expect(block?.text).toBe('npm run demo\nnpm cit');
    expect(scripts.demo).toBe('node examples/demo/start.js');
    expect(scripts.test).toMatch(/\bnpm run jest\b/);
  });
});

/** The section whose output `test/integration/demo.test.ts` compares. */
const DEMO = 'README.md#Two commands';

/** `text` is what the block before it prints; a `server` goes on until its section ends. */
const LANGUAGES = ['sh', 'ts', 'ts server', 'text'];

const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  readonly scripts: Readonly<Record<string, string>>;
};

function placeOf({ file, line, language, note }: Fence): string {
  return `${file}:${line} ${language} ${note}`.trim();
}

/** Programs, and commands that need a switch, cannot be judged by looking at them. */
function needsTrial(fence: Fence): boolean {
  if (fence.language === 'ts') return true;
  return fence.language === 'sh' && readCommands(fence).some(({ words }) => TRIED.includes(words[0]!));
}

const TRIED = ['galago', 'ovs-vsctl', 'ovs-ofctl', 'ovs-appctl', 'nft', 'ip'];

/** What is wrong with a command, as far as that can be seen without running it. */
async function problemOf({ at, words: [name, ...args] }: Command): Promise<string | undefined> {
  switch (name) {
    case 'npm':
      return npmProblem(at, args);
    case 'npx':
      return args[0] === 'tsx' && isFile(args[1]!) ? undefined : `${at}: no such example: ${args.join(' ')}`;
    case 'galago':
      return galagoProblem(at, args);
    case 'ovs-vsctl':
    case 'ovs-ofctl':
    case 'ovs-appctl':
    case 'nft':
    case 'ip':
      return undefined;
    default:
      return isFile(name!) ? undefined : `${at}: what is '${name}'? Nothing tries it`;
  }
}

function npmProblem(at: string, [verb, ...rest]: readonly string[]): string | undefined {
  const paths = rest.filter((word) => word.includes('/') && !word.startsWith('-'));
  const missing = paths.find((path) => !existsSync(`${ROOT}${path}`));
  if (missing !== undefined) return `${at}: there is no ${missing}`;
  if (verb === 'run') return scripts[rest[0]!] === undefined ? `${at}: no script '${rest[0]}'` : undefined;
  return ['ci', 'cit', 'link', 'test'].includes(verb!) ? undefined : `${at}: nothing tries npm ${verb}`;
}

/** The command's own definitions judge its options and their values. */
async function galagoProblem(at: string, args: readonly string[]): Promise<string | undefined> {
  const silent = { write: () => {} };
  const program = await createProgram({ stdout: silent, stderr: silent }, () => true);
  for (const command of program.commands.flatMap((one) => [one, ...one.commands])) {
    const runs = command.commands.length === 0 || command.registeredArguments.length > 0;
    if (runs) command.action(() => {});
  }
  try {
    program.parse(args, { from: 'user' });
    return undefined;
  } catch (error) {
    return `${at}: ${(error as Error).message}`;
  }
}

function isFile(path: string): boolean {
  return path.includes('/') && statSync(`${ROOT}${path}`, { throwIfNoEntry: false })?.isFile() === true;
}

function brokenLinks(file: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => {
      const [path = '', anchor] = target.split('#');
      const linked = path === '' ? file : normalize(join(dirname(file), path));
      if (!existsSync(`${ROOT}${linked}`)) return true;
      if (anchor === undefined) return false;
      const { headings } = parseDocument(linked, readFileSync(`${ROOT}${linked}`, 'utf8'));
      return !headings.some((heading) => anchorOf(heading) === anchor);
    })
    .map((target) => `${file}: ${target}`);
}
