import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ROOT } from './documents.ts';

/** A name that a room exports, and the file that declares it. */
type Exported = readonly [name: string, file: string];

/** `export { a, type B as C } from './file.ts'`, with the names between the braces. */
const RE_EXPORT = /export\s+(?:type\s+)?\{([^}]*)\}\s+from\s+'([^']+)'/g;
const DECLARATION =
  /^export (?:declare |async |abstract )*(?:const|let|function\*?|class|interface|type) (\w+)/;

/** The names that an index exports, each with the file that it is declared in. */
function exportsOf(index: string): Exported[] {
  const source = readFileSync(index, 'utf8');
  return [...source.matchAll(RE_EXPORT)].flatMap(([, names = '', from = '']) => {
    const file = join(dirname(index), from);
    const declared = names.split(',').map((name) => name.trim().replace(/^type\s+|\s+as\s+\w+$/g, ''));
    const all = declared.filter((name) => name !== '').map((name): Exported => [name, file]);
    if (!file.endsWith('/index.ts')) return all;
    const inner = new Map(exportsOf(file));
    return all.map(([name]): Exported => [name, inner.get(name) ?? file]);
  });
}

/** What a specification's section, or the manual or header that takes its place, is called by. */
const REFERENCE =
  /OpenFlow\s+(\*\s+)?1\.\d(\.\d)?,\s+(\*\s+)?[\w.]+|RFC \d+|EXT-\d+|ovs-\w+\(\d\)|nicira-ext|openflow-1\.|\bONF\b/;

/** The names that a file declares with a comment that ends right above them, each with the comment. */
function comments(file: string): Map<string, string> {
  const lines = readFileSync(file, 'utf8').split('\n');
  const found = new Map<string, string>();
  for (const [at, line] of lines.entries()) {
    const [, name] = DECLARATION.exec(line) ?? [];
    if (name === undefined || !/\*\/\s*$/.test(lines[at - 1] ?? '')) continue;
    const start = lines.slice(0, at).findLastIndex((above) => above.startsWith('/**'));
    found.set(name, lines.slice(start, at).join('\n'));
  }
  return found;
}

const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => join(ROOT, 'src', name, 'index.ts'))
  .filter((index) => {
    try {
      return readFileSync(index).length > 0;
    } catch {
      return false;
    }
  })
  .map((index) => ({ room: index.split('/').at(-2)!, index }));

describe('what a room exports', () => {
  it.each(rooms)('is explained where it is declared: $room', ({ index }) => {
    const found = exportsOf(index);
    expect(found.length).toBeGreaterThan(0);
    const silent = found.filter(([name, file]) => !comments(file).has(name));
    expect(silent.map(([name, file]) => `${name} in ${file.slice(ROOT.length)}`)).toEqual([]);
  });

  it('says where it comes from, in the room of OpenFlow', () => {
    const { index } = rooms.find(({ room }) => room === 'ofp')!;
    const without = exportsOf(index).filter(
      ([name, file]) => !REFERENCE.test(comments(file).get(name) ?? ''),
    );
    expect(without.map(([name, file]) => `${name} in ${file.slice(ROOT.length)}`)).toEqual([]);
  });

  it('is found for every room that the package exports', () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const paths = Object.keys(exports).filter((path) => /^\.\/\w+$/.test(path));
    expect(rooms.map(({ room }) => `./${room}`)).toEqual(expect.arrayContaining(paths));
  });
});
