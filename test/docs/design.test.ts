import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { OURS } from '../../src/app/pipeline/cookie.ts';
import { type Intent, intentNumber, type Location } from '../../src/app/pipeline/intent.ts';
import { FIRST_POD_METER, FIRST_PORT_METER, LEARN_LIMIT, Table } from '../../src/app/pipeline/tables.ts';
import { ROOT, readDocuments } from './documents.ts';

const design = readDocuments().find(({ file }) => file === 'docs/design.md')!;
const pods = readDocuments().find(({ file }) => file === 'docs/pods.md')!;

describe('docs/design.md', () => {
  it('names the rooms that there are, in an order in which each may import from those before it', () => {
    const rooms = [...imports.keys()];
    expect([...rooms].sort()).toEqual(foldersOf('src'));
    for (const [room, allowed] of imports) {
      expect({ room, late: allowed.filter((name) => rooms.indexOf(name) >= rooms.indexOf(room)) }).toEqual({
        room,
        late: [],
      });
    }
  });

  it('says from where each room may import, and nobody imports from elsewhere', () => {
    const strays = [...imports].flatMap(([room, allowed]) =>
      importsOf(room).filter(({ to }) => !allowed.includes(to)),
    );
    expect(strays).toEqual([]);
  });

  it('names the tables of the pipeline with their numbers', () => {
    const named = rowsOf(design.text, 'table').map(([number, name]) => [
      name!.toUpperCase().replace('-', '_'),
      Number(number),
    ]);
    expect(Object.fromEntries(named)).toEqual(Table);
  });

  it('names the types of intents with their numbers', () => {
    const port = { ofport: 1, key: 1 };
    const shared = { key: 1, tunnel: undefined };
    const station = (location: Location): Intent => {
      return { type: 'station', mac: '02:00:00:00:00:01', ips: [], location, ...shared };
    };
    const intents: readonly Intent[] = [
      { type: 'base' },
      { type: 'pod', ofports: [], peers: [], ...shared, maxMeter: 262_144 },
      { type: 'endpoint', ...port, maxMeter: 262_144 },
      { type: 'learnt', mac: '02:00:00:00:00:01', location: { type: 'port', ofport: 1 }, ...shared },
      { type: 'barred', ofport: 1 },
      station({ type: 'port', ofport: 1 }),
      { type: 'tunnel', ofport: 1 },
      station({ type: 'tunnel', peer: '192.0.2.1' }),
      { type: 'dhcp', ...port, maxMeter: 262_144 },
      { type: 'server', key: 1, mac: '02:00:00:00:00:01', ip: '10.0.0.1' },
      { type: 'inline', ...port },
      { type: 'uplink', ...port },
    ];
    const named = (intent: Intent) =>
      intent.type === 'station'
        ? `station ${intent.location.type === 'port' ? 'here' : 'elsewhere'}`
        : intent.type;
    const numbers = intents.map((intent) => `${Math.floor(intentNumber(intent) / 2 ** 36)} ${named(intent)}`);
    expect(design.text).toContain(`the type of the intent: ${numbers.join(', ')} |`);
  });

  it('has the numbers that flows, groups and meters of ours are told by', () => {
    const mark = `0x${OURS.shiftRightUnsigned(48).toString(16)}`;
    const { rate, burstSize } = LEARN_LIMIT;
    for (const text of [
      `${mark}: ours`,
      `the one of a port is 0x${FIRST_PORT_METER.toString(16)} + its number`,
      `0x${FIRST_POD_METER.toString(16)} + the number of its first port`,
      `${rate} such frames of a port a second, and ${burstSize} at once`,
    ])
      expect(design.text).toContain(text);
    expect(pods.text).toContain(`cookie ${mark}000000000000`);
    expect(pods.text).toContain(
      `| meters | ${FIRST_PORT_METER} + a port's number; ${FIRST_POD_METER} + that of a pod's first port |`,
    );
  });
});

/** What each room may import from, by the table of rooms. */
const imports: ReadonlyMap<string, readonly string[]> = new Map(
  rowsOf(design.text, 'room').map(([room, allowed]) => [wordsIn(room!)[0]!, wordsIn(allowed!)]),
);

/** The rows of the table whose first column has the given heading. */
function rowsOf(text: string, heading: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`)) + 2;
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  return lines.slice(start, start + length).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** What stands in backticks. */
function wordsIn(cell: string): string[] {
  return [...cell.matchAll(/`(\w+)`/g)].map(([, word]) => word!);
}

function foldersOf(path: string): string[] {
  return readdirSync(`${ROOT}${path}`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

/** Every import of a room from another one. */
function importsOf(room: string): { readonly file: string; readonly to: string }[] {
  return readdirSync(`${ROOT}src/${room}`, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .flatMap((path) => {
      const file = `src/${room}/${path}`;
      const sources = readFileSync(`${ROOT}${file}`, 'utf8').matchAll(/\bfrom '(\.[^']+)'/g);
      return [...sources].map(([, source]) => ({ file, to: roomOf(file, source!) }));
    })
    .filter(({ to }) => to !== room);
}

/** The room that an import leads to. */
function roomOf(file: string, source: string): string {
  const { pathname } = new URL(source, new URL(file, 'file:///'));
  return pathname.split('/')[2]!;
}
