import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { RemoteError } from '../../src/util/errors.ts';

interface Message {
  readonly id: unknown;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: unknown;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * The least that a client in JavaScript can do: writes text that was prepared, finds where answers end, and has
 * `JSON.parse` read them. It looks at nothing in them but the id and errors.
 */
export class RawClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #waiting = new Map<unknown, (message: Message) => void>();
  #onUpdate: () => void = () => {};
  #parts: Buffer[] = [];
  #depth = 0;
  #isString = false;
  #isEscaped = false;
  #nextId = 0;

  static async connect(path: string): Promise<RawClient> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
  }

  /** Called at each notification, once it has been parsed. */
  set onUpdate(onUpdate: () => void) {
    this.#onUpdate = onUpdate;
  }

  /** The text of a request, and the id that its answer has. */
  prepare(method: string, params: readonly unknown[]): { readonly id: number; readonly text: string } {
    const id = this.#nextId++;
    return { id, text: JSON.stringify({ method, params, id }) };
  }

  /** Writes a request that was prepared; resolves with its result. */
  async send({ id, text }: { readonly id: number; readonly text: string }): Promise<unknown> {
    const message = await new Promise<Message>((resolve) => {
      this.#waiting.set(id, resolve);
      this.#socket.write(text);
    });
    const errors = Array.isArray(message.result) ? message.result.filter((one) => one?.error) : [];
    if (message.error || errors.length > 0) {
      throw new RemoteError('BENCH_PEER_FAILED', JSON.stringify(message.error ?? errors[0]));
    }
    return message.result;
  }

  call(method: string, params: readonly unknown[]): Promise<unknown> {
    return this.send(this.prepare(method, params));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    let start = 0;
    let [depth, isString, isEscaped] = [this.#depth, this.#isString, this.#isEscaped];
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!;
      if (isString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) isString = false;
      } else if (byte === QUOTE) isString = true;
      else if (byte === 0x7b || byte === 0x5b) depth++;
      else if ((byte === 0x7d || byte === 0x5d) && --depth === 0) {
        this.#parts.push(chunk.subarray(start, i + 1));
        start = i + 1;
        const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
        this.#parts = [];
        this.#dispatch(JSON.parse(bytes.toString()));
      }
    }
    if (start < chunk.length) this.#parts.push(chunk.subarray(start));
    [this.#depth, this.#isString, this.#isEscaped] = [depth, isString, isEscaped];
  }

  #dispatch(message: Message): void {
    if (message.method === 'echo') {
      this.#socket.write(JSON.stringify({ id: message.id, result: [], error: null }));
    } else if (message.method !== undefined) {
      this.#onUpdate();
    } else {
      this.#waiting.get(message.id)?.(message);
      this.#waiting.delete(message.id);
    }
  }
}
