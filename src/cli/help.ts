import type { Command } from 'commander';
import { suggest } from '../util/suggest.ts';

/** Adds `galago help`; commander's own has no answer to a command that is not there. */
export function addHelpCommand(program: Command): void {
  program
    .command('help')
    .description('print the help of a command')
    .argument('[command]')
    .addHelpText('after', '\nExamples:\n  $ galago help controller')
    .action((name?: string) => {
      if (name === undefined) program.help();
      const command = program.commands.find((candidate) => candidate.name() === name);
      if (command !== undefined) command.help();
      const names = program.commands.map((candidate) => candidate.name());
      const near = suggest(name, names);
      const hint = near === undefined ? '' : ` (Did you mean ${near}?)`;
      program.error(`error: unknown command '${name}'${hint}`);
    });
}
