import type { Match } from '../ofp/index.ts';
import { toBigInt } from '../util/u64.ts';
import type { SeenAt } from './events.ts';
import type { Member } from './host-view.ts';
import type { Location, TunnelPort } from './pipeline/intent.ts';

/** Everything that a bridge's flows follow from, but for the addresses that it learns. */
export interface PodPlan {
  readonly members: readonly Member[];
  /** Undefined while there is no tunnel port, or nowhere to go. */
  readonly tunnel: TunnelPort | undefined;
  /** The hosts that hold each pod, by key; their tunnel addresses. */
  readonly peersByKey: PeersByKey;
  /** True while there may be hosts that have not told yet: those that the switch knows from before stay. */
  readonly keepsPeers: boolean;
}

/** Tunnel addresses by pod key, in one order. */
export type PeersByKey = ReadonlyMap<number, readonly string[]>;

/** Where an address of a pod is. */
export interface Place {
  readonly key: number;
  readonly location: Location;
}

/** The places that a plan knows, looked up by what a switch says of a frame. */
export class Places {
  readonly #plan: PodPlan;
  readonly #keyByOfport: ReadonlyMap<number, number>;
  readonly #nameByKey: ReadonlyMap<number, string>;

  constructor(plan: PodPlan) {
    this.#plan = plan;
    this.#keyByOfport = new Map(plan.members.map(({ ofport, pod }) => [ofport, pod.key]));
    this.#nameByKey = new Map(plan.members.map(({ pod }) => [pod.key, pod.name]));
  }

  /** Where a frame that the match is of came from, if that is a place where a pod is. */
  of({ metadata, inPort, tunIpv4Src }: Match): Place | undefined {
    const tag = metadata === undefined ? undefined : 'value' in metadata ? metadata.value : metadata;
    if (tag === undefined || inPort === undefined) return undefined;
    const key = Number(toBigInt(tag) & 0xffff_ffffn);
    const location: Location =
      inPort === this.#plan.tunnel?.ofport && typeof tunIpv4Src === 'string'
        ? { type: 'tunnel', peer: tunIpv4Src }
        : { type: 'port', ofport: inPort };
    return this.has(key, location) ? { key, location } : undefined;
  }

  has(key: number, location: Location): boolean {
    if (location.type === 'port') return this.#keyByOfport.get(location.ofport) === key;
    const { tunnel, peersByKey } = this.#plan;
    const peers = this.#nameByKey.has(key) && tunnel !== undefined ? peersByKey.get(key) : undefined;
    return peers?.includes(location.peer) ?? false;
  }

  /** The pod's name, as events tell it. */
  podName(key: number): string {
    return this.#nameByKey.get(key) ?? `key ${key}`;
  }
}

/** The peers of the flow that accepts a pod's frames from another host: what is left of a plan from before. */
export function recallPeer({ tunnelId, tunIpv4Src }: Match): { key: number; peer: string } | undefined {
  if (tunnelId === undefined || 'value' in tunnelId || typeof tunIpv4Src !== 'string') return undefined;
  return { key: Number(toBigInt(tunnelId)), peer: tunIpv4Src };
}

/** The plan with the peers of another one, for the pods that it has. */
export function withPeers(plan: PodPlan, more: PeersByKey): PodPlan {
  const peersByKey = new Map(plan.peersByKey);
  for (const [key, peers] of peersByKey)
    peersByKey.set(key, [...new Set([...peers, ...(more.get(key) ?? [])])].sort());
  return { ...plan, peersByKey };
}

/** A name for the location that equal locations share. */
export function locationId(location: Location): string {
  return location.type === 'port' ? `port ${location.ofport}` : `peer ${location.peer}`;
}

/** The location, as events tell it. */
export function seenAt(location: Location): SeenAt {
  return location.type === 'port' ? { port: location.ofport } : { peer: location.peer };
}
