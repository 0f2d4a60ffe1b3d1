import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

/** A row of the tables of codes. */
interface Entry {
  readonly code: string;
  readonly classes: readonly string[];
  readonly meaning: string;
  readonly remedy: string;
}

/** An error that is made in the sources. */
interface Made {
  readonly className: string;
  readonly code: string;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ROW = /^\| `(\w+_\w+)` \| (.*?) \| (.*?) \| (.*?) \|$/gm;
/** A code may stand anywhere, but a `name` is something else's. */
const LITERAL = /(?<!\bname: )'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g;
const CLASS = /\bclass (\w+) extends \w*Error\b/g;
/** Names of the specifications, which are no codes of ours but the reasons of some. */
const SPECIFIED = /^(?:OFP[A-Z]+|NX[A-Z]*|ONF[A-Z]*)_/;
/** `new XError('CODE'`, and `super('CODE'` after the head of its class. */
const MAKING =
  /\bclass (?<owner>\w+) extends|(?:\bnew (?<made>\w+)|\bsuper)\(\s*'(?<code>[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g;

const entries = [...readFileSync(join(ROOT, 'docs/errors.md'), 'utf8').matchAll(ROW)].map(
  ([, code, classes, meaning, remedy]): Entry => ({
    code: code!,
    classes: classes!.replaceAll('`', '').split(', '),
    meaning: meaning!,
    remedy: remedy!,
  }),
);
const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => withoutComments(readFileSync(join(ROOT, 'src', file), 'utf8')));
const classNames = sources.flatMap((source) => [...source.matchAll(CLASS)].map(([, name]) => name!));
const made = sources
  .flatMap(findMade)
  .filter(({ className, code }) => classNames.includes(className) && !SPECIFIED.test(code));

describe('docs/errors.md', () => {
  it('lists every code of the sources, and none that is not there', () => {
    const words = new Set(made.map(({ code }) => firstWord(code)));
    const literals = sources.flatMap((source) =>
      [...source.matchAll(LITERAL)].map(([, literal]) => literal!),
    );
    const codes = new Set(literals.filter((literal) => words.has(firstWord(literal))));
    expect(entries.map(({ code }) => code).sort()).toEqual([...codes].sort());
  });

  it('names the classes of each', () => {
    for (const { code, className } of made) {
      const documented = entries.find((entry) => entry.code === code)?.classes;
      expect({ code, classes: documented }).toEqual({ code, classes: expect.arrayContaining([className]) });
    }
    const named = new Set(entries.flatMap(({ classes }) => classes));
    const unknown = [...named].filter((name) => !classNames.includes(name) && !/^HTTP [45]\d\d$/.test(name));
    expect(unknown).toEqual([]);
  });

  it('says what each means and what to do about it', () => {
    for (const { meaning, remedy } of entries) {
      expect(meaning).toMatch(/^[`A-Z].*\.$/);
      expect(remedy).toMatch(/^[`A-Z].*[.`]$/);
    }
  });

  it('keeps the codes of a part in alphabetical order', () => {
    for (const word of new Set(entries.map(({ code }) => firstWord(code)))) {
      const codes = entries.map(({ code }) => code).filter((code) => firstWord(code) === word);
      expect(codes).toEqual([...codes].sort());
    }
  });
});

function findMade(source: string): Made[] {
  const found: Made[] = [];
  let owner = '';
  for (const { groups } of source.matchAll(MAKING)) {
    if (groups?.owner !== undefined) owner = groups.owner;
    else found.push({ className: groups?.made ?? owner, code: groups!.code! });
  }
  return found;
}

function firstWord(code: string): string {
  return code.split('_', 1)[0]!;
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
}
