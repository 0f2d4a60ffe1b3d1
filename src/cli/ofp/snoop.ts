import { createReadStream, type Stats, statSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { dial, parseMethod } from '../../net/index.ts';
import { reasonOf, systemCode } from '../../net/reason.ts';
import { decode, encode, Framer, OPENFLOW_PORT } from '../../ofp/index.ts';
import { formatMessage } from '../../ofp/text/index.ts';
import { ClosedError, WireError } from '../../util/errors.ts';
import { readCapture } from '../capture/capture.ts';
import { isInvalidCapture } from '../capture/format.ts';
import { OpenFlowStreams } from '../capture/openflow-streams.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { port, repeatable } from '../values.ts';
import { nameOfInput } from './input.ts';
import { formatJson } from './json.ts';
import { PatientOutput, type TextOutput } from './output.ts';
import { methodOf } from './session.ts';
import { aborted, watch } from './watch.ts';

interface Options {
  readonly port: readonly string[];
  readonly json?: boolean;
}

/** The registered port of OpenFlow, and the one that was usual before. */
const DEFAULT_PORTS: readonly string[] = [`${OPENFLOW_PORT}`, '6633'];

/** Adds `galago ofp snoop`. */
export function addSnoopCommand(group: Command, stdout: TextOutput): void {
  const command = group
    .command('snoop')
    .summary('print what switches and controllers say to each other')
    .description(
      'Prints what a switch and its controllers say to each other, with the time (UTC) and the direction: from a file of ' +
        "captured packets, pcap or pcapng, whose TCP streams are put together; or live from a bridge's own socket for " +
        'it, which shows one of its controllers.',
    )
    .argument(
      '<source>',
      'a file, - for standard input; the name of a bridge, or unix:PATH of its snoop socket',
    )
    .addOption(
      new Option('--port <port>', "a TCP port that is OpenFlow's in a file; may be repeated")
        .argParser(repeatable(port, DEFAULT_PORTS))
        .default(DEFAULT_PORTS, DEFAULT_PORTS.join(', ')),
    )
    .option('--json', 'print a JSON object a line: bytes in hexadecimal, 64-bit numbers in quotes')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP);
  command.action((source: string, options: Options) => run({ source, options, command, stdout }));
}

const EXAMPLES = `
Examples:
  $ galago ofp snoop br0
  $ galago ofp snoop openflow.pcap --port 6653
  $ tcpdump -i lo -w - tcp port 6653 | galago ofp snoop -
`;

interface Call {
  readonly source: string;
  readonly options: Options;
  readonly command: Command;
  readonly stdout: TextOutput;
}

