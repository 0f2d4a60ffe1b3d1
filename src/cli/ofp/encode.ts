import type { Command } from 'commander';
import { encode } from '../../ofp/index.ts';
import { parseFlow } from '../../ofp/text/index.ts';
import { WireError } from '../../util/errors.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { readInput } from './input.ts';
import { parseJson } from './json.ts';
import { readLines, tryLine } from './lines.ts';
import { PatientOutput, type TextOutput } from './output.ts';

/** Adds `galago ofp encode`. */
export function addEncodeCommand(group: Command, stdout: TextOutput): void {
  const command = group
    .command('encode')
    .summary('write messages in hexadecimal')
    .description(
      'Writes messages in hexadecimal, one a line. A message is a JSON object, as decode --json prints it, or a flow ' +
        'as ovs-ofctl add-flows reads it, which becomes a flow-mod.',
    )
    .argument('<message>', 'a JSON object or a flow; - for a list of them, one a line, on standard input')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP);
  command.action((text: string) => run(text, command, stdout));
}

const EXAMPLES = `
Examples:
  $ galago ofp encode 'priority=5,tcp,tp_dst=80,actions=output:2'
  $ galago ofp encode '{"type":"echoRequest","xid":7,"data":"0102"}'
  $ galago ofp decode --json - < messages.hex | galago ofp encode -
`;

async function run(text: string, command: Command, stdout: TextOutput): Promise<void> {
  const name = text === '-' ? 'standard input' : 'the message';
  const source = text === '-' ? (await readInput('-', command)).toString('utf8') : text;
  const encoded = readLines(source).map((line) =>
    tryLine(name, line, command, () => encodeText(line.text).toString('hex')),
  );
  if (encoded.length === 0) command.error('error: expected a message, got nothing');
  using output = new PatientOutput(stdout);
  for (const hex of encoded) await output.write(`${hex}\n`);
}

function encodeText(text: string): Buffer {
  if (!text.trimStart().startsWith('{')) return encode(parseFlow(text));
  const message = parseJson(text);
  if (typeof message.type !== 'string')
    throw new WireError('OFP_BAD_VALUE', `expected a message with a type, like {"type": "hello"}`);
  try {
    return encode(message);
  } catch (error) {
    // Types are the compiler's care elsewhere; JSON may leave out a list, or have text in its place.
    if (!(error instanceof TypeError)) throw error;
    throw new WireError(
      'OFP_BAD_VALUE',
      `a part of the message is missing, or of another type: ${error.message}`,
    );
  }
}
