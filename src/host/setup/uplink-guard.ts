import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { UsageError } from '../../util/errors.ts';
import type { HostDatabase } from '../database.ts';
import { HostError } from '../host-error.ts';
import { keepPutBack, type MovedUplink, moveToDevice } from './uplink.ts';

/*
 * A move of the uplink is watched over by a process of its own, in a session of its own, which no loss of the
 * operator's connection ends:
 *
 *     guard starts ──ready──► move ──moved──► waits for the confirmation ──► ends
 *                              │                      │
 *       failed, or end of its input       time is over
 *                              └──────► puts back ◄───┘
 *
 * The file that says what to put back is whoever's that renames it first: the confirmation's, the guard's or cleanup's.
 * Who finds it there long after its time knows that the guard has been killed, and puts back in its place.
 */

/** What a guard has to know to put a device back. */
export interface UplinkRecord extends MovedUplink {
  /** Connection method of the database. */
  readonly db: string;
  /** How long it waits for the confirmation once the device has moved; 0 when none is needed. */
  readonly confirmWithinMs: number;
  /** What tells the operator's connection from others, where there is one: `SSH_CONNECTION`. */
  readonly connection: string | undefined;
  /** When it was made, in seconds after the boot: no clock that somebody sets. */
  readonly madeAt: number;
}

/** A guard as the one who moves sees it. */
export interface Guard {
  /** Says that the move is done. @throws HostError `HOST_UPLINK_STUCK` when the guard has gone */
  moved(): void;
  /** Has everything put back, and waits for it. @throws HostError `HOST_UPLINK_STUCK` when it could not be */
  putBack(): Promise<void>;
}

/** Where the record of a move is, beside the sockets of Open vSwitch, where it does not outlive a reboot. */
export function recordPath(directory: string): string {
  return join(directory, 'galago-uplink.json');
}

/**
 * Starts a guard, and waits until it watches.
 * @param command what runs {@link guardUplink} with the path of the record as last argument
 * @throws UsageError `HOST_UPLINK_PENDING`; HostError `HOST_UPLINK_STUCK` when it does not start
 */
export async function startGuard(
  path: string,
  move: Omit<UplinkRecord, 'madeAt'>,
  [file, ...args]: readonly string[],
  open: (db: string) => Promise<HostDatabase>,
): Promise<Guard> {
  const record: UplinkRecord = { ...move, madeAt: uptime() };
  try {
    writeFileSync(path, JSON.stringify(record), { flag: 'wx', mode: 0o600 });
  } catch (cause) {
    const { code, message: why } = cause as NodeJS.ErrnoException;
    if (code !== 'EEXIST')
      throw new HostError('HOST_UPLINK_STUCK', `the uplink cannot be watched over: ${why}`, { cause });
    const message =
      'a move of the uplink waits to be confirmed: galago init --confirm, or galago cleanup --yes';
    throw new UsageError('HOST_UPLINK_PENDING', message, { cause });
  }
  const log = openSync(logOf(path), 'w', 0o600);
  const guard = spawn(file!, [...args, path], { detached: true, stdio: ['pipe', 'pipe', log] });
  closeSync(log);
  // Its end is looked for where it matters.
  guard.stdin?.on('error', () => {});
  guard.on('error', () => {});
  if (await saysReady(guard)) return guardOf(guard, path, open);
  guard.kill('SIGKILL');
  rmSync(path, { force: true });
  throw stuck(logOf(path), 'cannot be watched over, so that nothing was moved');
}

/** Takes a move that waits as it is. @throws UsageError `HOST_UPLINK_SETTLED`, `HOST_UPLINK_SAME_CONNECTION` */
export function confirmUplink(path: string, connection: string | undefined, isDryRun = false): UplinkRecord {
  const record = readRecord(path);
  if (record !== undefined && connection !== undefined && connection === record.connection) {
    const message = 'this connection was there before: only a new one shows that the host can be reached';
    throw new UsageError('HOST_UPLINK_SAME_CONNECTION', message);
  }
  if (record !== undefined && (isDryRun || claim(path))) return record;
  throw new UsageError('HOST_UPLINK_SETTLED', 'no move of the uplink waits to be confirmed');
}

/** The record of a move that nobody has confirmed; it is the caller's from now on. */
export function takeOver(path: string): UplinkRecord | undefined {
  const record = readRecord(path);
  return record !== undefined && claim(path) ? record : undefined;
}

/** True while a move can be confirmed. */
export function isPending(path: string): boolean {
  return readRecord(path) !== undefined;
}

/** True when a move should have been put back, and nobody has: its guard has been killed. */
export function isOverdue(path: string): boolean {
  const record = readRecord(path);
  if (record === undefined) return false;
  const age = (uptime() - record.madeAt) * 1000;
  return age < 0 || age > START_TIMEOUT_MS + record.confirmWithinMs + OVERDUE_MS;
}

/**
 * Puts back what is overdue, if anything is.
 * @returns the device
 * @throws HostError as runCommand; what `open` throws
 */
