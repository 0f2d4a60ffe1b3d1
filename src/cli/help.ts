import type { Command } from 'commander';
import { unknownCommand } from './command-line.ts';

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
      for (const name of names)
        found = found.commands.find((command) => command.name() === name) ?? unknownCommand(found, name);
      found.help();
    });
}
