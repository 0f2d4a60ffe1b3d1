import type { FlowRemoved, Match, PacketIn, Switch } from '../../ofp/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { readMac } from '../../util/mac.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import type { DhcpServer } from '../dhcp/server.ts';
import type { EventSink } from '../events.ts';
import type { Member } from '../hosts/host-view.ts';
import { compile, OWNED } from '../pipeline/compile.ts';
import { cookie, KIND_MASK, OURS, OURS_MASK, TYPE_MASK } from '../pipeline/cookie.ts';
import { type Intent, intentId, type Location, STATION_ELSEWHERE } from '../pipeline/intent.ts';
import { joinParts, type Part } from '../pipeline/part.ts';
import { Table } from '../pipeline/tables.ts';
import { AddressConflicts } from './address-conflicts.ts';
import { AddressProbes } from './address-probes.ts';
import { announce } from './announce.ts';
import type { BridgeApp } from './bridge.ts';
import { claimedAddresses } from './claimed-addresses.ts';
import { DhcpReplies } from './dhcp-replies.ts';
import { MacTable } from './mac-table.ts';
import { membershipOf, PodEvents, type Sighting } from './pod-events.ts';
import { PlanIntents } from './pod-intents.ts';
import {
  locationId,
  NO_PLAN,
  type Place,
  Places,
  type PodPlan,
  type RemoteStation,
  recallPeer,
  recallStations,
  seenAt,
  withPeers,
  withStations,
} from './pod-plan.ts';

/** What a {@link PodBridge} works with. */
export interface PodBridgeOptions {
  readonly session: Switch;
  readonly onEvent: EventSink;
  readonly log: Log;
  /** The greatest number of a meter that the switch can have; what needs another one is not limited. */
  readonly maxMeter: number;
  readonly services: PodServices;
  /** Addresses that are learnt at most. Default 65536. */
  readonly maxLearnt?: number;
  /** Milliseconds of a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number;
  /** Default `setTimeout`. */
  readonly setTimer?: SetTimer;
}

/** What all bridges with pods share. */
export interface PodServices {
  /** Answers the DHCP clients of all pods. */
  readonly dhcp: DhcpServer;
  /** Writes to a host's database which conflicts its interfaces have; undefined for none. */
  readonly recordConflicts: (host: string, notes: ReadonlyMap<string, string | undefined>) => void;
}

/*
 * What should be in the switch is a map of intents, what is believed to be in it a map of their compiled parts. A
 * change marks the intents that it touches; at the end of the turn their parts are compared and the difference goes
 * out as one bundle. One bundle is under way at a time. When one fails, or somebody else has deleted flows, belief
 * and switch have parted, and everything is read back and put right.
 */

