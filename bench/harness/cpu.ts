import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { TimeoutError } from '../../src/util/errors.ts';

/** The kernel tells times in hundredths of a second (USER_HZ), whatever its own clock's rate (proc(5)). */
const TICKS_PER_SECOND = 100;

/** Places in /proc/PID/stat, counted from the state, which is the first thing behind the command's name. */
const UTIME = 11;
const CUTIME = 13;

/** The CPU that a process has used so far, all of its threads, user and system, in seconds of 10 ms resolution. */
export function cpuSeconds(pid: number): number {
  return readTicks(pid, UTIME);
}

/** The CPU of the processes that this one started and that have ended. */
export function endedChildrenCpuSeconds(): number {
  return readTicks(process.pid, CUTIME);
}

/**
 * Waits until a process has used no CPU for `quietMs`: what it put off is done then, and is nobody else's cost.
 * @throws TimeoutError `BENCH_NOT_IDLE` when `timeoutMs` have passed.
 */
export async function idle(pid: number, { quietMs = 100, timeoutMs = 30_000 } = {}): Promise<void> {
  const end = performance.now() + timeoutMs;
  let before = cpuSeconds(pid);
  for (;;) {
    await delay(quietMs);
    const now = cpuSeconds(pid);
    if (now === before) return;
    if (performance.now() > end) {
      throw new TimeoutError('BENCH_NOT_IDLE', `process ${pid} is not idle after ${timeoutMs} ms`);
    }
    before = now;
  }
}

/** The sum of two neighbouring fields: user and system time. */
function readTicks(pid: number, field: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The command's name is in parentheses and may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[field]) + Number(fields[field + 1])) / TICKS_PER_SECOND;
}
