#!/usr/bin/env node
import { runCli } from './program.ts';

// Whoever reads help may have read enough: `galago help | head -1`.
process.stdout.on('error', () => {});
void runCli(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
