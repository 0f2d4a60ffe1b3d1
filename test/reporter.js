// Ends a test run with the line `N passed, N failed, N skipped`. Plain JavaScript: jest loads reporters itself.
import { writeFileSync } from 'node:fs';

/**
 * What is used of jest's results.
 * @typedef {{ status: string, ancestorTitles: string[] }} TestResult
 * @typedef {{ testFilePath: string, testResults: TestResult[] }} FileResult
 * @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   numRuntimeErrorTestSuites: number, testResults: FileResult[] }} RunResult
 */

/**
 * The jest reporter of this project. Two variables of the environment change what it does:
 * - `GALAGO_TEST_SUMMARY=FILE` has the last line written to a file, too.
 * - `GALAGO_REQUIRE_INTEGRATION=1` makes the run fail unless integration tests ran and none was skipped.
 */
export default class TotalsReporter {
  /** @type {Error | undefined} */
  #error;

  /**
   * @param {unknown} _contexts
   * @param {RunResult} results
   */
  onRunComplete(_contexts, results) {
    const integration = integrationTests(results);
    const notes = skipReasons(integration).map((reason) => `integration tests skipped: ${reason}`);
    if (process.env.GALAGO_REQUIRE_INTEGRATION === '1') {
      const complaint = complaintAbout(integration);
      if (complaint !== undefined) {
        this.#error = new Error(complaint);
        notes.push(`failed: ${complaint}`);
      }
    }
    const totals = totalsOf(results);
    if (process.env.GALAGO_TEST_SUMMARY) writeFileSync(process.env.GALAGO_TEST_SUMMARY, `${totals}\n`);
    // jest prints a summary of its own after the last reporter has been called.
    process.once('exit', () => process.stdout.write(`${[...notes, totals].join('\n')}\n`));
  }

  /** What makes the run fail although no test did. */
  getLastError() {
    return this.#error;
  }
}

/**
 * A file that could not be run counts as one failed test.
 * @param {RunResult} results
 */
function totalsOf(results) {
  const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
  const skipped = results.numPendingTests + results.numTodoTests;
  return `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
}

/** @param {RunResult} results */
function integrationTests(results) {
  return results.testResults
    .filter((file) => file.testFilePath.includes('/test/integration/'))
    .flatMap((file) => file.testResults);
}

/**
 * Each reason once; it stands in the title of what is skipped.
 * @param {readonly TestResult[]} tests
 */
function skipReasons(tests) {
  const titles = tests.filter(isSkipped).flatMap((test) => test.ancestorTitles);
  return [...new Set(titles.flatMap((title) => /\(skipped: (.+)\)$/.exec(title)?.[1] ?? []))];
}

/** @param {readonly TestResult[]} tests */
function complaintAbout(tests) {
  const skipped = tests.filter(isSkipped).length;
  if (skipped > 0) return `${skipped} integration tests were skipped`;
  if (!tests.some((test) => test.status === 'passed')) return 'no integration test ran';
  return undefined;
}

/** @param {TestResult} test */
function isSkipped({ status }) {
  return status === 'pending' || status === 'todo' || status === 'disabled' || status === 'skipped';
}
