import { runCli } from '../../src/cli/program.ts';

/** Runs the command line in this process, and tells what it printed. */
export async function run(...args: string[]) {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { exitCode, stdout, stderr };
}
