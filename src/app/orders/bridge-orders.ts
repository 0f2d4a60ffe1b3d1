import { isDeepStrictEqual } from 'node:util';
import type { BridgeView, HostView, Member } from '../hosts/host-view.ts';
import {
  type Admission,
  admit,
  askFor,
  askForServers,
  type Claims,
  type Holder,
  type KnownHost,
  orderBridge,
  type PodBridgeOrder,
  PodHolders,
  type Underlay,
} from './order.ts';
import { PodAddresses } from './pod-addresses.ts';
import { PodKeys } from './pod-keys.ts';

/** A host as it was when its bridges were ordered. */
interface OrderedHost {
  readonly host: KnownHost;
  /** Grows from host to host, in the order in which they came. */
  readonly arrival: number;
  readonly view: HostView;
  readonly admissions: ReadonlyMap<BridgeView, Admission>;
  /** Its members in each pod, but for bridges that are refused. */
  readonly membersByKey: ReadonlyMap<number, readonly Member[]>;
}

/** Which hosts to look at, since the last time. */
export interface HostChanges {
  /** Hosts that are new, or have told something; one with the same view as before is taken to be as before. */
  readonly told: readonly KnownHost[];
  /** The names of those that are there no more. */
  readonly gone: readonly string[];
}

/**
 * What each bridge should be used as, kept up with what the hosts say. A change is followed to the hosts that hold a
 * pod which it touches; all others are not even looked at.
 */
export class BridgeOrders {
  readonly #claims: Claims = { keys: new PodKeys(), addresses: new PodAddresses() };
  readonly #hosts = new Map<string, OrderedHost>();
  readonly #holders = new Map<number, PodHolders>();
  readonly #orders = new Map<string, PodBridgeOrder>();
  /** Who lost to another: looked at again when anything changes, for the other may have gone. */
  readonly #contested = new Set<string>();
  /** The hosts that know of a bridge, by its datapath id. */
  readonly #knowers = new Map<string, Set<string>>();
  #arrivals = 0;
  #underlay: Underlay | undefined;

  /** Whose addresses are whose. */
  get addresses(): PodAddresses {
    return this.#claims.addresses;
  }

  /** The order for the bridge with this datapath id; undefined when no host's database knows it. */
  get(datapathId: string): PodBridgeOrder | undefined {
    return this.#orders.get(datapathId);
  }

