import { run } from '../../test/lab/index.ts';

/** The first line of `COMMAND --version`; undefined when it is not installed. */
export async function versionOf(command: string): Promise<string | undefined> {
  try {
    return (await run(command, ['--version'])).split('\n')[0];
  } catch {
    return undefined;
  }
}

/** Whether a command can be run. */
export async function isInstalled(command: string): Promise<boolean> {
  return (await versionOf(command)) !== undefined;
}
