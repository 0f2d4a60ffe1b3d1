#!/usr/bin/env node
import { ExitCode } from './exit-code.ts';
import { runCli } from './program.ts';

process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  // Whoever reads may have read enough: `galago help | head -1`.
  if (code === 'EPIPE') return;
  process.stderr.write(`error: cannot write to standard output: ${message}\n`);
  process.exitCode = ExitCode.FAILED;
});
void runCli(process.argv.slice(2)).then((exitCode) => {
  process.exitCode ??= exitCode;
});
