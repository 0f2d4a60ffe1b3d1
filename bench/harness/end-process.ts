import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Kills a process that this one has started, and waits for its end; one that has ended is left alone. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