export async function putBackOverdue(
  path: string,
  open: (db: string) => Promise<HostDatabase>,
): Promise<string | undefined> {
  const record = isOverdue(path) ? takeOver(path) : undefined;
  if (record !== undefined) await putBack(record, open);
  return record?.device;
}

/**
 * Watches over a move until it is confirmed, and puts everything back when it is not.
 * @returns false when it was put back
 */
export async function guardUplink(
  path: string,
  open: (db: string) => Promise<HostDatabase>,
): Promise<boolean> {
  // A terminal that goes is what it is there for.
  process.on('SIGHUP', () => {});
  process.stdout.on('error', () => {});
  spareWhenMemoryIsOut();
  const record = readRecord(path);
  if (record === undefined) return true;
  const lines = createInterface({ input: process.stdin });
  const told = once(lines, 'line').then(([line]) => line as string);
  const ended = once(lines, 'close').then(() => undefined);
  process.stdout.write('ready\n');
  const word = await Promise.race([told, ended]);
  if (word === MOVED && (record.confirmWithinMs === 0 || (await isConfirmed(path, record.confirmWithinMs)))) {
    for (const file of [path, logOf(path)]) rmSync(file, { force: true });
    return true;
  }
  if (claim(path)) await putBack(record, open);
  if (word === undefined) await putBackLate(record);
  rmSync(logOf(path), { force: true });
  return false;
}

/** It is the way back: others should go first (proc(5), oom_score_adj). */
function spareWhenMemoryIsOut(): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-1000');
  } catch {
    // Who has made this machine a container may not allow it.
  }
}

async function isConfirmed(path: string, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (existsSync(path)) {
    const left = end - performance.now();
    if (left <= 0) return false;
    await delay(Math.min(left, LOOK_EVERY_MS));
  }
  return true;
}

/** What fails may do better later: nobody else will try. */
async function putBack(record: UplinkRecord, open: (db: string) => Promise<HostDatabase>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await moveToDevice(record, () => open(record.db));
    } catch (error) {
      process.stderr.write(`attempt ${attempt}: ${(error as Error).message}\n`);
      if (attempt === ATTEMPTS) throw error;
      await delay(attempt * 1000);
    }
  }
}

/** Who moves was killed, but not the command that it was running: that ends by itself, and may do so last. */
async function putBackLate(record: UplinkRecord): Promise<void> {
  for (const pauseMs of LATE_LOOKS_MS) {
    await delay(pauseMs);
    await keepPutBack(record);
  }
}

function guardOf(guard: ChildProcess, path: string, open: (db: string) => Promise<HostDatabase>): Guard {
  const log = logOf(path);
  const isAlive = () => guard.exitCode === null && guard.signalCode === null;
  return {
    moved: () => {
      if (!isAlive()) throw stuck(log, 'is not watched over any more');
      guard.stdin?.end(`${MOVED}\n`);
      for (const part of [guard, guard.stdin, guard.stdout] as readonly { unref?(): void }[]) part.unref?.();
    },
    putBack: async () => {
      guard.stdin?.end(`${FAILED}\n`);
      if (isAlive()) await once(guard, 'exit');
      // Whoever has killed it has left the work undone.
      const left = takeOver(path);
      if (left !== undefined) await putBack(left, open);
      else if (guard.exitCode !== 0) throw stuck(log, 'could not be put back');
    },
  };
}

async function saysReady(guard: ChildProcess): Promise<boolean> {
  const signal = AbortSignal.timeout(START_TIMEOUT_MS);
  const answers = [once(guard.stdout!, 'data', { signal }), once(guard, 'exit', { signal })];
  try {
    await Promise.race(answers);
  } catch {
    return false;
  } finally {
    for (const answer of answers) answer.catch(() => {});
  }
  return guard.exitCode === null && guard.signalCode === null;
}

/** What the guard says, which has nobody else to say it to; gone when all went well. */
function logOf(path: string): string {
  return `${path}.log`;
}

function readRecord(path: string): UplinkRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as UplinkRecord;
  } catch {
    return undefined;
  }
}

/** True for only one of those who try at the same time. */
function claim(path: string): boolean {
  const claimed = `${path}.${process.pid}`;
  try {
    renameSync(path, claimed);
  } catch {
    return false;
  }
  rmSync(claimed, { force: true });
  return true;
}

function stuck(log: string, what: string): HostError {
  return new HostError('HOST_UPLINK_STUCK', `the uplink ${what}: see ${log}`);
}

/** What a guard is told: that the device has moved, or that it could not be, and nothing goes on. */
const MOVED = 'moved';
const FAILED = 'failed';
const LOOK_EVERY_MS = 200;
const START_TIMEOUT_MS = 20_000;
/** How long a guard that is there may take longer. */
const OVERDUE_MS = 10_000;
const ATTEMPTS = 5;
/** In all longer than moving addresses takes, also on a machine that is out of memory. */
const LATE_LOOKS_MS = [500, 1500, 3000, 5000];
