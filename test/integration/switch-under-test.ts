import type { Duplex } from 'node:stream';
import { decodeMessage, encode, type Message, type MessageInit } from '../../src/ofp/message.ts';
import type { MultipartReply } from '../../src/ofp/multipart/multipart.ts';
import type { Port } from '../../src/ofp/port.ts';
import { GroupNo, MeterNo } from '../../src/ofp/ports.ts';
import { Framer } from '../../src/ofp/wire/framer.ts';
import type { Sent } from '../datapath/orders/random-orders.ts';

/** What a switch has, without what depends on the time or on what else goes on in the machine. */
export interface SwitchState {
  readonly flows: readonly string[];
  readonly groups: readonly string[];
  readonly references: readonly string[];
  readonly meters: readonly string[];
  readonly meterUsers: readonly string[];
  readonly tables: readonly string[];
  readonly ports: readonly string[];
}

const BARRIER_XID = 0xb0000000;
/** Transaction ids of this class, which answers to messages of sequences do not have. */
const OWN_XIDS = 0xa0000000;

const USUAL_ASYNC = {
  packetInMaster: 3,
  packetInSlave: 0,
  portStatusMaster: 7,
  portStatusSlave: 7,
  flowRemovedMaster: 0xf,
  flowRemovedSlave: 0,
};

/** One controller's connection: it keeps what comes, answered or not. */
class Wire {
  readonly stream: Duplex;
  /** Everything that has come but what {@link ask} has taken, in hexadecimal or as text. */
  readonly heard: Message[] = [];
  readonly raw = new Map<Message, string>();
  #waiting: ((message: Message) => boolean)[] = [];
  #hasEnded = false;

