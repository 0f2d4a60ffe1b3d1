// Removes a lab once its standard input has closed, which happens however the process that made the lab ends.
// What belongs to the lab is found by its marks, not by a list: processes have the lab's directory in their
// environment or are in one of its namespaces, and the names of the namespaces begin with the lab's. So it does
// not matter how far the lab had come. Plain JavaScript, so that it starts at once and without a loader.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const TERM_GRACE_MS = 3000;
const KILL_GRACE_MS = 10_000;
const NETNS_DIR = '/run/netns';

const dir = process.argv[2] ?? '';
process.stdin.on('error', () => {}).on('close', () => reap().catch(fail));
process.stdin.resume();
// A reader of the errors that has gone is no reason to stop half-way.
process.stderr.on('error', () => {});

async function reap() {
  // Processes before namespaces: a vswitchd whose bridges vanish under it spins.
  await endProcesses();
  const namespaces = labNamespaces();
  if (namespaces.length > 0) {
    const input = namespaces.map((name) => `netns delete ${name}\n`).join('');
    spawnSync('ip', ['-force', '-batch', '-'], { input });
  }
  // What was being started when the first look was taken.
  await endProcesses();
  rmSync(dir, { recursive: true, force: true });
  const left = [...labProcesses().map((pid) => `process ${pid}`), ...labNamespaces()];
  if (left.length > 0) fail(new Error(left.join(', ')));
}

async function endProcesses() {
  const start = performance.now();
  const asked = new Set();
  for (;;) {
    const pids = labProcesses();
    const elapsedMs = performance.now() - start;
    if (pids.length === 0 || elapsedMs > KILL_GRACE_MS) return;
    for (const pid of pids) {
      if (elapsedMs > TERM_GRACE_MS) signal(pid, 'SIGKILL');
      else if (!asked.has(pid)) signal(pid, 'SIGTERM');
      asked.add(pid);
    }
    await delay(10);
  }
}

/** A zombie has neither environment nor namespace, and counts as gone. */
function labProcesses() {
  const inodes = new Set(
    labNamespaces().map((name) => `net:[${statSync(join(NETNS_DIR, name), { throwIfNoEntry: false })?.ino}]`),
  );
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid && (isMarked(pid) || inodes.has(namespaceOf(pid))));
}

/** @param {number} pid */
function isMarked(pid) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`GALAGO_LAB=${dir}`);
  } catch {
    return false;
  }
}

/** @param {number} pid */
function namespaceOf(pid) {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return '';
  }
}

function labNamespaces() {
  try {
    return readdirSync(NETNS_DIR).filter((name) => name.startsWith(`${basename(dir)}-`));
  } catch {
    return [];
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} name
 */
function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

/** @param {unknown} error */
function fail(error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
