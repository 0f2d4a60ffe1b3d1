import { Argument, type Command } from 'commander';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { printable } from '../printable.ts';
import { oneOf } from '../values.ts';
import { complete, type FindValues } from './complete.ts';
import { SCRIPTS, SHELLS, type Shell } from './completion-scripts.ts';

/** Adds `galago completion`, and the command that its scripts call. */
export function addCompletionCommands(program: Command): void {
  const completion = program
    .command('completion')
    .summary('have a shell complete what is typed')
    .description(
      'Prints what makes a shell complete commands, options and values of galago when Tab is pressed.',
    )
    .addArgument(oneOf(new Argument('<shell>', 'the shell'), SHELLS))
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((shell: Shell) => write(completion, SCRIPTS[shell]));
  const completing = program
    .command('complete', { hidden: true })
    .description('Prints what may stand in the place of the last word.')
    .argument('[word...]')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', '\nExamples:\n  $ galago complete -- connect ""')
    .action((words: readonly string[]) => printCandidates(program, words, completing));
}

const EXAMPLES = `
Examples:
  $ eval "$(galago completion bash)"       in ~/.bashrc
  $ eval "$(galago completion zsh)"        in ~/.zshrc, behind compinit
  $ galago completion fish | source        in ~/.config/fish/config.fish
`;

async function printCandidates(program: Command, words: readonly string[], command: Command): Promise<void> {
  const { candidates, isFile } = await complete(program, words, find);
  const lines = candidates.map(({ value, description }) => printable(value) + describe(description));
  write(command, [...lines, ...(isFile ? [':files'] : [])].map((line) => `${line}\n`).join(''));
}

/** Loaded when a value is asked for: names of commands and options can do without the database. */
const find: FindValues = async (wanted) => (await import('./complete-values.ts')).findValues(wanted);

function describe(description: string): string {
  return description === '' ? '' : `\t${printable(description)}`;
}

function write(command: Command, text: string): void {
  command.configureOutput().writeOut?.(text);
}
