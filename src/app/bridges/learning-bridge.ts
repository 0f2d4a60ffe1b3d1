import {
  type ActionInit,
  FlowModFlag,
  type FlowRemoved,
  type FlowStats,
  isPortUp,
  type MatchInit,
  output,
  type PacketIn,
  PortNo,
  type PortStatus,
  type Switch,
} from '../../ofp/index.ts';
import { decodeEthernet, type EthernetHeader, isLinkLocalGroup } from '../../packet/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { isGroupMac } from '../../util/mac.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import type { EventSink } from '../events.ts';
import { OWNED } from '../pipeline/compile.ts';
import { cookie, KIND_MASK } from '../pipeline/cookie.ts';
import type { BridgeApp } from './bridge.ts';
import { type MacEntry, MacTable } from './mac-table.ts';

/** What a {@link LearningBridge} works with. */
export interface LearningBridgeOptions {
  readonly session: Switch;
  readonly onEvent: EventSink;
  readonly log: Log;
  /** Seconds without a packet until a flow goes. Default 60. */
  readonly idleTimeout?: number;
  /** Default `setTimeout`. */
  readonly setTimer?: SetTimer;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
}

/** Where untagged frames belong: no VLAN has this id. */
const UNTAGGED = 0;
/** OFPVID_PRESENT: with it, `vlanVid` means a tag with the id in the low bits (OpenFlow 1.3.5, 7.2.3.7). */
const VLAN_PRESENT = 0x1000;
const FLOW_PRIORITY = 1;
const VLAN_ID_MASK = 0xfff;
/** How long an address is kept (IEEE 802.1Q, 8.8.3 recommends 300 s). */
const MAX_AGE_MS = 300_000;
const SWEEP_INTERVAL_MS = 30_000;

/** Sends what no flow takes. Nobody has a reason to delete it, so that its removal tells that the table was emptied. */
const MISS = {
  cookie: cookie('intended', 0),
  tableId: 0,
  priority: 0,
  flags: FlowModFlag.SEND_FLOW_REM,
  instructions: [apply(output(PortNo.CONTROLLER))],
};

/**
 * A learning switch on one bridge (IEEE 802.1Q, 8.7): a frame that no flow takes comes to the controller, which
 * notes where its source is, and sends it on. When it knows where the destination is, a flow takes the next ones.
 */
export class LearningBridge implements BridgeApp {
  readonly #session: Switch;
  readonly #onEvent: EventSink;
  readonly #log: Log;
  readonly #idleTimeout: number;
  readonly #setTimer: SetTimer;
  readonly #now: () => number;
  #cancelSweep: (() => void) | undefined;
  readonly #macs = new MacTable<number>({ maxEntries: 8192, maxPerHolder: 4096, locationId: String });

  constructor(options: LearningBridgeOptions) {
    this.#session = options.session;
    this.#onEvent = options.onEvent;
    this.#log = options.log;
    this.#idleTimeout = options.idleTimeout ?? 60;
    this.#setTimer = options.setTimer ?? systemTimer;
    this.#now = options.now ?? (() => performance.now());
  }

  /**
   * Makes the switch send the frames that no flow takes. Flows of a learning switch that are there stay, and with
   * them the addresses that they know. @throws as Switch.reconcile
   */
  async start(): Promise<void> {
    this.#session.on('packetIn', this.#onPacketIn);
    this.#session.on('portStatus', this.#onPortStatus);
    this.#session.on('flowRemoved', this.#onFlowRemoved);
    this.#sweepLater();
    await this.#session.reconcile({ flows: [MISS, ...(await this.#recall())] }, OWNED);
  }

  async stop(): Promise<void> {
    this.#cancelSweep?.();
    this.#session.off('packetIn', this.#onPacketIn);
    this.#session.off('portStatus', this.#onPortStatus);
    this.#session.off('flowRemoved', this.#onFlowRemoved);
  }

