import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

const HELLO = 0;
const ECHO_REQUEST = 2;
const FEATURES_REQUEST = 5;
const FEATURES_SIZE = 32;
/** OpenFlow 1.1 gave barriers other numbers. */
const BARRIER_REQUEST_10 = 18;
const BARRIER_REQUEST = 20;

/** A switch that speaks one version, has no tables to keep anything in, and remembers what ovs-ofctl asked of it. */
export class FakeSwitch {
  readonly path: string;
  readonly #version: number;
  readonly #server: Server;
  #received: Buffer[] = [];

  private constructor(path: string, version: number) {
    this.path = path;
    this.#version = version;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Listens on a Unix socket. @param version as in a header: 1 is OpenFlow 1.0, 4 is 1.3 */
  static async listen(path: string, version: number): Promise<FakeSwitch> {
    const fake = new FakeSwitch(path, version);
    fake.#server.listen(path);
    await once(fake.#server, 'listening');
    return fake;
  }

  /** What has come since the last time, but for what every connection begins and ends with. */
  take(): Buffer[] {
    const received = this.#received;
    this.#received = [];
    return received;
  }

  close(): void {
    this.#server.close();
  }

  #serve(socket: Socket): void {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 8 && rest.length >= rest.readUInt16BE(2)) {
        const length = rest.readUInt16BE(2);
        this.#answer(socket, Buffer.from(rest.subarray(0, length)));
        rest = rest.subarray(length);
      }
    });
  }

  #answer(socket: Socket, message: Buffer): void {
    const type = message[1]!;
    const reply = (size: number) => {
      const bytes = Buffer.alloc(size);
      bytes[0] = this.#version;
      bytes[1] = type === HELLO ? HELLO : type + 1;
      bytes.writeUInt16BE(size, 2);
      message.copy(bytes, 4, 4, 8);
      socket.write(bytes);
    };
    const barrier = this.#version === 1 ? BARRIER_REQUEST_10 : BARRIER_REQUEST;
    if (type === FEATURES_REQUEST) reply(FEATURES_SIZE);
    else if (type === HELLO || type === ECHO_REQUEST || type === barrier) reply(8);
    else this.#received.push(message);
  }
}
