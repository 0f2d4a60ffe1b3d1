import { realpathSync } from 'node:fs';

/** The words that run this command again, from wherever: for processes that outlive this one. */
export function ownCommand(): readonly string[] {
  return [process.execPath, ...process.execArgv, realpathSync(process.argv[1]!)];
}
