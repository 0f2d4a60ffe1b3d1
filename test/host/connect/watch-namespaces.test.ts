import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { NamespaceWatch } from '../../../src/host/connect/watch-namespaces.ts';
import { silentLog } from '../../../src/util/log.ts';
import { eventually } from '../../lab/eventually.ts';

let parent: string;
let directory: string;
let named: string[];
/** The delays of the looks that were asked for. */
let delays: number[];
let watched: NamespaceWatch;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'galago-netns-'));
  directory = join(parent, 'netns');
  named = [];
  delays = [];
});

afterEach(async () => {
  watched[Symbol.dispose]();
  await rm(parent, { recursive: true });
});

function begin(): void {
  watched = new NamespaceWatch({
    directory,
    isWanted: (name) => name !== 'alien',
    onNamed: (name) => named.push(name),
    log: silentLog,
    setTimer: (callback, delayMs) => {
      delays.push(delayMs);
      const immediate = setImmediate(callback);
      return () => clearImmediate(immediate);
    },
  });
}

/** As `ip netns add` does, with a link in the place of a mount. */
async function addNamespace(name: string): Promise<void> {
  await symlink('/proc/self/ns/net', join(directory, name));
}

/** Waits until these have been told, and no others; one may be told twice, when the kernel tells of it piece by piece. */
const untilNamed = (...names: readonly string[]) =>
  eventually(async () => [...new Set(named)].join() === names.join(), { what: `${names} to be told` });

it('tells of namespaces that are made, and made again, but not of those that are there or not wanted', async () => {
  await mkdir(directory);
  await addNamespace('old');
  begin();
  await addNamespace('alien');
  await addNamespace('blue');
  await untilNamed('blue');
  await rm(join(directory, 'blue'));
  named = [];
  await addNamespace('blue');
  await untilNamed('blue');
});

it('waits until the file with the name is a namespace, and gives up on one that never is', async () => {
  await mkdir(directory);
  begin();
  await writeFile(join(directory, 'file'), '');
  await eventually(async () => delays.includes(2560), { what: 'the last look' });
  expect(delays).toEqual([...new Set(delays)].sort((a, b) => a - b));
  await addNamespace('blue');
  await untilNamed('blue');
});

it('needs no directory to begin with, and survives its removal', async () => {
  begin();
  for (const name of ['first', 'second']) {
    await mkdir(directory);
    await addNamespace(name);
    await untilNamed(...(name === 'first' ? ['first'] : ['first', 'second']));
    await rm(directory, { recursive: true });
  }
});