/** A pod network on one bridge: intents from the configuration and from what is learnt, realised as flows. */
export class PodBridge implements BridgeApp {
  readonly #session: Switch;
  readonly #onEvent: EventSink;
  readonly #events: PodEvents;
  readonly #conflicts: AddressConflicts;
  readonly #log: Log;
  readonly #planIntents: PlanIntents;
  readonly #probes: AddressProbes;
  readonly #dhcp: DhcpReplies;
  readonly #macs: MacTable<Location>;
  readonly #desired = new Map<string, Intent>();
  readonly #realised = new Map<string, Part>();
  readonly #touched = new Set<string>();
  /** Members that are new, until the switch has what it takes to reach the others. */
  #unannounced: Member[] = [];
  #plan = NO_PLAN;
  #places = new Places(this.#plan);
  /** The peers that the switch knew when it was taken over, for as long as there may be hosts that have not told. */
  #recalledPeers = new Map<number, string[]>();
  /** Stations on other hosts, likewise. */
  #recalledStations: readonly RemoteStation[] = [];
  /** Whether the switch may have something else than what is believed to be in it. */
  #isUncertain = false;
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor(options: PodBridgeOptions) {
    const { session, onEvent, log, maxMeter, services, maxLearnt = 65_536 } = options;
    const { now = () => performance.now(), setTimer = systemTimer } = options;
    this.#session = session;
    this.#onEvent = onEvent;
    this.#events = new PodEvents(session.id, onEvent);
    this.#log = log;
    this.#planIntents = new PlanIntents(maxMeter);
    this.#probes = new AddressProbes((message) => {
      if (!session.isClosed) session.send(message);
    }, setTimer);
    this.#dhcp = new DhcpReplies(services.dhcp, this.#probes);
    this.#macs = new MacTable({
      maxEntries: maxLearnt,
      maxPerHolder: maxLearnt / 4,
      locationId,
      // A host is the location of all pods that it holds.
      holderId: (domain, location) => `${domain} ${locationId(location)}`,
    });
    this.#conflicts = new AddressConflicts({
      ...{ switch: session.id, onEvent, log },
      defend: (member) => this.#announce([member]),
      record: (notes) => services.recordConflicts(this.#plan.host, notes),
      ...{ now, setTimer },
    });
  }

  /** Makes the switch what the plan says; addresses that its flows still know are taken over. @throws as Switch.reconcile */
  async start(plan: PodPlan): Promise<void> {
    this.#session.on('packetIn', this.#onPacketIn);
    this.#session.on('flowRemoved', this.#onFlowRemoved);
    this.#working = this.#takeOver(plan);
    try {
      await this.#working;
    } finally {
      this.#working = undefined;
    }
    this.#realiseSoon();
  }

  /** Follows a change of the configuration. */
  update(plan: PodPlan): void {
    this.#follow(plan);
    this.#realiseSoon();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#conflicts.stop();
    this.#probes.stop();
    this.#session.off('packetIn', this.#onPacketIn);
    this.#session.off('flowRemoved', this.#onFlowRemoved);
    await this.settled();
  }

  /** True when the switch has everything that was asked for so far, or cannot have it. */
  get isSettled(): boolean {
    return this.#working === undefined;
  }

  /** Resolves when the switch has everything that was asked for so far, or cannot have it; never rejects. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working.catch(() => {});
  }

  state(): ReturnType<BridgeApp['state']> {
    const endpoints = [...this.#macs.values()].map(({ domain, mac, location }) => ({
      domain: this.#places.podName(domain),
      mac,
      at: seenAt(location),
    }));
    return { endpoints, members: this.#plan.members.map(membershipOf), conflicts: this.#conflicts.state() };
  }

  async #takeOver(plan: PodPlan): Promise<void> {
    const ours = { cookie: OURS, cookieMask: OURS_MASK };
    if (plan.keepsPeers) {
      for await (const { match } of this.#session.flowStats({ tableId: Table.CLASSIFY, ...ours }))
        this.#recallPeer(match);
      this.#recalledStations = recallStations(await this.#session.multipart('flow', STATIONS_ELSEWHERE));
    }
    this.#setPlan(plan);
    this.#tellMembers([], plan.members);
    const learnt = { cookie: cookie('learnt', 0), cookieMask: KIND_MASK };
    for await (const { match } of this.#session.flowStats({ tableId: Table.LEARN, ...learnt }))
      this.#recall(match);
    this.#follow(plan);
    await this.#resync();
    // Whoever was here before has been heard.
    this.#unannounced = [];
  }

  #setPlan(plan: PodPlan): void {
    if (!plan.keepsPeers) {
      this.#recalledPeers.clear();
      this.#recalledStations = [];
    }
    this.#plan = withStations(withPeers(plan, this.#recalledPeers), this.#recalledStations);
    this.#places = new Places(this.#plan);
  }

  /** Puts everything right, whatever is in the switch. */
  async #resync(): Promise<void> {
    this.#isUncertain = false;
    this.#touched.clear();
    const parts = new Map([...this.#desired].map(([id, intent]) => [id, compile(intent)] as const));
    await this.#session.reconcile(joinParts(parts.values()), OWNED);
    this.#realised.clear();
    for (const [id, part] of parts) this.#realised.set(id, part);
  }

  #follow(plan: PodPlan): void {
    const before = this.#plan.members;
    const placesBefore = this.#places;
    this.#setPlan(plan);
    const gone = this.#macs.deleteWhere(({ domain, location }) => !this.#places.has(domain, location));
    for (const entry of gone) this.#events.aged(entry, placesBefore);
    this.#tellMembers(before, plan.members);
    const wanted = new Map(this.#intents().map((intent) => [intentId(intent), intent]));
    for (const id of this.#desired.keys()) if (!wanted.has(id)) this.#want(id, undefined);
    for (const [id, intent] of wanted) this.#want(id, intent);
  }

  #intents(): Intent[] {
    const learnt = [...this.#macs.values()].map((entry) => this.#learntIntent(entry));
    return [...this.#planIntents.of(this.#plan), ...learnt];
  }

  #learntIntent({ domain, mac, location }: Sighting): Intent {
    return { type: 'learnt', key: domain, mac, location, tunnel: this.#plan.tunnel };
  }

  #want(id: string, intent: Intent | undefined): void {
    const present = this.#desired.get(id);
    if (isSame(present, intent)) return;
    if (intent === undefined) this.#desired.delete(id);
    else this.#desired.set(id, intent);
    this.#touched.add(id);
  }

  #realiseSoon(): void {
    if (this.#working !== undefined || !this.#hasWork()) return;
    this.#working = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#realise());
  }

  #hasWork(): boolean {
    return (this.#isUncertain || this.#touched.size > 0) && !this.#stopped && !this.#session.isClosed;
  }

  async #realise(): Promise<void> {
    while (this.#hasWork()) {
      if (this.#isUncertain) await this.#mend();
      else await this.#realiseTouched().catch((error: GalagoError) => this.#tellFailure(error));
    }
    this.#working = undefined;
    this.#announceNew();
    this.#acknowledge();
  }

  async #realiseTouched(): Promise<void> {
    const ids = [...this.#touched];
    this.#touched.clear();
    const current = ids.flatMap((id) => this.#realised.get(id) ?? []);
    const parts = ids.map((id) => {
      const intent = this.#desired.get(id);
      return [id, intent && compile(intent)] as const;
    });
    await this.#session.apply(joinParts(current), joinParts(parts.flatMap(([, part]) => part ?? [])));
    for (const [id, part] of parts) {
      if (part === undefined) this.#realised.delete(id);
      else this.#realised.set(id, part);
    }
  }

  #announceNew(): void {
    const members = this.#unannounced;
    this.#unannounced = [];
    this.#announce(members);
  }

  #announce(members: readonly Member[]): void {
    if (this.#stopped || this.#session.isClosed) return;
    for (const message of members.flatMap(announce)) this.#session.send(message);
  }

  #tellFailure({ code, message }: GalagoError): void {
    this.#isUncertain = true;
    if (this.#stopped || this.#session.isClosed) return;
    this.#log.error({ switch: this.#session.id, code }, `flows could not be changed: ${message}`);
    this.#onEvent({ type: 'problem', switch: this.#session.id, code, message });
  }

  async #mend(): Promise<void> {
    try {
      await this.#resync();
    } catch (cause) {
      this.#tellFailure(cause as GalagoError);
      if (!this.#stopped) await this.#session.close(cause as GalagoError);
    }
  }

  readonly #onPacketIn = (message: PacketIn): void => {
    if (message.tableId === Table.SERVE) void this.#serve(message);
    if (message.tableId !== Table.CLAIM && message.tableId !== Table.LEARN) return;
    const place = this.#places.of(message.match);
    // The rest of the frame may be cut off.
    if (place === undefined || message.data.length < ETH_SRC_END) return;
    this.#probes.hear(place.key, message.data);
    if (message.tableId === Table.CLAIM) this.#hearClaim(place, message.data);
    else this.#learn(place.key, readMac(message.data, ETH_SRC), place.location);
  };

  /** Another host may have an address of an endpoint here. */
  #hearClaim({ key, location }: Place, frame: Uint8Array): void {
    if (location.type !== 'tunnel') return;
    for (const address of claimedAddresses(frame)) {
      const member = this.#places.ownerOf(key, address);
      if (member !== undefined) return this.#conflicts.hear(member, address, location.peer);
    }
  }

  async #serve(message: PacketIn): Promise<void> {
    await this.#dhcp.ask(message, this.#plan, this.#places);
    if (this.#working === undefined) this.#acknowledge();
  }

  #acknowledge(): void {
    if (this.#stopped || this.#session.isClosed) return;
    for (const reply of this.#dhcp.take(this.#plan.members)) this.#session.send(reply);
  }

  readonly #onFlowRemoved = (message: FlowRemoved): void => {
    if (message.tableId === Table.CLASSIFY && message.reason === 'delete') return this.#onFlush();
    if (message.tableId !== Table.LEARN || message.reason !== 'idleTimeout') return;
    const { ethSrc } = message.match;
    const place = this.#places.of(message.match);
    if (typeof ethSrc !== 'string' || place === undefined) return;
    const known = this.#macs.get(place.key, ethSrc);
    if (known === undefined || locationId(known) !== locationId(place.location)) return;
    this.#macs.delete(place.key, ethSrc);
    this.#forget({ domain: place.key, mac: ethSrc, location: known });
    this.#realiseSoon();
  };

  /** The flow that is never deleted was: somebody has emptied the table, as `ovs-vsctl set-controller` does. */
  #onFlush(): void {
    this.#log.warn({ switch: this.#session.id }, 'flows were deleted by somebody else, putting them back');
    this.#isUncertain = true;
    this.#realiseSoon();
  }

  #recallPeer(match: Match): void {
    const recalled = recallPeer(match);
    if (recalled === undefined) return;
    const { key, peer } = recalled;
    this.#recalledPeers.set(key, [...(this.#recalledPeers.get(key) ?? []), peer]);
  }

  /** Takes over an address that a flow in the switch knows, from before this process. */
  #recall(match: Match): void {
    const place = this.#places.of(match);
    if (place !== undefined && typeof match.ethSrc === 'string')
      this.#note(place.key, match.ethSrc, place.location);
  }

  #learn(key: number, mac: string, location: Location): void {
    // An endpoint's address is where its database says, whoever else sends from it.
    if (this.#places.isStation(key, mac) || !this.#note(key, mac, location)) return;
    const intent = this.#learntIntent({ domain: key, mac, location });
    this.#want(intentId(intent), intent);
    this.#realiseSoon();
  }

  /** Keeps an address and tells of it; false when there is nothing new, or no room. */
  #note(key: number, mac: string, location: Location): boolean {
    let seen = this.#macs.see(key, mac, location);
    if (seen.type === 'full') {
      const gone = this.#macs.makeRoom(key, location);
      if (gone !== undefined) {
        this.#forget(gone);
        seen = this.#macs.see(key, mac, location);
      }
    }
    if (seen.type === 'known') return false;
    if (seen.type === 'full') {
      this.#log.debug({ switch: this.#session.id, mac, ...seenAt(location) }, 'no room to learn an address');
      return false;
    }
    this.#events.seen(seen, { domain: key, mac, location }, this.#places);
    return true;
  }

  #forget(sighting: Sighting): void {
    this.#events.aged(sighting, this.#places);
    this.#want(intentId(this.#learntIntent(sighting)), undefined);
  }

  #tellMembers(before: readonly Member[], after: readonly Member[]): void {
    const come = this.#events.members(before, after);
    this.#unannounced.push(...come);
    this.#conflicts.follow(after, come);
  }
}

const STATIONS_ELSEWHERE = { cookie: cookie('intended', STATION_ELSEWHERE), cookieMask: TYPE_MASK };

/** Where the source address of a frame begins and ends (IEEE 802.3, 3.1.1). */
const ETH_SRC = 6;
const ETH_SRC_END = 12;

/** Compares values of plain data. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length && left.every(([key, value]) => isSame(value, (b as typeof a)[key as never]))
  );
}