/** A message that was overheard. */
interface Overheard {
  /** Milliseconds since 1970; undefined where it was not recorded. */
  readonly timeMs: number | undefined;
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

async function run({ source, options, command, stdout }: Call): Promise<void> {
  using output = new PatientOutput(stdout);
  let isFirst = true;
  const textOf = (message: Overheard): string => {
    if (options.json) return jsonOf(message);
    const gap = isFirst ? '' : '\n';
    isFirst = false;
    return `${gap}${headOf(message)}${formatMessage(message.bytes)}`;
  };
  await watch(output, async (signal) => {
    if (isCapture(source)) {
      let isSilent = true;
      for await (const message of readMessages(source, options.port, command, signal)) {
        isSilent = false;
        await output.write(textOf(message));
      }
      if (isSilent && !signal.aborted) command.configureOutput().writeErr?.(silenceOf(source, options.port));
    } else await overhear(methodOf(source, 'snoop'), signal, (message) => output.offer(textOf(message)));
  });
}

/** A capture without a message of OpenFlow is no failure, but hardly what was meant. */
function silenceOf(source: string, ports: readonly string[]): string {
  const what = ports.length === 1 ? `port ${ports[0]}` : `ports ${ports.join(' and ')}`;
  return `${nameOfInput(source)}: no OpenFlow on TCP ${what}; --port says where else\n`;
}

function headOf({ timeMs, from, to }: Overheard): string {
  const time = timeMs === undefined ? '' : `${new Date(timeMs).toISOString().slice(11, 23)} `;
  return `${time}${from} > ${to}:\n`;
}

function jsonOf({ timeMs, from, to, bytes }: Overheard): string {
  const time = timeMs === undefined ? undefined : new Date(timeMs).toISOString();
  return `${formatJson({ time, from, to, ...contentOf(bytes) })}\n`;
}

/** What others say may be of another version, or nonsense: that is told, and the next one read. */
function contentOf(bytes: Uint8Array): object {
  try {
    // The conversion is where messages that decode lazily are read.
    return { message: JSON.parse(formatJson(decode(bytes))) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { error: error.message, raw: bytes };
  }
}

/** What is no connection method and no socket is a file where there is one, or where its name says that it is meant. */
function isCapture(source: string): boolean {
  if (source === '-') return true;
  if (source.includes(':')) return false;
  const found: Stats | undefined = statSync(source, { throwIfNoEntry: false });
  if (found === undefined || found.isDirectory()) return /\/|\.p?cap(ng)?$/.test(source);
  return !found.isSocket();
}

async function* readMessages(
  source: string,
  ports: readonly string[],
  command: Command,
  signal: AbortSignal,
): AsyncGenerator<Overheard, void> {
  const streams = new OpenFlowStreams(ports.map(Number));
  const input = source === '-' ? process.stdin : createReadStream(source);
  const stop = () => input.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const packet of readCapture(input)) yield* streams.take(packet);
  } catch (error) {
    if (signal.aborted) return;
    if (isInvalidCapture(error)) command.error(`error: ${nameOfInput(source)}: ${error.message}`);
    if (systemCode(error)?.startsWith('E') !== true) throw error;
    command.error(`error: cannot read ${nameOfInput(source)}: ${reasonOf(error)}`);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** The types of messages that only controllers send (OpenFlow 1.3.5, 7.1). */
const FROM_CONTROLLER = [5, 7, 9, 13, 14, 15, 16, 17, 18, 20, 22, 24, 26, 28, 29];
/** Those that only switches send. */
const FROM_SWITCH = [1, 6, 8, 10, 11, 12, 19, 21, 23, 25, 27];

/** Reads a bridge's snoop socket: after the hellos it repeats both sides' messages, and does not say whose they are. */
async function overhear(
  method: string,
  signal: AbortSignal,
  show: (message: Overheard) => void,
): Promise<void> {
  const socket = await dial(parseMethod(method, { defaultPort: OPENFLOW_PORT }), { signal });
  socket.write(
    encode({ type: 'hello', elements: [{ type: 'versionBitmap', versions: [1, 2, 3, 4, 5, 6] }] }),
  );
  let isGreeted = false;
  const framer = new Framer(({ bytes }, start, end) => {
    if (isGreeted)
      show({ timeMs: Date.now(), ...directionOf(bytes[start + 1]!), bytes: bytes.subarray(start, end) });
    isGreeted = true;
  });
  const ended = new Promise<never>((_, reject) => {
    socket.on('data', (chunk: Buffer) => {
      try {
        framer.push(chunk);
      } catch (error) {
        reject(error);
      }
    });
    const why = 'a bridge ends it at once when it has no controller';
    socket.on('close', () =>
      reject(new ClosedError('OFP_CLOSED', `${method}: the switch closed the connection; ${why}`)),
    );
  });
  try {
    await Promise.race([ended, aborted(signal)]);
  } finally {
    socket.destroy();
  }
}

function directionOf(type: number): Pick<Overheard, 'from' | 'to'> {
  if (FROM_CONTROLLER.includes(type)) return { from: 'controller', to: 'switch' };
  if (FROM_SWITCH.includes(type)) return { from: 'switch', to: 'controller' };
  return { from: 'either', to: 'other' };
}
