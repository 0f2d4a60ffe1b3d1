import type { Command, Option } from 'commander';
import { suggest } from '../util/suggest.ts';

/** What words of a command line come to. */
export interface CommandLine {
  readonly command: Command;
  /** The arguments that the command has. */
  readonly given: readonly string[];
  readonly options: ReadonlyMap<string, string>;
  /** The option whose value comes next. */
  readonly pending: Option | undefined;
  /** True behind `--`. */
  readonly isOnlyArguments: boolean;
}

/** Reads words by what the program says of itself, also where they are not complete. */
export function readCommandLine(program: Command, words: readonly string[]): CommandLine {
  let command = program;
  let pending: Option | undefined;
  let isOnlyArguments = false;
  const given: string[] = [];
  const options = new Map<string, string>();
  for (const word of words) {
    if (pending !== undefined) {
      options.set(pending.name(), word);
      pending = undefined;
    } else if (isOnlyArguments || !word.startsWith('-') || word === '-') {
      const found = given.length === 0 && !isOnlyArguments ? findCommand(command, word) : undefined;
      if (found === undefined) given.push(word);
      else command = found;
    } else if (word === '--') isOnlyArguments = true;
    else {
      const [name = word, value] = word.split(/=(.*)/s);
      const option = findOption(command, name);
      if (option !== undefined && value !== undefined) options.set(option.name(), value);
      else if (option?.required) pending = option;
    }
  }
  return { command, given, options, pending, isOnlyArguments };
}

/** The option of that name that a command has, or the program. */
export function findOption(command: Command, name: string): Option | undefined {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const found = at.options.find(({ long, short }) => long === name || short === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Refuses a command that there is not. Commander itself takes the name for an argument of a command that can do without
 * one of its own commands.
 * @throws CommanderError
 */
export function requireCommand({ command, given: [name], isOnlyArguments }: CommandLine): void {
  if (name === undefined || isOnlyArguments || command.commands.length === 0) return;
  if (command.registeredArguments.length === 0 || didYouMean(name, namesIn(command)) !== '')
    unknownCommand(command, name);
}

/** Says so, and which one is near. @throws CommanderError */
export function unknownCommand(parent: Command, name: string): never {
  return parent.error(`error: unknown command '${name}'${didYouMean(name, namesIn(parent))}`);
}

/** For the end of a message: the word that a misspelt one most likely stood for, if any is near. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const near = suggest(word, candidates);
  return near === undefined ? '' : ` (Did you mean ${near}?)`;
}

/** Those that help shows. */
function namesIn(parent: Command): readonly string[] {
  const visible = parent.createHelp().visibleCommands(parent);
  return visible.map((command) => command.name());
}

function findCommand({ commands }: Command, name: string): Command | undefined {
  return commands.find((command) => command.name() === name || command.aliases().includes(name));
}