  /**
   * Follows a change.
   * @returns the datapath ids whose orders have been worked out again, or are gone
   */
  update({ told, gone }: HostChanges, underlay: Underlay): ReadonlySet<string> {
    const left = gone.flatMap((name) => this.#hosts.get(name) ?? []);
    const changed = new Set(told.filter(({ name, view }) => this.#hosts.get(name)?.view !== view));
    const isSame = isDeepStrictEqual(underlay, this.#underlay);
    if (left.length === 0 && changed.size === 0 && isSame) return new Set();
    this.#underlay = underlay;
    this.#ask(changed, left);
    const touched = new Set<number>();
    for (const { host } of left) this.#forget(host.name, touched);
    const contested = [...this.#contested].map((name) => this.#hosts.get(name)!.host);
    const again = new Set([...changed, ...contested]);
    const ids = new Set([...left, ...[...again].map(({ name }) => this.#hosts.get(name))].flatMap(idsOf));
    for (const host of again) this.#admit(host, touched);
    if (!isSame) for (const key of this.#holders.keys()) touched.add(key);
    const concerned = new Set(isSame ? [...again].map(({ name }) => name) : this.#hosts.keys());
    for (const key of touched) {
      this.#renew(key);
      for (const name of this.#holders.get(key)?.hosts.keys() ?? []) concerned.add(name);
    }
    for (const id of ids) this.#orders.delete(id);
    for (const ordered of this.#withTwins(concerned, ids)) this.#order(ordered, underlay, ids);
    return ids;
  }

  /**
   * The hosts, and all that know a bridge which one of them knows, in the order in which they came: of two databases
   * that know the same bridge, the later one counts, and the other when that one has gone.
   */
  #withTwins(names: ReadonlySet<string>, ids: ReadonlySet<string>): readonly OrderedHost[] {
    const found = new Set([...names, ...[...ids].flatMap((id) => [...(this.#knowers.get(id) ?? [])])]);
    // The set grows while it is gone through.
    for (const name of found)
      for (const id of idsOf(this.#hosts.get(name)))
        for (const twin of this.#knowers.get(id) ?? []) found.add(twin);
    return [...found].map((name) => this.#hosts.get(name)!).sort((a, b) => a.arrival - b.arrival);
  }

  /** First all ask for what they need now, and then what they needed before is given up: what is in both stays. */
  #ask(changed: ReadonlySet<KnownHost>, gone: readonly OrderedHost[]): void {
    const before = [...changed].map((host) => this.#hosts.get(host.name));
    const kept = new Set(before.flatMap(membersOf));
    for (const host of changed) {
      for (const bridge of host.view.bridges) askForServers(bridge, this.#claims, 1);
      for (const member of membersOf(host)) if (!kept.has(member)) askFor(host, member, this.#claims, 1);
    }
    const asked = new Set([...changed].flatMap(membersOf));
    for (const ordered of [...before, ...gone]) {
      if (ordered === undefined) continue;
      for (const bridge of ordered.view.bridges) askForServers(bridge, this.#claims, -1);
      for (const member of membersOf(ordered))
        if (!asked.has(member)) askFor(ordered.host, member, this.#claims, -1);
    }
  }

  #admit(host: KnownHost, touched: Set<number>): void {
    const { name, view } = host;
    const before = this.#hosts.get(name);
    const admitted = new Set([...(before?.admissions.values() ?? [])].flatMap(({ members }) => members));
    const admissions = new Map(
      view.bridges.map((bridge) => [bridge, admit(host, bridge, this.#claims, admitted)]),
    );
    const membersByKey = groupByKey(admissions);
    const arrival = before?.arrival ?? this.#arrivals++;
    this.#know(name, before, -1);
    this.#hosts.set(name, { host, arrival, view, admissions, membersByKey });
    this.#know(name, { view }, 1);
    if ([...admissions.values()].some(({ isContested }) => isContested)) this.#contested.add(name);
    else this.#contested.delete(name);
    const isMoved = before?.view.localIp !== view.localIp;
    for (const key of new Set([...membersByKey.keys(), ...(before?.membersByKey.keys() ?? [])])) {
      const [old, now] = [before?.membersByKey.get(key), membersByKey.get(key)];
      if (isMoved || !isSameList(old, now))
        this.#hold(key, name, now && { localIp: view.localIp, members: now }, touched);
    }
  }

  #forget(name: string, touched: Set<number>): void {
    const ordered = this.#hosts.get(name)!;
    for (const key of ordered.membersByKey.keys()) this.#hold(key, name, undefined, touched);
    this.#know(name, ordered, -1);
    this.#contested.delete(name);
    this.#hosts.delete(name);
  }

  /** Notes that a host knows its bridges, or does so no more. */
  #know(name: string, host: { readonly view: HostView } | undefined, count: 1 | -1): void {
    for (const id of idsOf(host)) {
      const knowers = this.#knowers.get(id) ?? new Set();
      if (count === 1) this.#knowers.set(id, knowers.add(name));
      else if (knowers.delete(name) && knowers.size === 0) this.#knowers.delete(id);
    }
  }

  #hold(key: number, name: string, holder: Holder | undefined, touched: Set<number>): void {
    const hosts = new Map(this.#holders.get(key)?.hosts);
    if (holder === undefined) hosts.delete(name);
    else hosts.set(name, holder);
    if (hosts.size === 0) this.#holders.delete(key);
    else this.#holders.set(key, new PodHolders(key, hosts));
    touched.add(key);
  }

  /** Has what follows from the holders of a pod worked out anew. */
  #renew(key: number): void {
    const holders = this.#holders.get(key);
    if (holders !== undefined) this.#holders.set(key, new PodHolders(key, holders.hosts));
  }

  #order({ host, view, admissions }: OrderedHost, underlay: Underlay, ids: Set<string>): void {
    for (const bridge of view.bridges) {
      if (bridge.datapathId === undefined) continue;
      const admission = admissions.get(bridge)!;
      const order = orderBridge(host, bridge, admission, (key) => this.#holders.get(key)!, underlay);
      this.#orders.set(bridge.datapathId, order);
      ids.add(bridge.datapathId);
    }
  }
}

function membersOf(host: { readonly view: HostView } | undefined): readonly Member[] {
  return host?.view.bridges.flatMap(({ members }) => members) ?? [];
}

function idsOf(host: { readonly view: HostView } | undefined): readonly string[] {
  return host?.view.bridges.flatMap(({ datapathId }) => datapathId ?? []) ?? [];
}

function groupByKey(admissions: ReadonlyMap<BridgeView, Admission>): ReadonlyMap<number, readonly Member[]> {
  const grouped = new Map<number, Member[]>();
  for (const [{ insecurities }, { members }] of admissions) {
    if (insecurities.length > 0) continue;
    for (const member of members) {
      const list = grouped.get(member.pod.key);
      if (list === undefined) grouped.set(member.pod.key, [member]);
      else list.push(member);
    }
  }
  return grouped;
}

function isSameList(a: readonly unknown[] | undefined, b: readonly unknown[] | undefined): boolean {
  if (a === undefined || b === undefined || a.length !== b.length) return false;
  return a.every((one, i) => one === b[i]);
}