  constructor(stream: Duplex) {
    this.stream = stream;
    const framer = new Framer((wire, start, end) => {
      const message = decodeMessage(wire, start, end);
      if (message.type === 'echoRequest')
        return void this.send({ type: 'echoReply', xid: message.xid, data: message.data });
      this.raw.set(message, Buffer.from(wire.bytes.subarray(start, end)).toString('hex'));
      const taker = this.#waiting.find((take) => take(message));
      if (taker === undefined) this.heard.push(message);
    });
    stream.on('data', (chunk: Buffer) => framer.push(chunk));
    stream.on('error', () => {});
    stream.once('close', () => {
      this.#hasEnded = true;
      for (const take of this.#waiting.splice(0)) take({ type: 'hello' } as Message);
    });
    this.send({ type: 'hello', elements: [{ type: 'versionBitmap', versions: [4] }] });
  }

  send(message: MessageInit): void {
    this.stream.write(encode(message));
  }

  /** Waits for the messages that `isLast` ends. */
  until(wants: (message: Message) => boolean, isLast: (message: Message) => boolean): Promise<Message[]> {
    return new Promise((resolve, reject) => {
      if (this.#hasEnded) return reject(new Error('the connection has ended'));
      const taken: Message[] = [];
      const take = (message: Message): boolean => {
        if (this.#hasEnded) reject(new Error('the connection has ended'));
        if (!wants(message)) return false;
        taken.push(message);
        if (isLast(message)) {
          this.#waiting = this.#waiting.filter((each) => each !== take);
          resolve(taken);
        }
        return true;
      };
      this.#waiting.push(take);
    });
  }

  async barrier(): Promise<void> {
    const isReply = ({ type, xid }: Message) => type === 'barrierReply' && xid === BARRIER_XID;
    const replied = this.until(isReply, isReply);
    this.send({ type: 'barrierRequest', xid: BARRIER_XID });
    await replied;
  }
}

/** A switch as two controllers see it. */
export class SwitchUnderTest {
  readonly #wires: readonly Wire[];
  #nextXid = OWN_XIDS;

  /** Speaks on two streams, and wants to hear everything that a controller hears. */
  static async open(connect: () => Promise<Duplex> | Duplex): Promise<SwitchUnderTest> {
    const wires = [new Wire(await connect()), new Wire(await connect())];
    for (const wire of wires) {
      wire.send({ type: 'setConfig', xid: OWN_XIDS, flags: 0, missSendLen: 128 });
      // Elections go on from one that both kinds of switches take, whatever was before.
      for (const quarter of [0n, 1n, 2n, 3n, 0n])
        wire.send({ type: 'roleRequest', xid: OWN_XIDS, role: 'slave', generationId: quarter << 62n });
      await wire.barrier();
      wire.heard.length = 0;
    }
    return new SwitchUnderTest(wires);
  }

  private constructor(wires: readonly Wire[]) {
    this.#wires = wires;
  }

  close(): void {
    for (const { stream } of this.#wires) stream.destroy();
  }

  /** Sends a sequence; those of one controller are done before those of the next are sent. */
  async send(sequence: readonly Sent[]): Promise<void> {
    for (const [index, { controller, bytes }] of sequence.entries()) {
      const wire = this.#wires[controller]!;
      wire.stream.write(bytes);
      if (sequence[index + 1]?.controller !== controller) await wire.barrier();
    }
  }

  /** Deletes everything, gives both controllers the role that they begin with, and ends bundles that are open. */
  async reset(): Promise<void> {
    for (const [controller] of this.#wires.entries()) {
      const messages: MessageInit[] = [
        { type: 'nxRoleRequest', role: 'other' },
        { type: 'setAsync', ...USUAL_ASYNC },
        { type: 'nxTlvTableMod', command: 'clear', maps: [] },
        ...[1, 2, 10, 11, 12].map(
          (bundleId): MessageInit => ({ type: 'onfBundleControl', bundleId, controlType: 'discardRequest' }),
        ),
        { type: 'flowMod', command: 'delete', tableId: 0xff },
        { type: 'groupMod', command: 'delete', groupId: GroupNo.ALL },
        { type: 'meterMod', command: 'delete', meterId: MeterNo.ALL },
      ];
      await this.send(
        messages.map((message) => ({
          controller,
          bytes: encode({ ...message, xid: OWN_XIDS } as MessageInit),
        })),
      );
    }
  }

  /** How many flows are told to have gone. */
  get removedCount(): number {
    return this.#wires.reduce(
      (sum, { heard }) => sum + heard.filter(({ type }) => type === 'flowRemoved').length,
      0,
    );
  }

  /** Takes what each controller has heard: answers in their order, flows that went sorted. */
  takeHeard(): readonly (readonly string[])[] {
    return this.#wires.flatMap((wire) => {
      const heard = wire.heard.splice(0);
      const lines = heard.map(
        (message) => [message.type === 'flowRemoved', lineOf(message, wire.raw.get(message)!)] as const,
      );
      wire.raw.clear();
      const removed = lines.flatMap(([isRemoved, line]) => (isRemoved ? [line] : []));
      return [lines.flatMap(([isRemoved, line]) => (isRemoved ? [] : [line])), removed.sort()];
    });
  }

  /** Reads what the switch has. */
  async state(): Promise<SwitchState> {
    const [flows, groups, references, meters, meterUsers, tables, ports] = await Promise.all([
      this.#ask('flow'),
      this.#ask('groupDesc'),
      this.#ask('group'),
      this.#ask('meterConfig'),
      this.#ask('meter'),
      this.#ask('table'),
      this.#ask('portDesc'),
    ]);
    // What each controller hears of it has come by then.
    for (const wire of this.#wires) await wire.barrier();
    return {
      flows: lines(flows, ({ durationSec: _s, durationNsec: _n, ...flow }) => flow),
      groups: lines(groups, (group) => group),
      references: lines(references, ({ groupId, refCount, bucketStats }) => ({
        groupId,
        refCount,
        buckets: (bucketStats as unknown[]).length,
      })),
      meters: lines(meters, (meter) => meter),
      meterUsers: lines(meterUsers, ({ meterId, flowCount, bandStats }) => ({
        meterId,
        flowCount,
        bands: (bandStats as unknown[]).length,
      })),
      tables: lines(tables, ({ tableId, activeCount }) => ({ tableId, activeCount })),
      ports: lines(ports, ({ portNo, config }) => ({ portNo, config })),
    };
  }

  /** The ports that there are. */
  async ports(): Promise<Port[]> {
    return (await this.#ask('portDesc')) as unknown as Port[];
  }

  async #ask(
    multipartType: 'flow' | 'groupDesc' | 'group' | 'meterConfig' | 'meter' | 'table' | 'portDesc',
  ): Promise<Entry[]> {
    const xid = ++this.#nextXid;
    const wire = this.#wires[0]!;
    const replies = wire.until(
      (message) => message.xid === xid,
      (message) => message.type !== 'multipartReply' || message.flags === 0,
    );
    wire.send({ type: 'multipartRequest', multipartType, xid } as MessageInit);
    return (await replies).flatMap((reply) => {
      wire.raw.delete(reply);
      return (reply as MultipartReply).body as unknown as Entry[];
    });
  }
}

type Entry = Record<string, unknown>;

function lines(entries: readonly Entry[], part: (entry: Entry) => unknown): string[] {
  return entries.map((entry) => text(part(entry))).sort();
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return each.toString();
    if (each !== null && typeof each === 'object' && 'low' in each && 'high' in each) return each.toString();
    return each;
  });
}

/** A message as it is compared: with its numbers where they have to be the same, without times. */
function lineOf(message: Message, raw: string): string {
  switch (message.type) {
    case 'error':
      return `error ${message.name} xid=${message.xid} ${raw}`;
    case 'flowRemoved': {
      const { durationSec: _s, durationNsec: _n, xid: _xid, ...rest } = message;
      return text(rest);
    }
    case 'portStatus':
      return text({
        type: message.type,
        reason: message.reason,
        portNo: message.port.portNo,
        config: message.port.config,
      });
    case 'featuresReply':
      return text({ ...message, datapathId: 0 });
    case 'multipartReply':
      return ['portStats', 'desc', 'table', 'group', 'meter', 'flow', 'portDesc', 'aggregate'].includes(
        message.multipartType,
      )
        ? text({ type: message.multipartType, xid: message.xid, flags: message.flags })
        : raw;
    default:
      return `${message.type} ${raw}`;
  }
}
