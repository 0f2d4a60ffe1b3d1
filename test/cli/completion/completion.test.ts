import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it, jest } from '@jest/globals';
import { complete } from '../../../src/cli/completion/complete.ts';
import { SHELLS } from '../../../src/cli/completion/completion-scripts.ts';
import { createProgram } from '../../../src/cli/program.ts';
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
  return linesOf('bash', ['-c', script, 'bash', line, ...words]);
}

/** What zsh would offer in the place of the last word, each with what it is. */
async function inZsh(words: readonly string[]): Promise<string[]> {
  const script = `
    galago() { '${process.execPath}' '${MAIN}' "$@"; }
    compdef() { }
    _describe() { print -rl -- "\${(@P)2}"; }
    _files() { print files; }
    eval "$(galago completion zsh)"
    words=("$@")
    CURRENT=$#
    _galago
  `;
  return linesOf('zsh', ['-f', '-c', script, 'zsh', ...words]);
}

/** What fish would offer in the place of the last word, each with what it is behind a tab. */
async function inFish(line: string): Promise<string[]> {
  const script = `
    function galago; '${process.execPath}' '${MAIN}' $argv; end
    galago completion fish | source
    complete --do-complete $argv[1]
  `;
  return linesOf('fish', ['--no-config', '-c', script, line]);
}

async function linesOf(shell: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(shell, args);
  return stdout.split('\n').filter((line) => line !== '');
}

/** For shells that not everybody has. */
function itIn(shell: string) {
  return spawnSync(shell, ['-c', 'true']).status === 0 ? it : it.skip;
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

  it('offers what was given already no second time', async () => {
    const nowhere = { write: () => {} };
    const program = await createProgram({ stdout: nowhere, stderr: nowhere }, (name) => name === 'cluster');
    const hosts = async () => ['192.0.2.2', '192.0.2.3'];
    const { candidates: found } = await complete(program, ['cluster', 'remove', '192.0.2.2', ''], hosts);
    expect(found.map(({ value }) => value)).toEqual(['192.0.2.3']);
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

  itIn('zsh').each([
    [['con'], ['connect:put a container into a pod', 'controller:run the controller']],
    [
      ['init', '--encap', 'g'],
      ['geneve', 'gre'],
    ],
    [['ofp', 'add-flows', 'br0', ''], ['files']],
  ])('makes zsh complete: %j', async (words, expected) => {
    expect(await inZsh(['galago', ...words])).toEqual(expected);
  });

  itIn('fish').each([
    ['galago con', ['connect\tput a container into a pod', 'controller\trun the controller']],
    ['galago init --encap g', ['geneve', 'gre']],
    ['galago init --encap=g', ['--encap=geneve', '--encap=gre']],
  ])('makes fish complete: %s', async (line, expected) => {
    expect(await inFish(line)).toEqual(expected);
  });
});
