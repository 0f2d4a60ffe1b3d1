import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { Framer } from '../../../src/ofp/wire/framer.ts';

// ovs-ofctl as an oracle: what it sends for a text, and what it prints for bytes. It needs no switch and no root.

const run = promisify(execFile);
/** Against a run that hangs; the longest that ends takes a tenth of it. */
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1 << 28;
/** As many runs at a time as there are likely to be cores. */
const RUNS = 2;

/** Why these tests cannot run here; undefined when they can. */
export function whyNoOvsOfctl(): string | undefined {
  try {
    execFileSync('ovs-ofctl', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'ovs-ofctl is not installed';
  }
}

/** What came of a text: what ovs-ofctl sent for it, or what it had against it, or that it failed an assertion of its own. */
export type Outcome = { readonly sent: Buffer } | { readonly refused: string } | { readonly crashed: string };

/** The commands of ovs-ofctl that make one message of a text; those whose names are plural read the texts from a file. */
export type OfctlCommand = 'add-flows' | 'add-groups' | 'add-meter';

/**
 * What comes of each text, where most are taken. ovs-ofctl gives up at the first that it refuses, and is then run again
 * without it.
 */
export async function outcomes(command: OfctlCommand, texts: readonly string[]): Promise<Outcome[]> {
  if (command === 'add-meter') return outcomesAlone(command, texts);
  const refused = new Map<number, string>();
  for (;;) {
    const kept = [...texts.keys()].filter((index) => !refused.has(index));
    const outcome = await sentForFile(
      command,
      kept.map((index) => texts[index]!),
    );
    if ('crashed' in outcome) return outcomesAlone(command, texts);
    if ('line' in outcome) {
      refused.set(kept[outcome.line - 1]!, outcome.refused);
      continue;
    }
    if (outcome.sent.length !== kept.length) {
      throw new Error(`ovs-ofctl sent ${outcome.sent.length} messages for ${kept.length} lines`);
    }
    const sent = new Map(kept.map((index, place) => [index, outcome.sent[place]!]));
    return texts.map((_, index) => {
      const bytes = sent.get(index);
      return bytes === undefined ? { refused: refused.get(index)! } : { sent: bytes };
    });
  }
}

/** As {@link outcomes}, where most are refused: each in a run of its own. */
export async function outcomesAlone(command: OfctlCommand, texts: readonly string[]): Promise<Outcome[]> {
  const found: Outcome[] = [];
  const all = texts.entries();
  const worker = async () => {
    for (const [index, text] of all) found[index] = await outcomeAlone(command, text);
  };
  await Promise.all(Array.from({ length: RUNS }, worker));
  return found;
}

async function outcomeAlone(command: OfctlCommand, text: string): Promise<Outcome> {
  const outcome =
    command === 'add-meter' ? await sentForArgument(command, text) : await sentForFile(command, [text]);
  if ('crashed' in outcome) return outcome;
  if ('refused' in outcome) return { refused: outcome.refused };
  if (outcome.sent.length !== 1) throw new Error(`${outcome.sent.length} messages for '${text}'`);
  return { sent: outcome.sent[0]! };
}

/** What `ovs-ofctl ofp-print` prints for each message. */
export async function printed(messages: readonly Uint8Array[]): Promise<string[]> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, 'messages');
    await writeFile(file, Buffer.concat(messages.flatMap((message, index) => [message, separator(index)])));
    const { stdout } = await run('ovs-ofctl', ['ofp-parse', file], {
      maxBuffer: MAX_OUTPUT_BYTES,
      timeout: TIMEOUT_MS,
    });
    const prints: string[] = [];
    let rest = stdout;
    for (let index = 0; index < messages.length; index++) {
      const mark = `OFPT_ECHO_REQUEST (OF1.3) (xid=0x${(SEPARATOR_XID + index).toString(16)}): 0 bytes of payload\n`;
      const at = rest.indexOf(mark);
      if (at < 0) throw new Error(`ovs-ofctl printed nothing for message ${index}`);
      prints.push(rest.slice(0, at));
      rest = rest.slice(at + mark.length);
    }
    return prints;
  });
}

const SEPARATOR_XID = 0x5e9a0000;

function separator(index: number): Buffer {
  return encode({ type: 'echoRequest', xid: SEPARATOR_XID + index, data: new Uint8Array() });
}

type Recorded =
  | { readonly sent: Buffer[] }
  | { readonly refused: string; readonly line: number }
  | { readonly crashed: string };

function sentForFile(command: OfctlCommand, lines: readonly string[]): Promise<Recorded> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, 'lines');
    await writeFile(file, `${lines.join('\n')}\n`);
    return recorded(folder, command, file);
  });
}

function sentForArgument(command: OfctlCommand, text: string): Promise<Recorded> {
  return inTemporaryFolder((folder) => recorded(folder, command, text));
}

/** Everything that one run sends, without the handshake and barriers. */
async function recorded(folder: string, command: OfctlCommand, argument: string): Promise<Recorded> {
  const path = join(folder, 'switch');
  const sent: Buffer[] = [];
  const server = createServer((socket) => answer(socket, sent));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    const argv = ['-O', 'OpenFlow13', '--no-names', command, `unix:${path}`, argument];
    await run('ovs-ofctl', argv, { maxBuffer: MAX_OUTPUT_BYTES, timeout: TIMEOUT_MS });
    return { sent };
  } catch (error) {
    const { code, signal, stderr = '' } = error as { code?: unknown; signal?: string; stderr?: string };
    if (signal === 'SIGABRT') return { crashed: stderr };
    if (code !== 1) throw error;
    // Warnings stand before it.
    const refused = stderr.trim().split('\n').at(-1)!;
    return { refused, line: Number(/lines:(\d+): /.exec(stderr)?.[1] ?? 1) };
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Speaks just enough for ovs-ofctl to say what it wants, and keeps that. */
function answer(socket: Socket, sent: Buffer[]): void {
  const framer = new Framer(({ bytes }, start, end) => {
    const frame = Buffer.from(bytes.subarray(start, end));
    const { type, xid } = decode(frame);
    if (type === 'hello') socket.write(encode({ type: 'hello', xid, elements: [] }));
    else if (type === 'barrierRequest') socket.write(encode({ type: 'barrierReply', xid }));
    else if (type === 'featuresRequest') socket.write(encode({ ...FEATURES, xid }));
    else sent.push(frame);
  });
  socket.on('data', (chunk) => framer.push(chunk));
  socket.on('error', () => socket.destroy());
}

const FEATURES = {
  type: 'featuresReply',
  datapathId: Long.UONE,
  nBuffers: 0,
  nTables: 254,
  auxiliaryId: 0,
  capabilities: 0,
  reserved: 0,
} as const;

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ofctl-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
