import type { Duplex } from 'node:stream';
import type { MessageInit } from '../../ofp/message.ts';
import type { PacketInFormat } from '../../ofp/messages/nicira-packet-in-format.ts';
import { Connection, type ConnectionOptions } from '../../ofp/session/connection.ts';
import { ClosedError } from '../../util/errors.ts';
import { type AsyncKind, AsyncMasks } from './async-masks.ts';
import { type BundleLimits, Bundles } from './bundles.ts';
import { errorNumbers } from './error-numbers.ts';
import { FlowMonitors, type MonitorLimits } from './flow-monitors.ts';
import { errorData, type MessageFrame, versionOf, xidOf } from './frame.ts';
import { MultipartRequests } from './multipart-requests.ts';
import type { RoleHolder } from './roles.ts';

const DEFAULT_MISS_SEND_LEN = 128;

/** What one controller may take up of the switch. */
export interface LinkLimits extends BundleLimits, MonitorLimits {
  /** Bytes of the parts of multipart requests that wait for the last one. */
  readonly maxMultipartBytes: number;
}

/** One controller of a switch: its connection, and what it has asked for. */
export class ControllerLink implements RoleHolder {
  role: RoleHolder['role'] = 'equal';
  readonly async = new AsyncMasks();
  missSendLen = DEFAULT_MISS_SEND_LEN;
  controllerId = 0;
  packetInFormat: PacketInFormat = 'packetIn';
  /** Whether NXT_FLOW_MOD says in which table a flow is (NXT_FLOW_MOD_TABLE_ID). */
  hasTableIds = false;
  readonly bundles: Bundles;
  readonly monitors: FlowMonitors;
  readonly multiparts: MultipartRequests;
  /** Messages that have come. */
  messages = 0;
  readonly connection: Connection;
  /** Resolves when the versions have been negotiated, or cannot be any more. */
  readonly #greeted: Promise<void>;
  /** Echo requests of ours, and who waits for the reply. */
  readonly #echoes = new Map<number, () => void>();

  /**
   * @param onFrame what it throws is answered as an error about the message
   * @param onClose called once, at the end
   */
  constructor(
    stream: Duplex,
    options: ConnectionOptions & LinkLimits,
    onFrame: (link: ControllerLink, frame: MessageFrame) => void,
    onClose: (link: ControllerLink) => void,
  ) {
    this.bundles = new Bundles(options);
    this.monitors = new FlowMonitors(this, options);
    this.multiparts = new MultipartRequests(options.maxMultipartBytes);
    let greeted = () => {};
    this.#greeted = new Promise((resolve) => {
      greeted = resolve;
    });
    this.connection = new Connection(
      stream,
      {
        onOpen: greeted,
        onMessage: ({ xid }) => this.#echoes.get(xid)?.(),
        onFrame: (wire, start, end) => this.#answer({ wire, start, end }, onFrame),
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

  /** Sends a message, unless the connection is not open. Those that no message of the controller asked for have xid 0. */
  send(message: MessageInit): void {
    if (this.connection.state === 'open') this.connection.send(message, message.xid ?? 0);
  }

  /** Answers a message with the error that it was refused with. */
  refuse(frame: MessageFrame, error: unknown): void {
    const data = errorData(frame);
    const version = versionOf(frame);
    this.send({ type: 'error', version, xid: xidOf(frame), ...errorNumbers(error), data });
  }

  /** True when the controller wants an asynchronous message of this kind and reason, as its role is now. */
  wants(kind: AsyncKind, reason: number): boolean {
    return this.async.wants(kind, reason, this.role === 'slave');
  }

  #answer(frame: MessageFrame, onFrame: (link: ControllerLink, frame: MessageFrame) => void): void {
    this.messages++;
    try {
      onFrame(this, frame);
    } catch (error) {
      if (error instanceof ClosedError) throw error;
      this.refuse(frame, error);
    }
  }
}
