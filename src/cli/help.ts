import type { Command } from 'commander';
import { suggest } from '../util/suggest.ts';

/** Adds `help` to the program and to each command that has others; commander's own does not know what is there. */
export function addHelpCommands(program: Command): void {
  for (const group of program.commands.filter(({ commands }) => commands.length > 0)) addHelpCommand(group);
  addHelpCommand(program);
}

function addHelpCommand(group: Command): void {
  const path = group.parent === null ? 'galago' : `galago ${group.name()}`;
  const [example = ''] = group.commands.map((command) => command.name());
  group
    .command('help')
    .description('print the help of a command')
    .argument('[command...]')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', `\nExamples:\n  $ ${path} help ${example}`)
    .action((names: readonly string[]) => {
      let found = group;
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
