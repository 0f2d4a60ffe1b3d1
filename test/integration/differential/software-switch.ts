import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { type PortInit, SoftSwitch, type Tunnel } from '../../../src/datapath/index.ts';
import type { Transmit } from '../../../src/datapath/ports.ts';
import type { MessageInit } from '../../../src/ofp/message.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { connectSwitch } from '../../../src/ofp/session/connect.ts';
import type { Switch } from '../../../src/ofp/session/switch.ts';
import { FakeClock } from '../../ofp/session/clock.ts';
import { Contender, type Outcome } from './contender.ts';
import { describeTunnelled } from './encapsulation.ts';
import { TUNNEL_ADDRESS, type TunnelPorts } from './underlay.ts';

/** The software switch, spoken to through a Unix socket as the other one. */
export class SoftwareSwitch extends Contender {
  readonly #made: SoftSwitch;
  readonly #server: Server;
  readonly #sent: Record<number, string[]>;
  readonly #clock: FakeClock;

  /**
   * @param path of its socket
   * @param ports those of the other one
   * @param tunnels which of them tunnels end at
   */
  static async start(
    path: string,
    ports: Iterable<PortInit>,
    tunnels: TunnelPorts = {},
  ): Promise<SoftwareSwitch> {
    const sent: Record<number, string[]> = {};
    const add = (port: number, what: string) => {
      sent[port] ??= [];
      sent[port].push(what);
    };
    const clock = new FakeClock();
    const made = new SoftSwitch({
      datapathId: 1,
      // As the other one's dummies, which have the default queue.
      ports: Array.from(ports, (port) => ({ ...port, queues: [{ queueId: 0 }] })),
      clock,
      onTransmit: (port, frame) => {
        if (port !== PortNo.LOCAL) add(port, Buffer.from(frame).toString('hex'));
      },
    });
    for (const [port, encapsulation] of Object.entries(tunnels)) {
      const transmit: Transmit = (frame, tunnel) =>
        add(Number(port), describeTunnelled(encapsulation, frame, tunnel!));
      made.attach(Number(port), transmit, TUNNEL_ADDRESS);
    }
    const server = createServer((socket) => made.connect(socket, { echoIntervalMs: 0 })).listen(path);
    await once(server, 'listening');
    return new SoftwareSwitch(await connectSwitch(`unix:${path}`), made, server, sent, clock);
  }

  private constructor(
    session: Switch,
    made: SoftSwitch,
    server: Server,
    sent: Record<number, string[]>,
    clock: FakeClock,
  ) {
    super(session);
    this.#made = made;
    this.#server = server;
    this.#sent = sent;
    this.#clock = clock;
  }

  async settle(): Promise<void> {}

  override async load(messages: readonly MessageInit[]): Promise<string[]> {
    const { macs, ports } = this.#made.pipeline;
    for (const { port } of ports) macs.forgetPort(port.portNo);
    return super.load(messages);
  }

  protected async receive(port: number, frame: Uint8Array, tunnel?: Tunnel): Promise<Outcome['sent']> {
    this.takeSent();
    this.#made.receive(port, frame, tunnel);
    return this.takeSent();
  }

  protected takeSent(): Outcome['sent'] {
    const sent = { ...this.#sent };
    for (const no of Object.keys(sent)) delete this.#sent[Number(no)];
    return sent;
  }

  async pass(seconds: number): Promise<void> {
    this.#clock.advance(seconds * 1000);
  }

  async close(): Promise<void> {
    await this.session.close();
    await this.#made.close();
    this.#server.close();
  }
}
