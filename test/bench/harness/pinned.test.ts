import { describe, expect, it } from '@jest/globals';
import { allowedCpus, parseCpuList, pinned } from '../../../bench/harness/pinned.ts';

describe('parseCpuList', () => {
  it.each([
    ['0', [0]],
    ['0-3', [0, 1, 2, 3]],
    ['1,4-5,9', [1, 4, 5, 9]],
  ])('reads %s', (list, cpus) => expect(parseCpuList(list)).toEqual(cpus));
});

describe('pinned', () => {
  const line = { command: 'node', args: ['x.ts'] };

  it('keeps controller and switches on different CPUs', () => {
    const cpuOf = (role: 'controller' | 'switches') => pinned(role, line, [2, 3, 7]).args[1];
    expect([cpuOf('controller'), cpuOf('switches')]).toEqual(['2', '7']);
  });

  it('leaves the command as it is behind its own', () => {
    const { command, args } = pinned('controller', line, [0, 1]);
    expect([command, ...args]).toEqual(['taskset', '--cpu-list', '0', 'node', 'x.ts']);
  });

  it('does nothing where there is one CPU only', () => expect(pinned('controller', line, [0])).toEqual(line));
});

describe('allowedCpus', () => {
  it('names at least one', () => expect(allowedCpus().length).toBeGreaterThanOrEqual(1));
});
