import type { Tunnel } from '../../../src/datapath/packet/tunnel.ts';
import { output } from '../../../src/ofp/actions/standard.ts';
import type { MessageInit } from '../../../src/ofp/message.ts';
import type { NxPacketIn2, NxResumeInit } from '../../../src/ofp/messages/nicira-packet-in2.ts';
import type { PacketIn } from '../../../src/ofp/messages/packet-in.ts';
import { ConfigFlag } from '../../../src/ofp/messages/switch-config.ts';
import { GroupNo, MeterNo, PortNo } from '../../../src/ofp/ports.ts';
import type { Switch } from '../../../src/ofp/session/switch.ts';
import { formatFlow } from '../../../src/ofp/text/flow-format.ts';

/** What became of a packet: frames in hexadecimal by port, and what controllers were told, in order. */
export interface Outcome {
  readonly sent: Readonly<Record<number, readonly string[]>>;
  readonly packetIns: readonly string[];
}

/** One of the two switches that are compared, spoken to in OpenFlow. */
export abstract class Contender {
  readonly session: Switch;
  /** Packets that have paused, as the controller was told of them. */
  readonly paused: NxPacketIn2[] = [];
  #packetIns: string[] = [];
  #onLast = () => {};
  /** By the xid of what was refused. */
  readonly #errors = new Map<number, string>();

  constructor(session: Switch) {
    this.session = session;
    session.on('packetIn', (message) => {
      if (LAST.equals(message.data)) this.#onLast();
      else this.#packetIns.push(describePacketIn(message));
    });
    session.on('packetIn2', (message) => {
      if (LAST.equals(message.data)) return this.#onLast();
      this.#packetIns.push(describePacketIn(message));
      if (message.continuation !== undefined) this.paused.push(message);
    });
    session.on('requestError', ({ error, message }) => void this.#errors.set(message.xid, error.code));
  }

  /** Makes the switch empty, then sends it these. @returns the name of the error of each, or `ok` */
  async load(messages: readonly MessageInit[]): Promise<string[]> {
    // What packets of before were counted late would count in these flows.
    await this.settle();
    this.#errors.clear();
    this.session.send({ type: 'flowMod', command: 'delete', tableId: 0xff });
    this.session.send({ type: 'groupMod', command: 'delete', groupId: GroupNo.ALL });
    this.session.send({ type: 'meterMod', command: 'delete', meterId: MeterNo.ALL });
    this.session.send({ type: 'setConfig', flags: ConfigFlag.FRAG_NORMAL, missSendLen: 0xffff });
    for (const [i, message] of messages.entries()) this.session.send({ ...message, xid: FIRST_XID + i });
    await this.session.barrier();
    await this.settle();
    return messages.map((_, i) => this.#errors.get(FIRST_XID + i) ?? 'ok');
  }

  /** Lets a frame come in. @param tunnel what was around it, where the port is one that tunnels end at */
  async inject(port: number, frame: Uint8Array, tunnel?: Tunnel): Promise<Outcome> {
    return this.#outcomeOf(() => this.receive(port, frame, tunnel));
  }

  /** Lets a packet go on that has paused. @returns also the name of the error, or `ok` */
  async resume(message: NxResumeInit): Promise<readonly [Outcome, string]> {
    const outcome = await this.#outcomeOf(async () => {
      this.#errors.delete(FIRST_XID);
      this.session.send({ ...message, xid: FIRST_XID });
      await this.session.barrier();
      return this.takeSent();
    });
    return [outcome, this.#errors.get(FIRST_XID) ?? 'ok'];
  }

  async #outcomeOf(run: () => Promise<Outcome['sent']>): Promise<Outcome> {
    this.#packetIns = [];
    const sent = await run();
    // No barrier: its reply comes before packet-ins that wait.
    const last = new Promise<void>((resolve) => {
      this.#onLast = resolve;
    });
    this.session.send({ type: 'packetOut', inPort: PortNo.CONTROLLER, actions: TO_CONTROLLER, data: LAST });
    await last;
    return { sent, packetIns: this.#packetIns };
  }

  /** Every flow with its counters, but for its age. */
  async flows(): Promise<string[]> {
    await this.settle();
    const flows: string[] = [];
    for await (const flow of this.session.flowStats()) flows.push(formatFlow(flow).replace(AGE, ''));
    return flows.sort();
  }

  /** Every flow, group and meter with its counters, but for their ages. */
  async state(): Promise<string[]> {
    const state = await this.flows();
    for (const group of await this.session.multipart('groupDesc'))
      state.push(`group ${JSON.stringify(group)}`);
    for (const { durationSec: _s, durationNsec: _n, ...group } of await this.session.multipart('group'))
      state.push(`group ${JSON.stringify(group)}`);
    for (const { durationSec: _s, durationNsec: _n, ...meter } of await this.session.multipart('meter'))
      state.push(`meter ${JSON.stringify(meter)}`);
    return state;
  }

  /** Lets seconds pass on the switch's clock, so that what is over goes. */
  abstract pass(seconds: number): Promise<void>;
  /** Makes packets see the flows as they are now, and counters the packets. */
  abstract settle(): Promise<void>;
  /** What has left through ports since this was asked. */
  protected abstract takeSent(): Outcome['sent'];
  protected abstract receive(port: number, frame: Uint8Array, tunnel?: Tunnel): Promise<Outcome['sent']>;
  abstract close(): Promise<void>;
}

/** Of the messages that are compared: others have lower ones. */
const FIRST_XID = 0x4000_0000;

/** The frame of a packet-in that comes behind those of the packet before. */
const LAST = Buffer.from('0e00000000020e000000000188b500', 'hex');
const TO_CONTROLLER = [output(PortNo.CONTROLLER)];

const AGE = / duration=[^,]*,/;

function describePacketIn(packetIn: PacketIn | NxPacketIn2): string {
  const { reason, tableId, cookie, totalLen, match, data } = packetIn;
  const told = JSON.stringify(match, (_key, value) => (value instanceof Uint8Array ? [...value] : value));
  const own = 'userdata' in packetIn ? `${packetIn.userdata} ${packetIn.continuation !== undefined} ` : '';
  return `${own}${reason} table ${tableId} cookie ${cookie} ${totalLen} ${told} ${Buffer.from(data).toString('hex')}`;
}
