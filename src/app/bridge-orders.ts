import { isDeepStrictEqual } from 'node:util';
import type { BridgeView, HostView, Member } from './host-view.ts';
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
  readonly view: HostView;
  readonly admissions: ReadonlyMap<BridgeView, Admission>;
  /** Its members in each pod, but for bridges that are refused. */
  readonly membersByKey: ReadonlyMap<number, readonly Member[]>;
}

/**
 * What each bridge should be used as, kept up with what the hosts say. A change is followed to the hosts that hold a
 * pod which it touches; what all others should be is not looked at again.
 */
export class BridgeOrders {
  readonly #claims: Claims = { keys: new PodKeys(), addresses: new PodAddresses() };
  readonly #hosts = new Map<string, OrderedHost>();
  readonly #holders = new Map<number, PodHolders>();
  readonly #orders = new Map<string, PodBridgeOrder>();
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
   * Follows a change: a host is taken to be as before when it has the same view.
   * @returns the datapath ids whose orders have been worked out again, or are gone
   */
  update(hosts: readonly KnownHost[], underlay: Underlay): ReadonlySet<string> {
    const names = new Set(hosts.map(({ name }) => name));
    const gone = [...this.#hosts.values()].filter(({ host }) => !names.has(host.name));
    const changed = new Set(hosts.filter(({ name, view }) => this.#hosts.get(name)?.view !== view));
    const isSame = isDeepStrictEqual(underlay, this.#underlay);
    if (gone.length === 0 && changed.size === 0 && isSame) return new Set();
    this.#underlay = underlay;
    this.#ask(changed, gone);
    const touched = new Set<number>();
    for (const { host } of gone) this.#forget(host.name, touched);
    const again = hosts.filter((host) => changed.has(host) || this.#isContested(host));
    const ids = new Set([...gone, ...again.map(({ name }) => this.#hosts.get(name))].flatMap(idsOf));
    for (const host of again) this.#admit(host, touched);
    if (!isSame) for (const key of this.#holders.keys()) touched.add(key);
    const concerned = new Set(isSame ? again.map(({ name }) => name) : names);
    for (const key of touched) {
      this.#renew(key);
      for (const name of this.#holders.get(key)?.hosts.keys() ?? []) concerned.add(name);
    }
    for (const id of ids) this.#orders.delete(id);
    // Of two databases that know the same bridge, the later one counts, and the other when that one has gone.
    for (const { name, view } of hosts)
      if (concerned.has(name) || view.bridges.some(({ datapathId }) => datapathId && ids.has(datapathId)))
        this.#order(this.#hosts.get(name)!, underlay, ids);
    return ids;
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

  /** Whoever lost to another is looked at again when anything changes: the other may have gone. */
  #isContested({ name }: KnownHost): boolean {
    const admissions = this.#hosts.get(name)?.admissions.values() ?? [];
    return [...admissions].some(({ isContested }) => isContested);
  }

  #admit(host: KnownHost, touched: Set<number>): void {
    const { name, view } = host;
    const before = this.#hosts.get(name);
    const admitted = new Set([...(before?.admissions.values() ?? [])].flatMap(({ members }) => members));
    const admissions = new Map(
      view.bridges.map((bridge) => [bridge, admit(host, bridge, this.#claims, admitted)]),
    );
    const membersByKey = groupByKey(admissions);
    this.#hosts.set(name, { host, view, admissions, membersByKey });
    const isMoved = before?.view.localIp !== view.localIp;
    for (const key of new Set([...membersByKey.keys(), ...(before?.membersByKey.keys() ?? [])])) {
      const [old, now] = [before?.membersByKey.get(key), membersByKey.get(key)];
      if (isMoved || !isSameList(old, now))
        this.#hold(key, name, now && { localIp: view.localIp, members: now }, touched);
    }
  }

  #forget(name: string, touched: Set<number>): void {
    for (const key of this.#hosts.get(name)!.membersByKey.keys()) this.#hold(key, name, undefined, touched);
    this.#hosts.delete(name);
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
