import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { run } from '../../lab/index.ts';
import type { Fixture } from '../fixtures.ts';

/** Bytes over this are left out, to keep the file small, unless the recorder is told otherwise. */
const MAX_SIZE = 2048;
/** What Open vSwitch prints of bytes that it cannot read; an error may well have such bytes in it. */
const MALFORMED = /^(?!OFPT_ERROR).*\*\*\*decode error/;

/** Collects messages that pass a Unix socket between a controller and a switch's own OpenFlow socket. */
export class Recorder {
  /** The socket for controllers to connect to. */
  readonly path: string;
  readonly #target: string;
  readonly #server: Server;
  readonly #seen = new Set<string>();
  readonly #messages: { label: string; from: Fixture['from']; bytes: Buffer }[] = [];
  #label = '';
  #maxSize = MAX_SIZE;

  private constructor(path: string, target: string) {
    this.path = path;
    this.#target = target;
    this.#server = createServer((controller) => this.#relay(controller));
  }

  /** Listens on `path` for controllers of the switch behind the socket `target`. */
  static async listen(path: string, target: string): Promise<Recorder> {
    const recorder = new Recorder(path, target);
    recorder.#server.listen(path);
    await once(recorder.#server, 'listening');
    return recorder;
  }

  /** Names what is recorded from here on. */
  begin(label: string, maxSize: number = MAX_SIZE): void {
    this.#label = label;
    this.#maxSize = maxSize;
  }

  /** Adds a message, unless one that differs in its xid only is there already, or it is of another version. */
  add(from: Fixture['from'], whole: Buffer): void {
    if (whole[0] !== OFP_VERSION && whole[1] !== HELLO) return;
    const bytes = withFirstTableOnly(whole);
    const isTables = bytes !== whole;
    const key = isTables ? 'tables' : `${from}${bytes.toString('hex', 0, 4)}${bytes.toString('hex', 8)}`;
    if (bytes.length > this.#maxSize || this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#messages.push({ label: this.#label, from, bytes });
  }

  /** Everything recorded, with what Open vSwitch prints of it. Bytes that it cannot read are no fixtures. */
  async fixtures(): Promise<Fixture[]> {
    const names = new Map<string, number>();
    const fixtures: Fixture[] = [];
    for (const { label, from, bytes } of this.#messages) {
      const hex = bytes.toString('hex');
      const print = (await run('ovs-ofctl', ['ofp-print', hex])).trimEnd();
      if (MALFORMED.test(print)) {
        process.stderr.write(`left out, ${label}: ${print.split('\n', 1)}\n`);
        continue;
      }
      const name = `${/^\w+(?: request| reply)?/.exec(print)?.[0]}: ${label}`;
      const count = (names.get(name) ?? 0) + 1;
      names.set(name, count);
      fixtures.push({ name: count === 1 ? name : `${name} (${count})`, from, hex, print });
    }
    return fixtures;
  }

  close(): void {
    this.#server.close();
  }

  #relay(controller: Socket): void {
    const target = connect(this.#target);
    this.#tap(controller, target, 'controller');
    this.#tap(target, controller, 'switch');
  }

  #tap(source: Socket, sink: Socket, from: Fixture['from']): void {
    const cut = cutMessages((bytes) => this.add(from, bytes));
    source.on('data', (chunk: Buffer) => {
      cut(chunk);
      sink.write(chunk);
    });
    source.on('error', () => {});
    source.on('close', () => sink.end());
  }
}

/** A client of a switch that sends bytes as they are, for what ovs-ofctl has no command for. */
export class RawClient {
  readonly #socket: Socket;
  readonly #barriers = new Map<number, () => void>();
  #xid = 0x0fffffff;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on(
      'data',
      cutMessages((bytes) => {
        if (bytes[1] === BARRIER_REPLY) this.#barriers.get(bytes.readUInt32BE(4))?.();
      }),
    );
  }

  /** Connects and says hello. */
  static async connect(path: string): Promise<RawClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    const client = new RawClient(socket);
    await client.send('04000010000000010001000800000010');
    return client;
  }

  /** Sends messages in hexadecimal (spaces are for the eye), and waits until the switch has dealt with them. */
  async send(...messages: readonly string[]): Promise<void> {
    for (const hex of messages) this.#socket.write(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    const barrier = Buffer.from('0414000800000000', 'hex');
    const xid = ++this.#xid;
    barrier.writeUInt32BE(xid, 4);
    const replied = new Promise<void>((resolve) => this.#barriers.set(xid, resolve));
    this.#socket.write(barrier);
    await replied;
    this.#barriers.delete(xid);
  }

  close(): void {
    this.#socket.destroy();
  }
}

const OFP_VERSION = 4;
const HELLO = 0;
const MULTIPART_REPLY = 19;
const TABLE_FEATURES = 12;
const BARRIER_REPLY = 21;

/** The features of one table take 5 kB, and those of the 253 others differ in nothing of interest. */
function withFirstTableOnly(bytes: Buffer): Buffer {
  if (bytes.length < 24 || bytes[1] !== MULTIPART_REPLY || bytes.readUInt16BE(8) !== TABLE_FEATURES)
    return bytes;
  const shortened = Buffer.from(bytes.subarray(0, 16 + bytes.readUInt16BE(16)));
  shortened.writeUInt16BE(shortened.length, 2);
  return shortened;
}

/** Cuts a stream by the length in each header; written apart from `src`, so that fixtures do not depend on it. */
function cutMessages(onMessage: (bytes: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 8 && rest.length >= rest.readUInt16BE(2)) {
      const length = rest.readUInt16BE(2);
      onMessage(Buffer.from(rest.subarray(0, length)));
      rest = rest.subarray(length);
    }
  };
}
