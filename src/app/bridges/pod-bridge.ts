import type { FlowRemoved, Match, PacketIn, Switch } from '../../ofp/index.ts';
import { readSource } from '../../packet/ethernet.ts';
import type { Log } from '../../util/log.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import type { DhcpServer } from '../dhcp/server.ts';
import type { EventSink } from '../events.ts';
import type { Member } from '../hosts/host-view.ts';
import { cookie, KIND_MASK } from '../pipeline/cookie.ts';
import type { Intent, Location } from '../pipeline/intent.ts';
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
import { isHeardOnly, locationId, NO_PLAN, type Place, Places, type PodPlan, seenAt } from './pod-plan.ts';
import { RealisedIntents } from './realised-intents.ts';
import { Recollection } from './recollection.ts';

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

/** A pod network on one bridge: intents from the configuration and from what is learnt, realised as flows. */
export class PodBridge implements BridgeApp {
  readonly #session: Switch;
  readonly #events: PodEvents;
  readonly #conflicts: AddressConflicts;
  readonly #log: Log;
  readonly #planIntents: PlanIntents;
  readonly #probes: AddressProbes;
  readonly #dhcp: DhcpReplies;
  readonly #macs: MacTable<Location>;
  readonly #intents: RealisedIntents;
  /** Members that are new, until the switch has what it takes to reach the others. */
  #unannounced: Member[] = [];
  #plan = NO_PLAN;
  #places = new Places(this.#plan);
  readonly #recollection = new Recollection();
  #stopped = false;

  constructor(options: PodBridgeOptions) {
    const { session, onEvent, log, maxMeter, services, maxLearnt = 65_536 } = options;
    const { now = () => performance.now(), setTimer = systemTimer } = options;
    this.#session = session;
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
    this.#intents = new RealisedIntents({
      session,
      onFailure: ({ code, message }) => {
        log.error({ switch: session.id, code }, `flows could not be changed: ${message}`);
        onEvent({ type: 'problem', switch: session.id, code, message });
      },
      onSettled: () => {
        this.#announceNew();
        this.#acknowledge();
      },
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
    await this.#intents.begin(() => this.#takeOver(plan));
    // Whoever was here before has been heard.
    this.#unannounced = [];
  }

  /** Follows a change of the configuration. */
  update(plan: PodPlan): void {
    const before = this.#plan.members;
    const placesBefore = this.#places;
    this.#setPlan(plan);
    const gone = this.#macs.deleteWhere(({ domain, location }) => !this.#places.has(domain, location));
    for (const entry of gone) this.#events.aged(entry, placesBefore);
    this.#tellMembers(before, plan.members);
    const learnt = [...this.#macs.values()].map((entry) => this.#learntIntent(entry));
    this.#intents.set([...this.#planIntents.of(this.#plan), ...learnt]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#conflicts.stop();
    this.#probes.stop();
    this.#session.off('packetIn', this.#onPacketIn);
    this.#session.off('flowRemoved', this.#onFlowRemoved);
    await this.#intents.stop();
  }

  /** True when the switch has everything that was asked for so far, or cannot have it. */
  get isSettled(): boolean {
    return this.#intents.isSettled;
  }

  /** Resolves when the switch has everything that was asked for so far, or cannot have it; never rejects. */
  settled(): Promise<void> {
    return this.#intents.settled();
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
    if (plan.keepsPeers) await this.#recollection.read(this.#session);
    this.#setPlan(plan);
    this.#tellMembers([], plan.members);
    const learnt = { cookie: cookie('learnt', 0), cookieMask: KIND_MASK };
    for await (const { match } of this.#session.flowStats({ tableId: Table.LEARN, ...learnt }))
      this.#recall(match);
    this.update(plan);
  }

  #setPlan(plan: PodPlan): void {
    this.#plan = this.#recollection.complete(plan);
    this.#places = new Places(this.#plan);
  }

  #learntIntent({ domain, mac, location }: Sighting): Intent {
    return { type: 'learnt', key: domain, mac, location, tunnel: this.#plan.tunnel };
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

  readonly #onPacketIn = (message: PacketIn): void => {
    if (message.tableId === Table.SERVE) void this.#serve(message);
    if (message.tableId !== Table.HEAR) return;
    const place = this.#places.of(message.match);
    const source = readSource(message.data);
    if (place === undefined || source === undefined) return;
    this.#probes.hear(place.key, message.data);
    if (isHeardOnly(message.match.metadata)) this.#hearClaim(place, message.data);
    else this.#learn(place.key, source, place.location);
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
    if (this.#intents.isSettled) this.#acknowledge();
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
  };

  /** The flow that is never deleted was: somebody has emptied the table, as `ovs-vsctl set-controller` does. */
  #onFlush(): void {
    this.#log.warn({ switch: this.#session.id }, 'flows were deleted by somebody else, putting them back');
    this.#intents.distrust();
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
    this.#intents.add(this.#learntIntent({ domain: key, mac, location }));
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
    this.#intents.delete(this.#learntIntent(sighting));
  }

  #tellMembers(before: readonly Member[], after: readonly Member[]): void {
    const come = this.#events.members(before, after);
    this.#unannounced.push(...come);
    this.#conflicts.follow(after, come);
  }
}
