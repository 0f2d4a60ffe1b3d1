import { connect, type Socket } from 'node:net';
import { encode } from 'galago/ofp';
import Long from 'long';

/** What a {@link FakeSwitch} tells. */
export interface FakeSwitchEvents {
  /** So many packet-outs and flow-mods have come at once. */
  onAnswers(packetOuts: number, flowMods: number): void;
  /** The controller asked for something that a switch answers when it has been greeted, and got it. */
  onAsked?(): void;
  onEchoReply?(): void;
  onEnd(reason: string): void;
}

/** Message types (OpenFlow 1.3.5, 7.1). */
const Type = {
  ECHO_REQUEST: 2,
  ECHO_REPLY: 3,
  FEATURES_REQUEST: 5,
  GET_CONFIG_REQUEST: 7,
  PACKET_OUT: 13,
  FLOW_MOD: 14,
  MULTIPART_REQUEST: 18,
  BARRIER_REQUEST: 20,
} as const;

const HEADER_SIZE = 8;
/** All of the switches read into one: what is in it is counted before the next one reads. */
const READ_BUFFER = Buffer.alloc(256 * 1024);

/**
 * A switch without anything behind it: it answers what a controller asks of a new switch, sends bytes that it is
 * given, and counts what comes by the heads of the messages. It must cost less than the controllers it is to load.
 */
export class FakeSwitch {
  readonly #number: number;
  readonly #events: FakeSwitchEvents;
  readonly #socket: Socket;
  /** The head that the last chunk ended in the middle of. */
  readonly #head = Buffer.alloc(HEADER_SIZE);
  #headSize = 0;
  /** Bytes still to come of a message that has been counted. */
  #rest = 0;
  #packetOuts = 0;
  #flowMods = 0;

  constructor(port: number, number: number, events: FakeSwitchEvents) {
    this.#number = number;
    this.#events = events;
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (size) => {
          this.#receive(READ_BUFFER, size);
          return true;
        },
      },
    });
    this.#socket.on('error', ({ message }) => events.onEnd(message));
    this.#socket.on('close', () => events.onEnd('the controller closed the connection'));
    this.#socket.write(encode({ type: 'hello', elements: [] }));
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #receive(bytes: Buffer, size: number): void {
    let at = this.#completeHead(bytes, size);
    while (at < size) {
      if (size - at < HEADER_SIZE) {
        this.#headSize = bytes.copy(this.#head, 0, at, size);
        break;
      }
      at = this.#count(bytes, at, at);
      if (at > size) {
        this.#rest = at - size;
        break;
      }
    }
    if (this.#packetOuts === 0) return;
    const packetOuts = this.#packetOuts;
    const flowMods = this.#flowMods;
    this.#packetOuts = 0;
    this.#flowMods = 0;
    this.#events.onAnswers(packetOuts, flowMods);
  }

  /** Takes what belongs to the message of the chunk before; returns where the next one begins. */
  #completeHead(bytes: Buffer, size: number): number {
    if (this.#headSize === 0) {
      const skipped = Math.min(this.#rest, size);
      this.#rest -= skipped;
      return skipped;
    }
    const before = this.#headSize;
    this.#headSize += bytes.copy(this.#head, before, 0, Math.min(size, HEADER_SIZE - before));
    if (this.#headSize < HEADER_SIZE) return size;
    this.#headSize = 0;
    const end = this.#count(this.#head, 0, -before);
    this.#rest = Math.max(0, end - size);
    return Math.min(end, size);
  }

  /** Counts the message whose head is at `head` of `bytes`; returns its end, when it began at `start`. */
  #count(bytes: Buffer, head: number, start: number): number {
    const type = bytes[head + 1]!;
    if (type === Type.PACKET_OUT) this.#packetOuts++;
    else if (type === Type.FLOW_MOD) this.#flowMods++;
    else this.#answer(type, bytes.readUInt32BE(head + 4));
    return start + ((bytes[head + 2]! << 8) | bytes[head + 3]!);
  }

  #answer(type: number, xid: number): void {
    if (type === Type.ECHO_REPLY) return this.#events.onEchoReply?.();
    const reply = replyTo(type, xid, this.#number);
    if (reply === undefined) return;
    this.#socket.write(reply);
    if (type === Type.FEATURES_REQUEST || type === Type.MULTIPART_REQUEST) this.#events.onAsked?.();
  }
}

function replyTo(type: number, xid: number, number: number): Buffer | undefined {
  switch (type) {
    case Type.ECHO_REQUEST:
      return encode({ type: 'echoReply', xid, data: Buffer.alloc(0) });
    case Type.FEATURES_REQUEST:
      return encode({
        type: 'featuresReply',
        xid,
        datapathId: new Long(number + 1, 0, true),
        nBuffers: 0,
        nTables: 1,
        auxiliaryId: 0,
        capabilities: 0,
        reserved: 0,
      });
    case Type.GET_CONFIG_REQUEST:
      return encode({ type: 'getConfigReply', xid, flags: 0, missSendLen: 0xffff });
    case Type.MULTIPART_REQUEST:
      return encode({ type: 'multipartReply', xid, multipartType: 'portDesc', body: [] });
    case Type.BARRIER_REQUEST:
      return encode({ type: 'barrierReply', xid });
  }
  return undefined;
}