  state(): ReturnType<BridgeApp['state']> {
    const endpoints = [...this.#macs.values()].map(({ domain, mac, location }) => ({
      domain: String(domain),
      mac,
      at: { port: location },
    }));
    return { endpoints, members: [], conflicts: [] };
  }

  readonly #onPacketIn = (message: PacketIn): void => {
    const { inPort } = message.match;
    const frame = readFrame(message.data);
    if (inPort === undefined || frame === undefined || isGroupMac(frame.ethSrc)) return;
    if (isLinkLocalGroup(frame.ethDst)) return;
    this.#learn(frame, inPort);
    this.#forward(message, frame, inPort);
  };

  readonly #onPortStatus = ({ reason, port }: PortStatus): void => {
    if (reason !== 'delete' && isPortUp(port)) return;
    this.#session.send({ type: 'flowMod', command: 'delete', outPort: port.portNo, ...this.#ourFlows() });
    this.#session.send({
      type: 'flowMod',
      command: 'delete',
      match: { inPort: port.portNo },
      ...this.#ourFlows(),
    });
    for (const entry of this.#macs.deleteWhere(({ location }) => location === port.portNo)) this.#aged(entry);
  };

  /** Somebody has emptied the table, as `ovs-ofctl del-flows` does: what the flows knew is known here as well. */
  readonly #onFlowRemoved = ({ reason, priority }: FlowRemoved): void => {
    if (reason !== 'delete' || priority !== MISS.priority) return;
    this.#log.warn({ switch: this.#session.id }, 'flows were deleted by somebody else, beginning anew');
    this.#session.send({ type: 'flowMod', command: 'add', ...MISS });
  };

  #sweepLater(): void {
    this.#cancelSweep = this.#setTimer(() => {
      this.#sweep().catch((error: GalagoError) =>
        this.#log.debug({ switch: this.#session.id, code: error.code }, `not swept: ${error.message}`),
      );
      this.#sweepLater();
    }, SWEEP_INTERVAL_MS);
  }

  /** Forgets addresses that have not been heard of; the frames that a flow takes are heard of by the switch alone. */
  async #sweep(): Promise<void> {
    const before = this.#now() - MAX_AGE_MS;
    const isOld = ({ seenAtMs }: MacEntry<number>) => seenAtMs < before;
    if (![...this.#macs.values()].some(isOld)) return;
    await this.#recall();
    for (const entry of this.#macs.deleteWhere(isOld)) this.#aged(entry);
  }

  /** Notes the sources of the flows that are in the switch, and returns the flows. */
  async #recall(): Promise<FlowStats[]> {
    const flows = await this.#session.multipart('flow', this.#ourFlows());
    const ours = flows.filter(({ tableId }) => tableId === MISS.tableId);
    for (const { match } of ours) {
      const { inPort, vlanVid, ethSrc } = match;
      if (inPort === undefined || typeof ethSrc !== 'string' || typeof vlanVid !== 'number') continue;
      this.#note(vlanVid & VLAN_ID_MASK, ethSrc, inPort);
    }
    return ours;
  }

  #learn({ ethSrc, vlanId = UNTAGGED }: EthernetHeader, inPort: number): void {
    if (!this.#note(vlanId, ethSrc, inPort)) return;
    const vlanVid = vlanMatch(vlanId);
    // Flows towards where it was before would hold until nobody sends there any more.
    for (const match of [
      { vlanVid, ethDst: ethSrc },
      { vlanVid, ethSrc },
    ])
      this.#session.send({ type: 'flowMod', command: 'delete', match, ...this.#ourFlows() });
  }

  /** Keeps an address and tells of it; false when there is nothing new, or no room. */
  #note(vlanId: number, mac: string, port: number): boolean {
    const seen = this.#macs.see(vlanId, mac, port, this.#now());
    const endpoint = { switch: this.#session.id, domain: String(vlanId), mac, at: { port } };
    if (seen.type === 'learnt') this.#onEvent({ type: 'endpointLearnt', ...endpoint });
    if (seen.type === 'moved')
      this.#onEvent({ type: 'endpointMoved', ...endpoint, from: { port: seen.from } });
    if (seen.type === 'full')
      this.#log.debug({ switch: this.#session.id, mac, port }, 'no room to learn an address');
    return seen.type === 'learnt' || seen.type === 'moved';
  }

  #forward(message: PacketIn, frame: EthernetHeader, inPort: number): void {
    const { ethSrc, ethDst, vlanId = UNTAGGED } = frame;
    const outPort = isGroupMac(ethDst) ? undefined : this.#macs.get(vlanId, ethDst);
    if (outPort === inPort) return;
    if (outPort !== undefined) {
      const match = { inPort, vlanVid: vlanMatch(vlanId), ethSrc, ethDst };
      this.#addFlow(match, [output(outPort)]);
    }
    this.#session.send({
      type: 'packetOut',
      bufferId: message.bufferId,
      inPort,
      actions: [output(outPort ?? PortNo.FLOOD)],
      data: message.data,
    });
  }

  #addFlow(match: MatchInit, actions: ActionInit[]): void {
    this.#session.send({
      type: 'flowMod',
      command: 'add',
      cookie: cookie('learnt', 0),
      priority: FLOW_PRIORITY,
      idleTimeout: this.#idleTimeout,
      match,
      instructions: [apply(...actions)],
    });
  }

  #ourFlows() {
    return { cookie: cookie('learnt', 0), cookieMask: KIND_MASK };
  }

  #aged({ domain, mac, location }: MacEntry<number>): void {
    const at = { port: location };
    this.#onEvent({ type: 'endpointAged', switch: this.#session.id, domain: String(domain), mac, at });
  }
}

function vlanMatch(vlanId: number): number {
  return vlanId === UNTAGGED ? 0 : VLAN_PRESENT | vlanId;
}

function apply(...actions: ActionInit[]) {
  return { type: 'applyActions', actions } as const;
}

/** The head of a frame; a frame too short to have one has no destination either. */
function readFrame(data: Uint8Array): EthernetHeader | undefined {
  try {
    return decodeEthernet(data);
  } catch (error) {
    if ((error as GalagoError).code === 'PACKET_TRUNCATED') return undefined;
    throw error;
  }
}
