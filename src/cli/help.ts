import type { Command } from 'commander';
import { suggest } from '../util/suggest.ts';

/** Adds `galago help`; commander's own has no answer to a command that is not there. */
export function addHelpCommand(program: Command): void {
  program
    .command('help')
    .description('print the help of a command')
    .argument('[command...]')
    .addHelpText('after', '\nExamples:\n  $ galago help controller\n  $ galago help ofp dump-flows')
    .action((names: readonly string[]) => {
      let found = program;
      for (const name of names) found = subcommand(found, name);
      found.help();
    });
}

function subcommand(parent: Command, name: string): Command {
  const command = parent.commands.find((candidate) => candidate.name() === name);
  if (command !== undefined) return command;
  const names = parent.commands.map((candidate) => candidate.name());
  const near = suggest(name, names);
  const hint = near === undefined ? '' : ` (Did you mean ${near}?)`;
  return parent.error(`error: unknown command '${name}'${hint}`);
}
