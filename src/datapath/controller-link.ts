import type { Duplex } from 'node:stream';
import { encode, type Message, type MessageInit } from '../ofp/message.ts';
import type { AsyncConfig } from '../ofp/messages/async-config.ts';
import { Connection, type ConnectionOptions } from '../ofp/session/connection.ts';
import { ClosedError } from '../util/errors.ts';
import { Bundles } from './bundles.ts';
import { errorNumbers } from './error-numbers.ts';
import type { RoleHolder } from './roles.ts';

/** What asynchronous messages each role gets unless it says otherwise, as in Open vSwitch. */
const DEFAULT_ASYNC: AsyncConfig = {
  packetInMaster: 0b011,
  packetInSlave: 0,
  portStatusMaster: 0b111,
  portStatusSlave: 0b111,
  flowRemovedMaster: 0b1111,
  flowRemovedSlave: 0,
};

/** So much of a message goes back with the error about it (OpenFlow 1.3.5, 7.4.4). */
const ERROR_DATA_SIZE = 64;
const DEFAULT_MISS_SEND_LEN = 128;

/** One controller of a switch: its connection, and what it has asked for. */
export class ControllerLink implements RoleHolder {
  role: RoleHolder['role'] = 'equal';
  async: AsyncConfig = DEFAULT_ASYNC;
  missSendLen = DEFAULT_MISS_SEND_LEN;
  controllerId = 0;
  readonly bundles: Bundles;
  /** Messages that have come. */
  messages = 0;
  readonly connection: Connection;
  /** Resolves when the versions have been negotiated, or cannot be any more. */
  readonly #greeted: Promise<void>;
  /** Echo requests of ours, and who waits for the reply. */
  readonly #echoes = new Map<number, () => void>();

  /**
   * @param onMessage what it throws is answered as an error about the message
   * @param onClose called once, at the end
   */
  constructor(
    stream: Duplex,
    options: ConnectionOptions & { readonly maxBundledMessages: number },
    onMessage: (link: ControllerLink, message: Message) => void,
    onClose: (link: ControllerLink) => void,
  ) {
    this.bundles = new Bundles(options.maxBundledMessages);
    let greeted = () => {};
    this.#greeted = new Promise((resolve) => {
      greeted = resolve;
    });
    this.connection = new Connection(
      stream,
      {
        onOpen: greeted,
        onMessage: (message) => this.#answer(message, onMessage),
        onClose: () => {
          greeted();
          for (const answered of this.#echoes.values()) answered();
          onClose(this);
        },
      },
      options,
    );
  }

  /** Resolves when the controller has answered an echo request, or the connection is closed. */
  async heard(): Promise<void> {
    await this.#greeted;
    if (this.connection.state === 'closed') return;
    const xid = this.connection.nextXid();
    await new Promise<void>((resolve) => {
      this.#echoes.set(xid, resolve);
      this.connection.send({ type: 'echoRequest', data: new Uint8Array(0) }, xid);
    });
    this.#echoes.delete(xid);
  }

  /** Sends a message, unless the connection is not open. */
  send(message: MessageInit): void {
    if (this.connection.state === 'open') this.connection.send(message);
  }

  /** Answers a message with the error that it was refused with. */
  refuse(message: Message, error: unknown): void {
    const data = encode(message).subarray(0, ERROR_DATA_SIZE);
    this.send({ type: 'error', xid: message.xid, ...errorNumbers(error), data });
  }

  /** True when the controller wants an asynchronous message of this kind and reason, as its role is now. */
  wants(kind: 'packetIn' | 'portStatus' | 'flowRemoved', reason: number): boolean {
    const masks = this.role === 'slave' ? `${kind}Slave` : `${kind}Master`;
    return ((this.async[masks as keyof AsyncConfig] >>> reason) & 1) === 1;
  }

  #answer(message: Message, onMessage: (link: ControllerLink, message: Message) => void): void {
    const answered = message.type === 'echoReply' ? this.#echoes.get(message.xid) : undefined;
    if (answered !== undefined) return answered();
    this.messages++;
    try {
      onMessage(this, message);
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      this.refuse(message, error);
    }
  }
}
