import type { Span } from './span.ts';

/**
 * Cuts off the command that a text begins with; `usual` when it begins with none.
 * @throws TextError for the beginning of a command, which ovs-ofctl takes for the whole of it: a line `d` would delete
 *   every flow
 */
export function splitCommand<Command>(
  span: Span,
  commands: ReadonlyMap<string, Command>,
  usual: Command,
): [command: Command, rest: Span] {
  const parts = /^(\s*)([a-z_]+)(?=[\s,]|$)/.exec(span.text);
  if (parts === null) return [usual, span];
  const [whole, lead = '', word = ''] = parts;
  const command = commands.get(word);
  if (command !== undefined) return [command, span.slice(whole.length)];
  for (const name of commands.keys()) {
    if (name.startsWith(word))
      throw span.error(`commands are written out: ${name}, not ${word}`, lead.length);
  }
  return [usual, span];
}
