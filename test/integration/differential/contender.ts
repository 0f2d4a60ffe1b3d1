import { output } from '../../../src/ofp/actions/standard.ts';
import type { MessageInit } from '../../../src/ofp/message.ts';
import type { PacketIn } from '../../../src/ofp/messages/packet-in.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
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
  #packetIns: string[] = [];
  #onLast = () => {};
  #errors = new Map<MessageInit, string>();

  constructor(session: Switch) {
    this.session = session;
    session.on('packetIn', (message) => {
      if (LAST.equals(message.data)) this.#onLast();
      else this.#packetIns.push(describePacketIn(message));
    });
    session.on('requestError', ({ error, request }) => {
      if (request !== undefined) this.#errors.set(request, error.code);
    });
  }

  /** Makes the switch empty, then sends it these. @returns the name of the error of each, or `ok` */
  async load(messages: readonly MessageInit[]): Promise<string[]> {
    // What packets of before were counted late would count in these flows.
    await this.settle();
    this.#errors = new Map();
    this.session.send({ type: 'flowMod', command: 'delete', tableId: 0xff });
    this.session.send({ type: 'groupMod', command: 'delete', groupId: 0xffff_fffc });
    for (const message of messages) this.session.send(message);
    await this.session.barrier();
    await this.settle();
    return messages.map((message) => this.#errors.get(message) ?? 'ok');
  }

  /** Lets a frame come in. */
  async inject(port: number, frame: Uint8Array): Promise<Outcome> {
    this.#packetIns = [];
    const sent = await this.receive(port, frame);
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

  /** Lets seconds pass on the switch's clock, so that what is over goes. */
  abstract pass(seconds: number): Promise<void>;
  /** Makes packets see the flows as they are now, and counters the packets. */
  protected abstract settle(): Promise<void>;
  protected abstract receive(port: number, frame: Uint8Array): Promise<Outcome['sent']>;
  abstract close(): Promise<void>;
}

/** The frame of a packet-in that comes behind those of the packet before. */
const LAST = Buffer.from('0e00000000020e000000000188b500', 'hex');
const TO_CONTROLLER = [output(PortNo.CONTROLLER)];

const AGE = / duration=[^,]*,/;

function describePacketIn({ reason, tableId, cookie, totalLen, match, data }: PacketIn): string {
  const told = JSON.stringify(match, (_key, value) => (value instanceof Uint8Array ? [...value] : value));
  return `${reason} table ${tableId} cookie ${cookie} ${totalLen} ${told} ${Buffer.from(data).toString('hex')}`;
}
