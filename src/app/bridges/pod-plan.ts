import type { Match } from '../../ofp/index.ts';
import { toBigInt } from '../../util/u64.ts';
import type { DhcpSubnet } from '../dhcp/subnet.ts';
import type { SeenAt } from '../events.ts';
import type { Member } from '../hosts/host-view.ts';
import type { Addresses, Location, TunnelPort } from '../pipeline/intent.ts';
import { peerOf } from '../pipeline/part.ts';
import { HEARD_ONLY } from '../pipeline/tables.ts';

/** Everything that a bridge's flows follow from, but for the addresses that it learns. */
export interface PodPlan {
  readonly members: readonly Member[];
  /** Undefined while there is no tunnel port, or nowhere to go. */
  readonly tunnel: TunnelPort | undefined;
  /** The hosts that hold each pod, by key; their tunnel addresses. */
  readonly peersByKey: PeersByKey;
  /** The endpoints of the same pods on other hosts whose addresses are known. */
  readonly remoteStations: readonly RemoteStation[];
  /** What DHCP serves here, by pod key. */
  readonly subnets: ReadonlyMap<number, DhcpSubnet>;
  /** The host's name, which leases are recorded under. */
  readonly host: string;
  /** True while there may be hosts that have not told yet: those that the switch knows from before stay. */
  readonly keepsPeers: boolean;
}

/** An endpoint on another host. */
export interface RemoteStation extends Addresses {
  /** Its pod's. */
  readonly key: number;
  /** Its host's tunnel address. */
  readonly peer: string;
}

/** The plan of a bridge that carries nothing. */
export const NO_PLAN: PodPlan = {
  members: [],
  tunnel: undefined,
  peersByKey: new Map(),
  remoteStations: [],
  subnets: new Map(),
  host: '',
  keepsPeers: false,
};

/** Tunnel addresses by pod key, in one order. */
type PeersByKey = ReadonlyMap<number, readonly string[]>;

/** Where an address of a pod is. */
export interface Place {
  readonly key: number;
  readonly location: Location;
}

/** The places that a plan knows, looked up by what a switch says of a frame. */
export class Places {
  readonly #plan: PodPlan;
  #keyByOfport: ReadonlyMap<number, number> | undefined;
  #nameByKey: ReadonlyMap<number, string> | undefined;
  #stations: ReadonlySet<string> | undefined;
  #owners: ReadonlyMap<string, Member> | undefined;

  constructor(plan: PodPlan) {
    this.#plan = plan;
  }

  /** Where a frame that the match is of came from, if that is a place where a pod is. */
  of(match: Match): Place | undefined {
    const { metadata, inPort } = match;
    const peer = peerOf(match);
    const key = keyOf(metadata);
    if (key === undefined || inPort === undefined) return undefined;
    const location: Location =
      inPort === this.#plan.tunnel?.ofport && peer !== undefined
        ? { type: 'tunnel', peer }
        : { type: 'port', ofport: inPort };
    return this.has(key, location) ? { key, location } : undefined;
  }

  has(key: number, location: Location): boolean {
    if (location.type === 'port') return this.#keyOf(location.ofport) === key;
    const { tunnel, peersByKey } = this.#plan;
    const peers = this.#nameOf(key) !== undefined && tunnel !== undefined ? peersByKey.get(key) : undefined;
    return peers?.includes(location.peer) ?? false;
  }

  /** True for the address of an endpoint that is known to be its. */
  isStation(key: number, mac: string): boolean {
    this.#stations ??= stationsOf(this.#plan);
    return this.#stations.has(`${key} ${mac}`);
  }

  /** The endpoint here that is known to have the address in a pod. */
  ownerOf(key: number, address: string): Member | undefined {
    this.#owners ??= ownersOf(this.#plan);
    return this.#owners.get(`${key} ${address}`);
  }

  /** The pod's name, as events tell it. */
  podName(key: number): string {
    return this.#nameOf(key) ?? `key ${key}`;
  }

  // Most plans are followed by the next before anybody asks for a place.
  #keyOf(ofport: number): number | undefined {
    this.#keyByOfport ??= new Map(this.#plan.members.map((member) => [member.ofport, member.pod.key]));
    return this.#keyByOfport.get(ofport);
  }

  #nameOf(key: number): string | undefined {
    this.#nameByKey ??= new Map(this.#plan.members.map(({ pod }) => [pod.key, pod.name]));
    return this.#nameByKey.get(key);
  }
}

/** The key of the pod that a frame or a flow is of. */
export function keyOf(metadata: Match['metadata']): number | undefined {
  if (metadata === undefined) return undefined;
  return Number(numberOf(metadata) & 0xffff_ffffn);
}

/** True for a frame that the pipeline gives to nobody but the controller. */
export function isHeardOnly(metadata: Match['metadata']): boolean {
  return metadata !== undefined && (numberOf(metadata) & BigInt(HEARD_ONLY)) !== 0n;
}

function numberOf(metadata: NonNullable<Match['metadata']>): bigint {
  return toBigInt('value' in metadata ? metadata.value : metadata);
}

function stationsOf({ members, remoteStations }: PodPlan): ReadonlySet<string> {
  return new Set([
    ...members.flatMap(({ pod, addresses }) => (addresses ? `${pod.key} ${addresses.mac}` : [])),
    ...remoteStations.map(stationId),
  ]);
}

function ownersOf({ members }: PodPlan): ReadonlyMap<string, Member> {
  return new Map(
    members.flatMap((member) => {
      const { mac, ips } = member.addresses ?? { mac: undefined, ips: [] };
      return [mac ?? [], ips].flat().map((address) => [`${member.pod.key} ${address}`, member] as const);
    }),
  );
}

/** A name for the station that nobody else has. */
export function stationId({ key, mac }: RemoteStation): string {
  return `${key} ${mac}`;
}

/** A name for the location that equal locations share. */
export function locationId(location: Location): string {
  return location.type === 'port' ? `port ${location.ofport}` : `peer ${location.peer}`;
}

/** The location, as events tell it. */
export function seenAt(location: Location): SeenAt {
  return location.type === 'port' ? { port: location.ofport } : { peer: location.peer };
}
