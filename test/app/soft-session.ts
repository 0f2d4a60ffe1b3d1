import { duplexPair } from 'node:stream';
import { type SoftHost, SoftNetwork, SoftSwitch, type SoftSwitchOptions } from '../../src/datapath/index.ts';
import { Framer, formatFlow, type MessageInit, Switch } from '../../src/ofp/index.ts';
import { decodeMessage, type Message } from '../../src/ofp/message.ts';
import { FakeClock } from '../ofp/session/clock.ts';

/** The port of tunnels; behind the others are hosts that only listen. */
export const TUNNEL_PORT = 9;
/** Where tunnels to the switch end. */
const TUNNEL_ADDRESS = '192.0.2.1';
const HOST_PORTS = [1, 2, 3];
/** Keep-alives are about time, which a test advances by minutes. */
const NO_ECHO = { echoIntervalMs: 0 };

/** What changes the switch, or has it send something. */
const ORDERS: ReadonlySet<Message['type']> = new Set(['flowMod', 'groupMod', 'meterMod', 'packetOut']);
/** How much time passes before the controllers are heard: their requests must not time out. */
const STEP_MS = 10_000;

const opened: SoftSession[] = [];

/** Ends the sessions that were opened, and their switches. */
export async function closeSessions(): Promise<void> {
  await Promise.all(opened.splice(0).map((each) => each.close()));
}

/**
 * A software switch and a controller's session with it, over streams in this process: what an application does to the
 * switch can be looked at, and what befalls the switch comes from its tables, its ports and its other controllers.
 * Both live by one clock, which stands still.
 */
export class SoftSession {
  readonly clock = new FakeClock();
  readonly sw: SoftSwitch;
  readonly #network = new SoftNetwork();
  readonly #hosts: ReadonlyMap<number, SoftHost>;
  readonly #received: Message[] = [];
  readonly #bundles: number[] = [];
  readonly #watchers = new Map<Message['type'], () => void>();
  /** Those of the bundle that is open. */
  #bundled = 0;
  #session: Switch | undefined;
  #other: Switch | undefined;

  static async open(options: Partial<SoftSwitchOptions> = {}): Promise<SoftSession> {
    const made = new SoftSession(options);
    opened.push(made);
    await made.reconnect();
    return made;
  }

  private constructor(options: Partial<SoftSwitchOptions>) {
    this.sw = new SoftSwitch({ datapathId: 1, clock: this.clock, ...options });
    this.#hosts = new Map(
      HOST_PORTS.map((port) => {
        const addresses = { mac: `02:00:00:00:ff:0${port}`, ip: `198.51.100.${port}` };
        return [port, this.#network.addHost(this.sw, port, addresses)];
      }),
    );
    this.#network.addTunnel(this.sw, TUNNEL_PORT, TUNNEL_ADDRESS);
  }

  /** The session of the application. */
  get session(): Switch {
    return this.#session!;
  }

  /** The flows of a table, or of all of them, as `ovs-ofctl dump-flows --no-stats` writes them, sorted. */
  flows(tableId?: number): string[] {
    const tables = this.sw.pipeline.tables.tables.filter(
      (table) => table.size > 0 && table.tableId === (tableId ?? table.tableId),
    );
    const flows = tables.flatMap((table) => [...table.flows.rules()]);
    return flows
      .map(
        ({ matchFields: match, tableId, priority, cookie, idleTimeout, hardTimeout, flags, instructions }) =>
          formatFlow({ tableId, priority, cookie, idleTimeout, hardTimeout, flags, match, instructions }),
      )
      .sort();
  }

  /** What the application has sent since the last look, those of bundles in their place: mods and packet-outs. */
  received(): Message[] {
    return this.#received.splice(0);
  }

  /** How many messages each bundle had that was committed since the last look. */
  bundles(): number[] {
    return this.#bundles.splice(0);
  }

  /** The frames that have left through the port of a host since the last look, in hexadecimal. */
  left(port: number): string[] {
    return this.#hosts
      .get(port)!
      .received.splice(0)
      .map((frame) => Buffer.from(frame).toString('hex'));
  }

  /** Has a frame come in, in hexadecimal digits with blanks and colons. */
  receive(port: number, frame: string): void {
    this.sw.receive(port, bytesOf(frame));
  }

  /** Has a frame come in out of a tunnel. */
  receiveFrom(src: string, key: number, frame: string): void {
    this.sw.receive(TUNNEL_PORT, bytesOf(frame), { key, src, dst: TUNNEL_ADDRESS });
  }

  /** Calls `run` when the next message of this kind of the application comes, before the switch looks at it. */
  before(type: Message['type'], run: () => void): void {
    this.#watchers.set(type, run);
  }

  /** Has another controller order something. @throws RemoteError when the switch refuses it */
  async order(...messages: readonly MessageInit[]): Promise<void> {
    await (await this.other()).sendAll(messages);
    await this.idle();
  }

  /** The session of another controller. */
  async other(): Promise<Switch> {
    this.#other ??= await this.#connect();
    return this.#other;
  }

  /** Ends the session of the application, and opens another one. */
  async reconnect(): Promise<void> {
    await this.#session?.close();
    this.#session = await this.#connect((message) => this.#note(message));
  }

  /** Resolves when the controllers have nothing more to say. */
  async idle(): Promise<void> {
    do await this.#network.idle();
    while (this.session.waitingPacketIns > 0);
  }

  /** Lets time pass, and what comes of it. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.clock.advance(Math.min(left, STEP_MS));
      await this.idle();
    }
  }

  /** Ends the switch's connections. */
  async close(): Promise<void> {
    const gone = Promise.all([this.#session?.close(), this.#other?.close(), this.sw.close()]);
    // Connections that wait for their peers to read the rest.
    this.clock.advance(STEP_MS);
    await gone;
  }

  #connect(onMessage?: (message: Message) => void): Promise<Switch> {
    const [ours, theirs] = duplexPair();
    if (onMessage !== undefined) {
      const framer = new Framer((wire, start, end) => onMessage(decodeMessage(wire, start, end)));
      theirs.on('data', (chunk: Buffer) => framer.push(chunk));
    }
    this.sw.connect(theirs, NO_ECHO);
    const { now, setTimer } = this.clock;
    return Switch.open(ours, { ...NO_ECHO, now, setTimer });
  }

  #note(message: Message): void {
    const watcher = this.#watchers.get(message.type);
    this.#watchers.delete(message.type);
    watcher?.();
    if (ORDERS.has(message.type)) this.#received.push(message);
    if (message.type === 'onfBundleAddMessage') {
      this.#bundled++;
      this.#received.push(message.message);
    }
    if (message.type !== 'onfBundleControl') return;
    if (message.controlType === 'openRequest') this.#bundled = 0;
    if (message.controlType === 'commitRequest') this.#bundles.push(this.#bundled);
  }
}

function bytesOf(frame: string): Uint8Array {
  return Buffer.from(frame.replaceAll(/[ :]/g, ''), 'hex');
}
