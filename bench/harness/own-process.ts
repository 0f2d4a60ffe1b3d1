import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Report } from './bench.ts';

/** One bench to be run. */
export interface Order {
  readonly bench: string;
  readonly settings: Readonly<Record<string, number>>;
  /** The folder for profiles, if they are wanted. */
  readonly profiles?: string;
}

/** What came of it. */
export type Outcome =
  | { readonly report: Report; readonly profiles: readonly string[] }
  /** It cannot run on this machine. */
  | { readonly missing: string }
  | { readonly failed: string };

const PROGRAM = fileURLToPath(new URL('../one-bench.ts', import.meta.url));

/**
 * Runs a bench in a process of its own: what the compiler has learnt from one bench, and the memory that one leaves
 * behind, would count in the next. The codec's times double behind others.
 */
export async function runInOwnProcess(order: Order): Promise<Outcome> {
  const child = fork(PROGRAM, [], { execArgv: ['--import', 'tsx'], serialization: 'advanced' });
  let outcome: Outcome | undefined;
  child.on('message', (message) => {
    outcome = message as Outcome;
  });
  child.send(order);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return outcome ?? { failed: `the process ended with ${signal ?? `exit code ${code}`}` };
}
