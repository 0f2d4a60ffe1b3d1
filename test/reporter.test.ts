import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

const REPORTER = fileURLToPath(new URL('./reporter.js', import.meta.url));

/** Reports the results that it finds in its argument, as jest would, and ends as jest would. */
const PROGRAM = `
  import Reporter from ${JSON.stringify(REPORTER)};
  const reporter = new Reporter();
  reporter.onRunComplete(new Set(), JSON.parse(process.argv[1]));
  console.log('Tests: jest says so itself');
  process.exitCode = reporter.getLastError() ? 1 : 0;
`;

describe('the test reporter', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'reporter-'));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  it('ends the run with the totals', async () => {
    const results = { ...RESULTS, numPassedTests: 5, numFailedTests: 1, numPendingTests: 2, numTodoTests: 1 };
    const { lines, exitCode } = await report(results);
    expect(lines.at(-1)).toBe('5 passed, 1 failed, 3 skipped');
    expect(exitCode).toBe(0);
  });

  it('counts a file that could not be run as a failed test', async () => {
    const { lines } = await report({ ...RESULTS, numPassedTests: 5, numRuntimeErrorTestSuites: 1 });
    expect(lines.at(-1)).toBe('5 passed, 1 failed, 0 skipped');
  });

  it('writes the totals to a file when told to', async () => {
    const file = join(dir, 'totals');
    await report({ ...RESULTS, numPassedTests: 5 }, { GALAGO_TEST_SUMMARY: file });
    expect(readFileSync(file, 'utf8')).toBe('5 passed, 0 failed, 0 skipped\n');
  });

  it('says once why integration tests were skipped, and lets them be', async () => {
    const { lines, exitCode } = await report({ ...RESULTS, testResults: [SKIPPED_FILE, SKIPPED_FILE] });
    expect(lines.filter((line) => line.includes('not root'))).toEqual([
      'integration tests skipped: not root (run as root)',
    ]);
    expect(exitCode).toBe(0);
  });

  it('fails a run that requires integration tests when one was skipped', async () => {
    const { lines, exitCode } = await report(
      { ...RESULTS, testResults: [PASSED_FILE, SKIPPED_FILE] },
      REQUIRE,
    );
    expect(lines.at(-2)).toBe('failed: 1 integration tests were skipped');
    expect(exitCode).toBe(1);
  });

  it('fails a run that requires integration tests when none ran', async () => {
    const { lines, exitCode } = await report({ ...RESULTS, numPassedTests: 5 }, REQUIRE);
    expect(lines.at(-2)).toBe('failed: no integration test ran');
    expect(exitCode).toBe(1);
  });

  it('passes a run that requires integration tests when all of them ran', async () => {
    expect((await report({ ...RESULTS, testResults: [PASSED_FILE] }, REQUIRE)).exitCode).toBe(0);
  });
});

const REQUIRE = { GALAGO_REQUIRE_INTEGRATION: '1' };

const RESULTS = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
  testResults: [] as readonly object[],
};

const PASSED_FILE = {
  testFilePath: '/src/test/integration/a.test.ts',
  testResults: [{ status: 'passed', ancestorTitles: ['a network'] }],
};

const SKIPPED_FILE = {
  testFilePath: '/src/test/integration/b.test.ts',
  testResults: [
    { status: 'pending', ancestorTitles: ['a network (skipped: not root (run as root))', 'of two hosts'] },
  ],
};

/** In a process of its own, since the totals are printed when the process ends. */
function report(
  results: object,
  variables: Readonly<Record<string, string>> = {},
): Promise<{ readonly lines: readonly string[]; readonly exitCode: number }> {
  const { GALAGO_REQUIRE_INTEGRATION: _, GALAGO_TEST_SUMMARY: __, ...env } = process.env;
  const args = ['--input-type=module', '--eval', PROGRAM, JSON.stringify(results)];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env: { ...env, ...variables } }, (_error, stdout) => {
      resolve({ lines: stdout.trimEnd().split('\n'), exitCode: child.exitCode ?? -1 });
    });
  });
}
