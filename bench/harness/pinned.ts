import { readFileSync } from 'node:fs';

/** A command line. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

/** The numbers of the CPUs that this process may use. */
export function allowedCpus(): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return parseCpuList(list);
}

/** `0,2-4` as numbers (cpuset(7), list format). */
export function parseCpuList(list: string): readonly number[] {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}

/**
 * The command, kept on one CPU: the first for `controller`, the last for `switches`, so that neither takes the
 * other's time. With one CPU there is nothing to keep apart.
 */
export function pinned(
  role: 'controller' | 'switches',
  { command, args }: CommandLine,
  cpus: readonly number[] = allowedCpus(),
): CommandLine {
  if (cpus.length < 2) return { command, args };
  const cpu = role === 'controller' ? cpus[0]! : cpus.at(-1)!;
  return { command: 'taskset', args: ['--cpu-list', `${cpu}`, command, ...args] };
}
