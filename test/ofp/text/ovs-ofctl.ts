import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { decode, encode } from '../../../src/ofp/message.ts';
import { Framer } from '../../../src/ofp/wire/framer.ts';

// ovs-ofctl as an oracle: what it sends for a text, and what it prints for bytes. It needs no switch and no root.

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

/** Why these tests cannot run here; undefined when they can. */
export function whyNoOvsOfctl(): string | undefined {
  try {
    execFileSync('ovs-ofctl', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'ovs-ofctl is not installed';
  }
}

/** What ovs-ofctl sends for a command whose last argument is a file of these lines; handshake and barriers left out. */
export async function sentFor(command: string, lines: readonly string[]): Promise<Buffer[]> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, 'lines');
    await writeFile(file, `${lines.join('\n')}\n`);
    return recorded(folder, (address) => ['-O', 'OpenFlow13', '--no-names', command, address, file]);
  });
}

/** What came of a line: what ovs-ofctl sent for it, or what it had against it. */
export type Outcome = { readonly sent: Buffer } | { readonly refused: string };

/** As {@link sentFor}, where some of the lines may be refused. */
export async function outcomes(command: string, lines: readonly string[]): Promise<Outcome[]> {
  const refused = new Map<number, string>();
  for (;;) {
    const kept = lines.map((_, index) => index).filter((index) => !refused.has(index));
    try {
      const sent = await sentFor(
        command,
        kept.map((index) => lines[index]!),
      );
      if (sent.length !== kept.length) throw new Error(`${sent.length} messages for ${kept.length} lines`);
      return lines.map((_, index) => {
        const sentence = refused.get(index);
        return sentence === undefined ? { sent: sent[kept.indexOf(index)]! } : { refused: sentence };
      });
    } catch (error) {
      const found = /lines:(\d+): (.*)/.exec((error as { stderr?: string }).stderr ?? '');
      if (found === null) throw error;
      refused.set(kept[Number(found[1]) - 1]!, found[2]!);
    }
  }
}

/** What ovs-ofctl sends for a command with these arguments behind the switch. */
export async function sentForArguments(command: string, ...args: readonly string[]): Promise<Buffer[]> {
  return inTemporaryFolder((folder) =>
    recorded(folder, (address) => ['-O', 'OpenFlow13', '--no-names', command, address, ...args]),
  );
}

/** What `ovs-ofctl ofp-print` prints for each message. */
export async function printed(messages: readonly Uint8Array[]): Promise<string[]> {
  return inTemporaryFolder(async (folder) => {
    const file = join(folder, 'messages');
    await writeFile(file, Buffer.concat(messages.flatMap((message, index) => [message, separator(index)])));
    const { stdout } = await run('ovs-ofctl', ['ofp-parse', file], {
      maxBuffer: 1 << 28,
      timeout: TIMEOUT_MS,
    });
    const prints: string[] = [];
    let rest = stdout;
    for (let index = 0; index < messages.length; index++) {
      const mark = `OFPT_ECHO_REQUEST (OF1.3) (xid=0x${(SEPARATOR_XID + index).toString(16)}): 0 bytes of payload\n`;
      const at = rest.indexOf(mark);
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

async function recorded(folder: string, argv: (address: string) => string[]): Promise<Buffer[]> {
  const path = join(folder, 'switch');
  const sent: Buffer[] = [];
  const server = createServer((socket) => answer(socket, sent));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await run('ovs-ofctl', argv(`unix:${path}`), { maxBuffer: 1 << 28, timeout: TIMEOUT_MS });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
  return sent;
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
  datapathId: 1,
  nBuffers: 0,
  nTables: 254,
  auxiliaryId: 0,
  capabilities: 0,
  reserved: 0,
} as never as Parameters<typeof encode>[0];

async function inTemporaryFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'ofctl-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
