import type { FlowRemoved, FlowSpec, GroupSpec, Match, MeterSpec, PacketIn, Switch } from '../ofp/index.ts';
import { decodeEthernet } from '../packet/index.ts';
import type { GalagoError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import { toBigInt } from '../util/u64.ts';
import type { BridgeApp } from './bridge.ts';
import type { EventSink, SeenAt } from './events.ts';
import type { Member } from './host-view.ts';
import { type MacEntry, MacTable, type Seen } from './mac-table.ts';
import { compile, FIRST_GROUP, LAST_GROUP, type Part } from './pipeline/compile.ts';
import { OURS, OURS_MASK } from './pipeline/cookie.ts';
import { type Intent, intentId, type Location, type TunnelPort } from './pipeline/intent.ts';
import { LEARN_METER, Table } from './pipeline/tables.ts';

/** Everything that a bridge's flows follow from, but for the addresses that it learns. */
export interface PodPlan {
  readonly members: readonly Member[];
  /** Undefined while there is no tunnel port, or nowhere to go. */
  readonly tunnel: TunnelPort | undefined;
  /** The hosts that hold each pod, by key; their tunnel addresses. */
  readonly peersByKey: ReadonlyMap<number, readonly string[]>;
}

/** What a {@link PodBridge} works with. */
export interface PodBridgeOptions {
  readonly session: Switch;
  readonly onEvent: EventSink;
  readonly log: Log;
  /** Whether the switch has meters; without, frames of unknown sources come unlimited. */
  readonly hasMeters: boolean;
}

/*
 * What should be in the switch is a map of intents, what is believed to be in it a map of their compiled parts. A
 * change marks the intents that it touches; at the end of the turn their parts are compared and the difference goes
 * out as one bundle. One bundle is under way at a time. When one fails, belief and switch have parted, and everything
 * is read back and put right.
 */

/** A pod network on one bridge: intents from the configuration and from what is learnt, realised as flows. */
export class PodBridge implements BridgeApp {
  readonly #session: Switch;
  readonly #onEvent: EventSink;
  readonly #log: Log;
  readonly #hasMeters: boolean;
  readonly #macs = new MacTable<Location>({ maxEntries: 65_536, maxPerLocation: 16_384, locationId });
  readonly #desired = new Map<string, Intent>();
  readonly #realised = new Map<string, Part>();
  readonly #touched = new Set<string>();
  #plan: PodPlan = { members: [], tunnel: undefined, peersByKey: new Map() };
  #working: Promise<void> | undefined;
  #stopped = false;

  constructor({ session, onEvent, log, hasMeters }: PodBridgeOptions) {
    this.#session = session;
    this.#onEvent = onEvent;
    this.#log = log;
    this.#hasMeters = hasMeters;
  }

  /** Makes the switch what the plan says; addresses that its flows still know are taken over. @throws as Switch.reconcile */
  async start(plan: PodPlan): Promise<void> {
    this.#session.on('packetIn', this.#onPacketIn);
    this.#session.on('flowRemoved', this.#onFlowRemoved);
    this.#working = this.#takeOver(plan);
    await this.#working;
    this.#working = undefined;
    if (this.#touched.size > 0) this.#realiseSoon();
  }

  /** Follows a change of the configuration. */
  update(plan: PodPlan): void {
    this.#follow(plan);
    this.#realiseSoon();
  }

  stop(): void {
    this.#stopped = true;
    this.#session.off('packetIn', this.#onPacketIn);
    this.#session.off('flowRemoved', this.#onFlowRemoved);
  }

  /** Resolves when the switch has everything that was asked for so far. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  state(): ReturnType<BridgeApp['state']> {
    const endpoints = [...this.#macs.values()].map(({ domain, mac, location }) => ({
      domain: this.#podName(domain),
      mac,
      at: seenAt(location),
    }));
    const members = this.#plan.members.map(({ interface: name, ofport, pod }) => ({
      interface: name,
      port: ofport,
      pod: pod.name,
      key: pod.key,
    }));
    return { endpoints, members };
  }

  async #takeOver(plan: PodPlan): Promise<void> {
    const ours = { cookie: OURS, cookieMask: OURS_MASK };
    this.#plan = plan;
    for await (const flow of this.#session.flowStats({ tableId: Table.LEARN, ...ours }))
      this.#recall(flow.match);
    this.#follow(plan);
    await this.#resync();
  }

  /** Puts everything right, whatever is in the switch. */
  async #resync(): Promise<void> {
    this.#touched.clear();
    const parts = new Map([...this.#desired].map(([id, intent]) => [id, compile(intent)] as const));
    await this.#session.reconcile(join(parts.values()), {
      cookie: OURS,
      cookieMask: OURS_MASK,
      ownsGroup: (groupId) => groupId >= FIRST_GROUP && groupId <= LAST_GROUP,
      ownsMeter: (meterId) => meterId === LEARN_METER,
    });
    this.#realised.clear();
    for (const [id, part] of parts) this.#realised.set(id, part);
  }

  #follow(plan: PodPlan): void {
    const before = this.#plan.members;
    this.#plan = plan;
    const gone = this.#macs.deleteWhere(({ domain, location }) => !this.#isPlace(domain, location));
    for (const entry of gone) this.#aged(entry);
    this.#tellMembers(before, plan.members);
    const wanted = new Map(this.#intents().map((intent) => [intentId(intent), intent]));
    for (const id of this.#desired.keys()) if (!wanted.has(id)) this.#want(id, undefined);
    for (const [id, intent] of wanted) this.#want(id, intent);
  }

  #intents(): Intent[] {
    const { members, tunnel, peersByKey } = this.#plan;
    const ofportsByKey = new Map<number, number[]>();
    for (const { ofport, pod } of members)
      ofportsByKey.set(pod.key, [...(ofportsByKey.get(pod.key) ?? []), ofport]);
    const pods = [...ofportsByKey].map(([key, ofports]): Intent => {
      const sorted = ofports.sort((a, b) => a - b);
      return { type: 'pod', key, ofports: sorted, tunnel, peers: peersByKey.get(key) ?? [] };
    });
    const endpoints = members.map(({ ofport, pod }): Intent => ({ type: 'endpoint', ofport, key: pod.key }));
    const learnt = [...this.#macs.values()].map((entry) => this.#learntIntent(entry));
    return [{ type: 'base', hasMeters: this.#hasMeters }, ...pods, ...endpoints, ...learnt];
  }

  #learntIntent({ domain, mac, location }: Omit<MacEntry<Location>, 'seenAtMs'>): Intent {
    return { type: 'learnt', key: domain, mac, location, tunnel: this.#plan.tunnel };
  }

  #want(id: string, intent: Intent | undefined): void {
    const present = this.#desired.get(id);
    if (JSON.stringify(present) === JSON.stringify(intent)) return;
    if (intent === undefined) this.#desired.delete(id);
    else this.#desired.set(id, intent);
    this.#touched.add(id);
  }

  #realiseSoon(): void {
    if (this.#working !== undefined || this.#touched.size === 0) return;
    this.#working = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#realise());
  }

  async #realise(): Promise<void> {
    try {
      while (this.#touched.size > 0 && !this.#stopped && !this.#session.isClosed)
        await this.#realiseTouched();
    } catch (error) {
      await this.#mend(error as GalagoError);
    } finally {
      this.#working = undefined;
    }
  }

  async #realiseTouched(): Promise<void> {
    const ids = [...this.#touched];
    this.#touched.clear();
    const current = ids.flatMap((id) => this.#realised.get(id) ?? []);
    const parts = ids.map((id) => {
      const intent = this.#desired.get(id);
      return [id, intent && compile(intent)] as const;
    });
    await this.#session.apply(join(current), join(parts.flatMap(([, part]) => part ?? [])));
    for (const [id, part] of parts) {
      if (part === undefined) this.#realised.delete(id);
      else this.#realised.set(id, part);
    }
  }

  async #mend(error: GalagoError): Promise<void> {
    if (this.#stopped || this.#session.isClosed) return;
    const { code, message } = error;
    this.#log.error({ switch: this.#session.id, code }, `flows could not be changed: ${message}`);
    this.#onEvent({ type: 'problem', switch: this.#session.id, code, message });
    try {
      await this.#resync();
    } catch (cause) {
      await this.#session.close(cause as GalagoError);
    }
  }

  readonly #onPacketIn = (message: PacketIn): void => {
    if (message.tableId !== Table.LEARN) return;
    const place = this.#place(message.match);
    if (place === undefined) return;
    this.#learn(place.key, decodeEthernet(message.data).ethSrc, place.location);
  };

  readonly #onFlowRemoved = (message: FlowRemoved): void => {
    if (message.tableId !== Table.LEARN || message.reason !== 'idleTimeout') return;
    const { ethSrc } = message.match;
    const place = this.#place(message.match);
    if (typeof ethSrc !== 'string' || place === undefined) return;
    const known = this.#macs.get(place.key, ethSrc);
    if (known === undefined || locationId(known) !== locationId(place.location)) return;
    this.#macs.delete(place.key, ethSrc);
    this.#aged({ domain: place.key, mac: ethSrc, location: known });
    this.#want(intentId(this.#learntIntent({ domain: place.key, mac: ethSrc, location: known })), undefined);
    this.#realiseSoon();
  };

  /** Takes over an address that a flow in the switch knows, from before this process. */
  #recall(match: Match): void {
    const place = this.#place(match);
    if (place !== undefined && typeof match.ethSrc === 'string')
      this.#macs.see(place.key, match.ethSrc, place.location);
  }

  #learn(key: number, mac: string, location: Location): void {
    const seen = this.#macs.see(key, mac, location);
    if (seen.type === 'known') return;
    if (seen.type === 'full') {
      this.#log.debug({ switch: this.#session.id, mac, ...seenAt(location) }, 'no room to learn an address');
      return;
    }
    this.#tellSeen(seen, key, mac, location);
    const intent = this.#learntIntent({ domain: key, mac, location });
    this.#want(intentId(intent), intent);
    this.#realiseSoon();
  }

  /** Where a frame came from, if that is a place where a pod is. */
  #place({ metadata, inPort, tunIpv4Src }: Match): { key: number; location: Location } | undefined {
    const tag = metadata === undefined ? undefined : 'value' in metadata ? metadata.value : metadata;
    if (tag === undefined || inPort === undefined) return undefined;
    const key = Number(toBigInt(tag) & 0xffff_ffffn);
    const location: Location =
      inPort === this.#plan.tunnel?.ofport && typeof tunIpv4Src === 'string'
        ? { type: 'tunnel', peer: tunIpv4Src }
        : { type: 'port', ofport: inPort };
    return this.#isPlace(key, location) ? { key, location } : undefined;
  }

  #isPlace(key: number, location: Location): boolean {
    const { members, tunnel, peersByKey } = this.#plan;
    if (location.type === 'port')
      return members.some(({ ofport, pod }) => ofport === location.ofport && pod.key === key);
    const isMine = members.some(({ pod }) => pod.key === key);
    return isMine && tunnel !== undefined && (peersByKey.get(key) ?? []).includes(location.peer);
  }

  #podName(key: number): string {
    return this.#plan.members.find(({ pod }) => pod.key === key)?.pod.name ?? `key ${key}`;
  }

  #tellSeen(seen: Seen<Location>, key: number, mac: string, location: Location): void {
    const endpoint = { switch: this.#session.id, domain: this.#podName(key), mac, at: seenAt(location) };
    if (seen.type === 'moved') this.#onEvent({ type: 'endpointMoved', ...endpoint, from: seenAt(seen.from) });
    else this.#onEvent({ type: 'endpointLearnt', ...endpoint });
  }

  #aged({ domain, mac, location }: Omit<MacEntry<Location>, 'seenAtMs'>): void {
    const at = seenAt(location);
    this.#onEvent({ type: 'endpointAged', switch: this.#session.id, domain: this.#podName(domain), mac, at });
  }

  #tellMembers(before: readonly Member[], after: readonly Member[]): void {
    const left = new Map(before.map((member) => [memberId(member), member]));
    for (const member of after) {
      if (!left.delete(memberId(member))) this.#onEvent({ type: 'podJoined', ...this.#membership(member) });
    }
    for (const member of left.values()) this.#onEvent({ type: 'podLeft', ...this.#membership(member) });
  }

  #membership({ interface: name, ofport, pod }: Member) {
    return { switch: this.#session.id, interface: name, port: ofport, pod: pod.name, key: pod.key };
  }
}

function join(parts: Iterable<Part>): { flows: FlowSpec[]; groups: GroupSpec[]; meters: MeterSpec[] } {
  const all = [...parts];
  return {
    flows: all.flatMap(({ flows }) => flows),
    groups: all.flatMap(({ groups }) => groups),
    meters: all.flatMap(({ meters }) => meters),
  };
}

function locationId(location: Location): string {
  return location.type === 'port' ? `port ${location.ofport}` : `peer ${location.peer}`;
}

function seenAt(location: Location): SeenAt {
  return location.type === 'port' ? { port: location.ofport } : { peer: location.peer };
}

function memberId({ interface: name, ofport, pod }: Member): string {
  return `${name} ${ofport} ${pod.key}`;
}
