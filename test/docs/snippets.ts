import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, run } from '../lab/run.ts';
import { type Fence, ROOT } from './documents.ts';

/** A `ts` fence as a program. */
interface Snippet {
  readonly fence: Fence;
  /** Its path. */
  readonly path: string;
}

/** The programs of one or more fences, in a folder of their own. */
export interface SnippetFolder {
  readonly snippets: readonly Snippet[];
  /** Has programs of this folder, and the compiler, find the package by its name: in the sources. */
  readonly tsconfig: string;
}

/** Writes each fence to a file of its own, as it stands but for what `change` does to it. */
export function writeSnippets(
  dir: string,
  fences: readonly Fence[],
  change: (text: string) => string = (text) => text,
): SnippetFolder {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{ "type": "module" }\n');
  const snippets = fences.map((fence) => {
    const path = join(dir, `${fence.file.replace(/\W/g, '-')}-${fence.line}.ts`);
    writeFileSync(path, `${change(fence.text)}\n`);
    return { fence, path };
  });
  const tsconfig = join(dir, 'tsconfig.json');
  const compilerOptions = {
    typeRoots: [`${ROOT}node_modules/@types`],
    paths: { galago: [`${ROOT}src/index.ts`], 'galago/*': [`${ROOT}src/*/index.ts`] },
  };
  const files = snippets.map(({ path }) => path);
  writeFileSync(
    tsconfig,
    JSON.stringify({
      extends: `${ROOT}tsconfig.json`,
      compilerOptions,
      include: [`${ROOT}src/**/*.d.ts`],
      files,
    }),
  );
  return { snippets, tsconfig };
}

/** What the compiler has to say of the programs, with the places in the documents. */
export async function typeErrors({ snippets, tsconfig }: SnippetFolder): Promise<readonly string[]> {
  let output = '';
  try {
    await run(`${ROOT}node_modules/.bin/tsc`, ['--pretty', 'false', '--project', tsconfig], {
      timeoutMs: 120_000,
    });
  } catch (error) {
    if (!(error instanceof CommandError) || error.stdout === '') throw error;
    output = error.stdout;
  }
  return output.split('\n').flatMap((line) => {
    const [, path = '', row, rest] = /^(.*?)\((\d+),\d+\): (.*)$/.exec(line) ?? [];
    if (row === undefined) return line.startsWith('error') ? [line] : [];
    const snippet = snippets.find((one) => path.endsWith(one.path.slice(one.path.lastIndexOf('/') + 1)));
    // Programs import the sources, which have a check of their own.
    if (snippet === undefined) return [];
    return [`${snippet.fence.file}:${snippet.fence.line + Number(row)}: ${rest}`];
  });
}

/** Has the programs linted as the sources are. @throws CommandError with what is wrong */
export async function lint({ snippets }: SnippetFolder): Promise<void> {
  const settings = ['--vcs-enabled=false', `--config-path=${ROOT}`, '--colors=off'];
  const files = snippets.map(({ path }) => path);
  await run(`${ROOT}node_modules/.bin/biome`, ['check', ...settings, ...files], { timeoutMs: 120_000 });
}
