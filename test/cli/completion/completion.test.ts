import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it, jest } from '@jest/globals';
import { SHELLS } from '../../../src/cli/completion/completion-scripts.ts';
import { MAIN } from '../../integration/host-cli.ts';
import { run } from '../run.ts';

// bash starts the command twice, which takes its time on a busy machine.
jest.setTimeout(60_000);

/** The words that may stand in the place of the last one. */
async function candidates(...words: string[]): Promise<string[]> {
  const { exitCode, stdout, stderr } = await run('complete', '--', ...words);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t', 1)[0]!);
}

/** What bash would put in the place of the word at the end of a line, with what the words before it are split at. */
async function inBash(line: string, words: readonly string[]): Promise<string[]> {
  const script = `
    galago() { '${process.execPath}' '${MAIN}' "$@"; }
    eval "$(galago completion bash)"
    COMP_LINE=$1 COMP_POINT=\${#1} COMP_CWORD=$(($# - 2))
    shift
    COMP_WORDS=("$@")
    _galago
    printf '%s\\n' "\${COMPREPLY[@]}"
  `;
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', line, ...words]);
  return stdout.split('\n').filter((reply) => reply !== '');
}

describe('completion', () => {
  it('knows every command that help shows, and no other', async () => {
    const { stdout } = await run('--help');
    const [listed = ''] = stdout.split('\nExamples:');
    const names = [...listed.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name]) => name!);
    expect(names.length).toBeGreaterThan(10);
    expect((await candidates('')).sort()).toEqual(names.sort());
  });

  it.each([
    [['con'], ['connect', 'controller']],
    [
      ['ofp', 'd'],
      ['decode', 'dump-flows', 'del-flows'],
    ],
    [
      ['help', 'ofp', 'd'],
      ['decode', 'dump-flows', 'del-flows'],
    ],
    [
      ['ofp', 'help', 'd'],
      ['decode', 'dump-flows', 'del-flows'],
    ],
    [['cluster', 'a'], ['add']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['init', '--enc'], ['--encap']],
    [
      ['init', '--encap', ''],
      ['vxlan', 'geneve', 'gre'],
    ],
    [
      ['init', '--encap=g'],
      ['--encap=geneve', '--encap=gre'],
    ],
    [['init', '--encap', 'gre', '--dry'], ['--dry-run']],
    [['controller', '--peer', '192.0.2.1', '--log-level', 'd'], ['debug']],
    [['ofp', 'add-flows', 'br0', ''], [':files']],
    [['controller', '--ca-cert', ''], [':files']],
    [['connect', '--', '-'], []],
    [['connect', 'web', '10.0.0.1', 'global', ''], []],
    [['nothing', 'of', 'this'], []],
  ])('completes %j', async (words, expected) => {
    expect(await candidates(...words)).toEqual(expected);
  });

  it('completes nothing by what this machine does not have', async () => {
    expect(
      await candidates('connect', '--docker', '/nowhere', 'web', '10.0.0.1', '--db', 'unix:/nowhere', ''),
    ).toEqual(['global']);
    expect(await candidates('disconnect', '--db', 'unix:/nowhere', '')).toEqual([]);
  });

  it('says what each is', async () => {
    const { stdout } = await run('complete', '--', 'connect', '--if');
    expect(stdout).toBe('--ifname\tname of the interface in the container\n');
  });

  it.each(SHELLS)('prints a script for %s', async (shell) => {
    const { exitCode, stdout } = await run('completion', shell);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('complete --');
  });

  it('refuses a shell that it does not know', async () => {
    const { exitCode, stderr } = await run('completion', 'tcsh');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Allowed choices are bash, zsh, fish');
  });

  it.each([
    ['galago con', ['galago', 'con'], ['connect', 'controller']],
    ['galago init --encap ', ['galago', 'init', '--encap', ''], ['vxlan', 'geneve', 'gre']],
    // What stands before = or : is not replaced.
    ['galago init --encap=g', ['galago', 'init', '--encap', '=', 'g'], ['geneve', 'gre']],
    ['galago init  --encap=', ['galago', 'init', '--encap', '='], ['vxlan', 'geneve', 'gre']],
    [
      'galago ofp dump-flows tcp:127.0.0.1 ',
      ['galago', 'ofp', 'dump-flows', 'tcp', ':', '127.0.0.1', ''],
      [],
    ],
  ])('makes bash complete: %s', async (line, words, expected) => {
    expect(await inBash(line, words)).toEqual(expected);
  });
});
