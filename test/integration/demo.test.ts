import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ROOT, readDocuments } from '../docs/documents.ts';
import { patternOf } from '../docs/trial.ts';
import { eventually, run } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

/** The demo as a user starts it, in a directory for temporary files that nobody else uses. */
class Demo {
  /** Lab directories that it has made so far; the names of its network namespaces begin with theirs. */
  readonly labs = new Set<string>();
  output = '';
  readonly #tmp: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;

  constructor(tmp: string) {
    this.#tmp = tmp;
    const env = { ...process.env, TMPDIR: tmp };
    // In a process group of its own, as a shell starts it.
    this.#child = spawn('npm', ['run', '--silent', 'demo'], { cwd: ROOT, env, detached: true });
    this.#exited = once(this.#child, 'close');
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text) => {
        this.output += text;
      });
  }

  /** Waits until it has printed something, or has made its lab. */
  async until(condition: () => boolean): Promise<void> {
    await eventually(
      () => {
        for (const name of readdirSync(this.#tmp)) this.labs.add(name);
        return condition();
      },
      { timeoutMs: 120_000, intervalMs: 5 },
    );
  }

  /** What Ctrl-C does: a signal for the whole group. */
  interrupt(): void {
    process.kill(-this.#child.pid!, 'SIGINT');
  }

  async exit(): Promise<unknown> {
    const [code, signal] = await this.#exited;
    return code ?? signal;
  }

  /** Everything of it that is still there. */
  async left(): Promise<readonly string[]> {
    const namespaces = (await run('ip', ['netns', 'list'], {})).split('\n');
    const isOurs = (name: string) => [...this.labs].some((lab) => name.startsWith(lab));
    return [...readdirSync(this.#tmp), ...namespaces.filter(isOurs), ...processesWith(`TMPDIR=${this.#tmp}`)];
  }
}

describeWithLab('the demo', () => {
  let tmp: string;

  beforeEach(() => {
    tmp = mkdtempSync(join(tmpdir(), 'demo-'));
  });

  afterEach(() => rmdirSync(tmp));

  it('shows who reaches whom, as the README has it, and leaves nothing', async () => {
    const demo = new Demo(tmp);
    await demo.until(() => demo.output.includes('$ galago controller'));
    expect({ code: await demo.exit(), output: demo.output }).toEqual({
      code: 0,
      output: expect.stringMatching(/\nAll as expected, in \d+\.\d s\.\n$/),
    });
    const readme = readDocuments().find(({ file }) => file === 'README.md')!;
    const sample = readme.fences.find(({ language }) => language === 'text')!;
    expect(demo.output).toMatch(patternOf(sample.text));
    expect(demo.output).toMatch(/^ {2}12 of 12 as expected: the one in the own pod\.$/m);
    expect(demo.output).toMatch(/^First ping between .*: \d+\.\d\d ms\nSecond ping: \d+\.\d\d ms$/m);
    expect(demo.output).toMatch(/^Flows of br-int on h1: \d+\nFlows of br-int on h2: \d+$/m);
    expect(demo.labs.size).toBe(1);
    await eventually(async () => expect(await demo.left()).toEqual([]));
  });

  it('ends with 1 and says what is wrong when somebody is not reached', async () => {
    const demo = new Demo(tmp);
    await demo.until(() => demo.output.includes('$ galago controller'));
    const [bridge] = /unix:\S+\/h2\/br-int\.mgmt/.exec(demo.output)!;
    const flow = 'priority=65535,in_port=green2,actions=drop';
    await run('ovs-ofctl', ['-O', 'OpenFlow13', 'add-flow', bridge, flow], {});
    expect(await demo.exit()).toBe(1);
    for (const line of [
      '26 of 30 as expected: everybody in the same pod, and nobody else.',
      'wrong: green1 must reach green2',
      'wrong: green2 must answer green3, not nobody',
    ]) {
      expect(demo.output).toContain(`  ${line}\n`);
    }
    expect(demo.output).toMatch(/\n\d+ results are not as expected, in \d+\.\d s\.\n$/);
    await eventually(async () => expect(await demo.left()).toEqual([]));
  });

  describe('when it is interrupted', () => {
    it.each([
      ['while it makes the hosts', (demo: Demo) => demo.labs.size > 0],
      ['while the controller starts', (demo: Demo) => demo.output.includes('$ galago controller')],
      ['while it measures', (demo: Demo) => demo.output.includes('30 of 30')],
    ])('%s, leaves nothing', async (_, isThere) => {
      const demo = new Demo(tmp);
      await demo.until(() => isThere(demo));
      demo.interrupt();
      expect([130, 'SIGINT']).toContain(await demo.exit());
      expect(demo.output).toContain('SIGINT, removing everything\n');
      await eventually(async () => expect(await demo.left()).toEqual([]));
    });
  });

  it.each([
    [['--hlep'], "unknown option '--hlep'; there are '--help' and '--sim'"],
    [['now'], "unknown option 'now'; there are '--help' and '--sim'"],
  ])('refuses %j', async (args, message) => {
    const demo = run('sh', ['examples/demo/run.sh', ...args], {});
    await expect(demo).rejects.toMatchObject({ exitCode: 1, stderr: `galago demo: ${message}\n` });
  });

  it('says in one line that it needs root', async () => {
    const id = join(tmp, 'id');
    writeFileSync(id, '#!/bin/sh\necho 1000\n', { mode: 0o755 });
    const demo = run('sh', ['-c', `PATH=${tmp}:$PATH exec sh examples/demo/run.sh`], {});
    await expect(demo).rejects.toMatchObject({
      exitCode: 1,
      stderr: 'galago demo: needs root, for network namespaces and Open vSwitch: sudo npm run demo\n',
    });
    rmSync(id);
  });
});

/** The processes that have something in their environment. */
function processesWith(variable: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(variable);
      } catch {
        return false;
      }
    })
    .map((pid) => `process ${pid}`);
}
