import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { followFirewall } from '../../../src/host/system/follow-firewall.ts';
import { eventually } from '../../lab/eventually.ts';

let dir: string;
let told: number;
/** The timers that are set. */
let timers: { readonly callback: () => void; readonly delayMs: number }[];
let stop: () => void;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'galago-monitor-'));
  told = 0;
  timers = [];
});

afterEach(async () => {
  stop();
  expect(timers).toEqual([]);
  await rm(dir, { recursive: true });
});

/** Begins with a monitor that is a script for sh(1). */
function follow(script: string): void {
  stop = followFirewall({
    monitor: ['sh', '-c', script, 'sh', dir],
    onChange: () => told++,
    setTimer: (callback, delayMs) => {
      const timer = { callback, delayMs };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
  });
}

const delays = () => timers.map(({ delayMs }) => delayMs);
const fire = () => timers.pop()!.callback();
/** Waits until the monitor that runs has ended: another time is waited for then. */
function untilEnded(): Promise<unknown> {
  const [timer] = timers;
  return eventually(() => timers[0] !== timer, { what: 'the monitor to end' });
}
const WAIT = 'exec tail -f /dev/null';

it('tells of what the monitor prints of tables, chains and rules, and of what it has lost', async () => {
  const lines = [
    'add table inet t',
    'add chain inet t input { type filter hook input priority filter; policy drop; }',
    'add set inet t s { type ipv4_addr; }',
    'add element inet t s { 192.0.2.1 }',
    'delete rule inet t input handle 3',
    '# new generation 9 by process 29774 (nft)',
    '# ERROR: We lost some netlink events!',
  ];
  follow(`printf '%s\\n' ${lines.map((line) => `'${line}'`).join(' ')}; ${WAIT}`);
  expect(told).toBe(1);
  await eventually(() => told === 5, { what: 'four changes' });
  // It may not have listened from the beginning.
  expect(delays()).toEqual([20_000]);
  fire();
  expect(told).toBe(6);
  expect(delays()).toEqual([60_000]);
});

it('tells from time to time as well, more often while there is no monitor', async () => {
  follow(`[ -e "$1/installed" ] && echo 'add table inet t' && ${WAIT}`);
  for (const times of [1, 2, 3]) {
    expect(told).toBe(times);
    await untilEnded();
    expect(delays()).toEqual([20_000]);
    if (times === 3) await writeFile(join(dir, 'installed'), '');
    fire();
  }
  await eventually(() => told === 5, { what: 'what the monitor says' });
});

it('has a monitor again when one has ended', async () => {
  const path = join(dir, 'pids');
  await writeFile(path, '');
  follow(`echo $$ >>"$1/pids"; ${WAIT}`);
  const untilRuns = (monitor: number) =>
    eventually(() => readFileSync(path, 'utf8').split('\n').length > monitor, { what: 'a monitor' });
  await untilRuns(1);
  fire();
  expect(delays()).toEqual([60_000]);
  process.kill(Number.parseInt(readFileSync(path, 'utf8'), 10));
  await untilEnded();
  expect(delays()).toEqual([20_000]);
  fire();
  await untilRuns(2);
});
