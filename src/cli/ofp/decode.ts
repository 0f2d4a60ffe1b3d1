import type { Command } from 'commander';
import { decode } from '../../ofp/index.ts';
import { formatMessage } from '../../ofp/text/index.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { readInput } from './input.ts';
import { formatJson } from './json.ts';
import { PatientOutput, type TextOutput } from './output.ts';

/** Adds `galago ofp decode`. */
export function addDecodeCommand(group: Command, stdout: TextOutput): void {
  const command = group
    .command('decode')
    .summary('print messages given in hexadecimal')
    .description(
      'Prints OpenFlow messages that are given in hexadecimal, one after the other, as ovs-ofctl ofp-print does.',
    )
    .argument('<hex...>', "the messages' bytes, blanks between them or not; - for standard input")
    .option('--json', 'print a JSON object a line: bytes in hexadecimal, 64-bit numbers in quotes')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP);
  command.action((words: readonly string[], { json = false }: { readonly json?: boolean }) =>
    run(words, json, command, stdout),
  );
}

const EXAMPLES = `
Examples:
  $ galago ofp decode 0402000800000001
  $ galago ofp decode --json - < messages.hex
`;

async function run(
  words: readonly string[],
  json: boolean,
  command: Command,
  stdout: TextOutput,
): Promise<void> {
  const isInput = words.length === 1 && words[0] === '-';
  const text = isInput ? (await readInput('-', command)).toString('latin1') : words.join('');
  const bytes = readHex(text, command);
  using output = new PatientOutput(stdout);
  for (let at = 0; at < bytes.length && !output.gone.aborted; ) {
    const end = at + messageSize(bytes, at);
    const message = bytes.subarray(at, end);
    await output.write(json ? `${formatJson(decode(message))}\n` : formatMessage(message));
    at = end;
  }
}

function readHex(text: string, command: Command): Buffer {
  const digits = text.replace(/\s+/g, '');
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong !== null) return command.error(`error: expected hexadecimal digits, got '${wrong[0]}'`);
  if (digits.length % 2 !== 0)
    return command.error('error: expected two hexadecimal digits a byte, one is missing');
  if (digits === '') return command.error('error: expected a message, got nothing');
  return Buffer.from(digits, 'hex');
}

/** Bytes of the message at `at`; all that is left when its header does not say where it ends. */
function messageSize(bytes: Buffer, at: number): number {
  const left = bytes.length - at;
  const length = left < 4 ? 0 : bytes.readUInt16BE(at + 2);
  return length < 8 || length > left ? left : length;
}
