import { type CommandContext, LabError, run } from './run.ts';

/**
 * Runs several `ip` commands in one process, in order, until one fails.
 * @throws CommandError `LAB_COMMAND_FAILED` with the number of the line that failed.
 * @throws LabError `LAB_ARGUMENT_INVALID` for an argument that would be read as several, or as none.
 */
export async function ipBatch(
  commands: readonly (readonly string[])[],
  context: CommandContext,
): Promise<void> {
  for (const argument of commands.flat()) {
    if (/^[\w.:/@-]+$/.test(argument)) continue;
    throw new LabError('LAB_ARGUMENT_INVALID', `expected a plain argument of ip, got '${argument}'`);
  }
  const input = commands.map((command) => `${command.join(' ')}\n`).join('');
  await run('ip', ['-batch', '-'], { ...context, input });
}
