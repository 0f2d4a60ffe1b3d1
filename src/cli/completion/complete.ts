import type { Argument, Command, Option } from 'commander';
import { type CommandLine, findOption, readCommandLine } from '../command-line.ts';

/** A word that may stand where the cursor is. */
interface Candidate {
  readonly value: string;
  /** Empty when there is nothing to say. */
  readonly description: string;
}

/** What may stand where the cursor is. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  /** True where a file is meant, whose names the shell knows best. */
  readonly isFile: boolean;
}

/** A value that is to be found, by where it stands on the command line. */
export interface Wanted {
  /** The command's own name: `connect`. */
  readonly command: string;
  /** What is asked for: an argument's name or, without its dashes, an option's. */
  readonly name: string;
  /** What help calls the value: `container`, `file`. */
  readonly placeholder: string;
  /** The options that were given before, without their dashes. */
  readonly options: ReadonlyMap<string, string>;
}

/** Finds values that only the machine knows; `'file'` when the shell should. */
export type FindValues = (wanted: Wanted) => Promise<readonly string[] | 'file'>;

/**
 * Completes a command line by what the program says of itself: commands, options, and their choices.
 * @param words what comes behind the program's name; the last one is that of the cursor, and may be empty
 */
export async function complete(
  program: Command,
  words: readonly string[],
  findValues: FindValues,
): Promise<Completion> {
  const partial = words.at(-1) ?? '';
  const line = readCommandLine(program, words.slice(0, -1));
  if (line.command.name() === 'help') return fixed(startingWith(partial, helpTopics(line)));
  const [, name] = /^(--[^=]+)=/.exec(partial) ?? [];
  const option = line.pending ?? (name === undefined ? undefined : findOption(line.command, name));
  let completion: Completion;
  if (option !== undefined) completion = await valuesOf(line, option, findValues, name && `${name}=`);
  else if (partial.startsWith('-') && !line.isOnlyArguments) completion = fixed(optionsOf(line.command));
  else completion = await wordsOf(line, findValues);
  return { ...completion, candidates: startingWith(partial, completion.candidates) };
}

function startingWith(partial: string, candidates: readonly Candidate[]): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(partial));
}

/** What may come behind `help ofp`. */
function helpTopics({ command, given }: CommandLine): Candidate[] {
  const topic = readCommandLine(command.parent!, given);
  return topic.given.length > 0 ? [] : commandsOf(topic.command);
}

function optionsOf(command: Command): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .map(({ long, short, description }) => ({ value: long ?? short ?? '', description }));
}

async function wordsOf(line: CommandLine, findValues: FindValues): Promise<Completion> {
  const { command, given } = line;
  const names = given.length > 0 || line.isOnlyArguments ? [] : commandsOf(command);
  const argument = command.registeredArguments[given.length] ?? variadicOf(command);
  if (argument === undefined) return fixed(names);
  const values = await valuesOf(line, argument, findValues);
  // Nobody names the same one twice.
  const more = values.candidates.filter(({ value }) => !argument.variadic || !given.includes(value));
  return { ...values, candidates: [...names, ...more] };
}

/** The commands that help shows. */
function commandsOf(command: Command): Candidate[] {
  const help = command.createHelp();
  return help
    .visibleCommands(command)
    .map((one) => ({ value: one.name(), description: firstSentence(help.subcommandDescription(one)) }));
}

function firstSentence(text: string): string {
  return text.replace(/\.(?: .*)?$/s, '');
}

function variadicOf({ registeredArguments }: Command): Argument | undefined {
  const last = registeredArguments.at(-1);
  return last?.variadic ? last : undefined;
}

async function valuesOf(
  { command, options }: CommandLine,
  what: Argument | Option,
  findValues: FindValues,
  prefix = '',
): Promise<Completion> {
  const withPrefix = (values: readonly string[]) =>
    fixed(values.map((value) => ({ value: `${prefix}${value}`, description: '' })));
  if (what.argChoices !== undefined) return withPrefix(what.argChoices);
  const placeholder = 'flags' in what ? (/<([^>]+)>/.exec(what.flags)?.[1] ?? '') : what.name();
  const found = await findValues({ command: command.name(), name: what.name(), placeholder, options });
  return found === 'file' ? { candidates: [], isFile: true } : withPrefix(found);
}

function fixed(candidates: readonly Candidate[]): Completion {
  return { candidates, isFile: false };
}
