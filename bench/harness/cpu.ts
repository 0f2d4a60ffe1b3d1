import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { TimeoutError } from '../../src/util/errors.ts';

/** The kernel tells times in hundredths of a second (USER_HZ), whatever its own clock's rate (proc(5)). */
const TICK_MS = 10;

/** Places in /proc/PID/stat, counted from the state, which is the first thing behind the command's name. */
const UTIME = 11;
const CUTIME = 13;

/** The CPU that a process has used so far, all of its threads, user and system, to 10 ms. */
export function cpuMs(pid: number): number {
  return readTimes(pid, UTIME);
}

/** The CPU that this process has used so far, all of its threads. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The CPU of a process that this one started, together with those that have ended: differences tell its own. */
export function childrenCpuMs(child: ChildProcess): number {
  const isRunning = child.exitCode === null && child.signalCode === null;
  return readTimes(process.pid, CUTIME) + (isRunning ? cpuMs(child.pid!) : 0);
}

/** The memory that a process has in RAM (VmRSS of proc(5)), in bytes. */
export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]);
}

/**
 * Waits until a process has used no CPU for `quietMs`: what it put off is done then, and is nobody else's cost.
 * @throws TimeoutError `BENCH_NOT_IDLE` when `timeoutMs` have passed.
 */
export async function idle(pid: number, { quietMs = 100, timeoutMs = 30_000 } = {}): Promise<void> {
  const end = performance.now() + timeoutMs;
  let before = cpuMs(pid);
  for (;;) {
    await delay(quietMs);
    const now = cpuMs(pid);
    if (now === before) return;
    if (performance.now() > end) {
      throw new TimeoutError('BENCH_NOT_IDLE', `process ${pid} is not idle after ${timeoutMs} ms`);
    }
    before = now;
  }
}

/** The sum of two neighbouring fields: user and system time. */
function readTimes(pid: number, field: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name is in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[field]) + Number(fields[field + 1])) * TICK_MS;
}
