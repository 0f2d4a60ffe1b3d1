import { type Duplex, duplexPair } from 'node:stream';
import {
  decodeMessage,
  encode,
  type Message,
  type MessageInit,
  OFP_VERSION,
} from '../../../src/ofp/message.ts';
import type { Port } from '../../../src/ofp/port.ts';
import { Switch } from '../../../src/ofp/session/switch.ts';
import type { SwitchOptions } from '../../../src/ofp/session/switch-events.ts';
import { Framer } from '../../../src/ofp/wire/framer.ts';
import type { GalagoError } from '../../../src/util/errors.ts';
import { toLong, type U64 } from '../../../src/util/u64.ts';

/** What a {@link Peer} says of itself in the handshake. */
export interface SwitchScript {
  /** Default 1. */
  readonly datapathId?: U64;
  /** Default 0: the main connection. */
  readonly auxiliaryId?: number;
  /** Default none. */
  readonly ports?: readonly Port[];
  /** Sent in one piece with the last message of the handshake. */
  readonly early?: readonly MessageInit[];
}

type MessageOf<T extends Message['type']> = Extract<Message, { type: T }>;

/** The other end of a connection: it speaks the real protocol, but says only what the test has it say. */
export class Peer {
  /** Resolves when this side hears that the connection has ended. */
  readonly ended: Promise<void>;
  readonly stream: Duplex;
  readonly #messages: Message[] = [];
  #wake: (() => void) | undefined;
  #hasEnded = false;

  constructor(stream: Duplex) {
    this.stream = stream;
    const framer = new Framer((wire, start, end) => {
      this.#messages.push(decodeMessage(wire, start, end));
      this.#wake?.();
    });
    stream.on('data', (chunk: Buffer) => framer.push(chunk));
    stream.on('error', () => {});
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true;
        stream.end();
        this.#wake?.();
        resolve();
      };
      stream.once('end', end).once('close', end);
    });
  }

  /** Sends messages in one piece. */
  send(...messages: readonly MessageInit[]): void {
    this.sendBytes(Buffer.concat(messages.map(encode)));
  }

  /** Sends bytes as they are. */
  sendBytes(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  /**
   * Takes the next message that comes.
   * @throws when it is of another type, or none comes before the end
   */
  async next<T extends Message['type']>(type: T): Promise<MessageOf<T>> {
    const message = await this.#take();
    if (message?.type === type) return message as MessageOf<T>;
    throw new Error(`expected ${type}, got ${message?.type ?? 'the end of the connection'}`);
  }

  /** Takes the next message that comes, of whatever type. @throws when none comes before the end */
  async any(): Promise<Message> {
    const message = await this.#take();
    if (message !== undefined) return message;
    throw new Error('expected a message, got the end of the connection');
  }

  async #take(): Promise<Message | undefined> {
    while (this.#messages.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift();
  }

  /** Everything that has come and not been taken, once the connection has ended. */
  async rest(): Promise<readonly Message[]> {
    await this.ended;
    return this.#messages.splice(0);
  }

  /** Sends HELLO and takes that of the other side. */
  async greet(): Promise<void> {
    this.send({ type: 'hello', elements: [{ type: 'versionBitmap', versions: [OFP_VERSION] }] });
    await this.next('hello');
  }

  /** Goes through the whole handshake as a switch. */
  async handshake(script: SwitchScript = {}): Promise<void> {
    const { datapathId = 1, auxiliaryId = 0, ports = [], early = [] } = script;
    await this.greet();
    const features = await this.next('featuresRequest');
    this.send(featuresReply(features.xid, datapathId, auxiliaryId));
    if (auxiliaryId !== 0) return;
    await this.next('setConfig');
    const { xid } = await this.next('multipartRequest');
    this.send({ type: 'multipartReply', multipartType: 'portDesc', xid, body: ports }, ...early);
  }

  /** Takes an asynchronous turn with the other side, so that all that was sent before has been handled. */
  async turn(): Promise<void> {
    this.send({ type: 'echoRequest', xid: TURN_XID, data: new Uint8Array() });
    const { xid } = await this.next('echoReply');
    if (xid !== TURN_XID) throw new Error(`expected xid ${TURN_XID}, got ${xid}`);
  }
}

const TURN_XID = 0x7ea5e;

/** OFPT_FEATURES_REPLY of a switch that has nothing but its id. */
export function featuresReply(xid: number, datapathId: U64 = 1, auxiliaryId = 0): MessageInit {
  return {
    type: 'featuresReply',
    xid,
    datapathId: toLong(datapathId),
    nBuffers: 0,
    nTables: 254,
    auxiliaryId,
    capabilities: 0,
    reserved: 0,
  };
}

/** A port that is up. */
export function port(portNo: number, changes: Partial<Port> = {}): Port {
  return {
    portNo,
    hwAddr: '02:00:00:00:00:01',
    name: `p${portNo}`,
    config: 0,
    state: 0,
    curr: 0,
    advertised: 0,
    supported: 0,
    peer: 0,
    currSpeed: 0,
    maxSpeed: 0,
    ...changes,
  };
}

/** A packet-in that can be told from others by its cookie. */
export function packetIn(cookie: number): MessageInit {
  const match = { inPort: 1 };
  return { type: 'packetIn', reason: 'action', tableId: 0, cookie, match, data: Buffer.from([cookie]) };
}

/** The end of a session, and why. */
export function ended(session: Switch): Promise<GalagoError | undefined> {
  return new Promise((resolve) => session.once('close', ({ error }) => resolve(error)));
}

/** By this clock all packet-ins that wait are handled in one turn, however slow the machine is. */
export const standingClock = { now: () => 0 };

/** A session whose handshake is over, and its peer. */
export async function openSwitch(
  options: SwitchOptions = {},
  script: SwitchScript = {},
): Promise<{ readonly session: Switch; readonly peer: Peer }> {
  const [stream, other] = duplexPair();
  const peer = new Peer(other);
  const [session] = await Promise.all([
    Switch.open(stream, { ...standingClock, ...options }),
    peer.handshake(script),
  ]);
  return { session, peer };
}
