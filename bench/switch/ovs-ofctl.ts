import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { RemoteError } from '../../src/util/errors.ts';
import type { Contender } from '../harness/rounds.ts';
import { type Target, timed } from './target.ts';

/** A command of `ovs-ofctl` on the target. */
export interface OfctlCommand {
  readonly command: string;
  readonly options?: readonly string[];
  /** The flows that it reads from its standard input; without, it reads none and is timed from its start. */
  readonly input?: string;
}

/**
 * `ovs-ofctl`. It reads all flows before it connects, and it reads them from its standard input here, so that its
 * time begins when it has them: with the last line, not with its start. What it prints is read and dropped.
 */
export function ovsOfctl(target: Target, { command, options = [], input }: OfctlCommand): Contender {
  const operands = [`unix:${target.path}`, ...(input === undefined ? [] : ['-'])];
  const argv = ['-O', 'OpenFlow13', ...options, command, ...operands];
  return {
    name: ['ovs-ofctl', ...options, command].join(' '),
    role: 'peer',
    async turn() {
      const started = performance.now();
      const child = spawn('ovs-ofctl', argv, { stdio: 'pipe' });
      const exited = once(child, 'close');
      let said = '';
      child.stdout.resume();
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        said += part;
      });
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      if (input !== undefined) await Promise.race([once(child.stdin, 'finish'), exited]);
      const turn = await timed(target, () => exited, child);
      if (child.exitCode !== 0) {
        throw new RemoteError('BENCH_PEER_FAILED', `exit code ${child.exitCode}: ${said.trim()}`);
      }
      return input === undefined ? turn : { ...turn, commandMs: performance.now() - started };
    },
  };
}
