import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Profiler, profiledTurns } from '../../../bench/harness/profile.ts';
import type { Contender } from '../../../bench/harness/rounds.ts';

describe('Profiler', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'galago-profile-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('writes what ran as a profile and as a flame graph, and gives what the work gave', async () => {
    const profiler = new Profiler(folder, 'a-bench');
    const result = await profiler.record('galago, all at once', async () => {
      const end = performance.now() + 20;
      let turns = 0;
      while (performance.now() < end) turns++;
      return turns;
    });
    expect(result).toBeGreaterThan(0);
    const path = join(folder, 'a-bench-galago-all-at-once');
    expect(profiler.files).toEqual([`${path}.cpuprofile`, `${path}.svg`]);
    const { nodes, samples } = JSON.parse(await readFile(`${path}.cpuprofile`, 'utf8'));
    expect([Array.isArray(nodes), samples.length > 0]).toEqual([true, true]);
    expect(await readFile(`${path}.svg`, 'utf8')).toMatch(/^<svg/);
  });

  it('takes the profile of a process that is started with its options', async () => {
    const profiler = new Profiler(folder, 'command');
    const program = 'for (const end = performance.now() + 20; performance.now() < end; );';
    const code = await profiler.recordProcess('galago', async (options) => {
      const [status] = await once(spawn(process.execPath, [...options, '-e', program]), 'exit');
      return status;
    });
    expect(code).toBe(0);
    expect(profiler.files).toEqual(
      ['cpuprofile', 'svg'].map((kind) => join(folder, `command-galago.${kind}`)),
    );
    expect(await readFile(join(folder, 'command-galago.svg'), 'utf8')).toMatch(/^<svg/);
  });

  it('looks only at our own contenders', async () => {
    const profiler = new Profiler(join(folder, 'turns'), 'b');
    const around = profiledTurns(profiler);
    const turn = async () => ({ elapsedMs: 1, cpuMs: {} });
    for (const role of ['ours', 'peer', 'limit'] as const) {
      const contender: Contender = { name: role, role, turn };
      expect(await around(contender, turn)).toEqual({ elapsedMs: 1, cpuMs: {} });
    }
    expect(await readdir(join(folder, 'turns'))).toEqual(['b-ours.cpuprofile', 'b-ours.svg']);
  });
});
