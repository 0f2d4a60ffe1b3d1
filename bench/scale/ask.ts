import type { Program } from '../controller/program.ts';

const PATIENCE_MS = 600_000;

/** Has a program do something, and waits for its answer. */
export async function askProgram<T>(program: Program, order: object): Promise<T> {
  const answer = program.next(PATIENCE_MS);
  program.send(order);
  return (await answer) as T;
}
