import type { BridgeOrder } from './bridge-control.ts';
import { serverMac } from './dhcp/server.ts';
import type { DhcpSubnet } from './dhcp/subnet.ts';
import { type BridgeView, endpointId, type HostView, Key, type Member } from './host-view.ts';
import type { TunnelPort } from './pipeline/intent.ts';
import type { AddressClaim, PodAddresses } from './pod-addresses.ts';
import type { PodKeys } from './pod-keys.ts';
import type { RemoteStation } from './pod-plan.ts';

/** A host, as far as its bridges' use follows from it. */
export interface KnownHost {
  readonly name: string;
  readonly view: HostView;
}

/** What is the same for all hosts. */
export interface Underlay {
  /** The encapsulation of tunnels: `vxlan`. */
  readonly encapsulation: string;
  /** Where tunnels to a host end whose database does not say it. */
  readonly localIp: string | undefined;
  /** Tunnel addresses of hosts whose databases are not followed here; they are taken to hold every pod. */
  readonly peers: readonly string[];
  /** True while there may be hosts that have not told yet. */
  readonly mayLackHosts: boolean;
}

/** Who came first, where two want the same. */
export interface Claims {
  readonly keys: PodKeys;
  readonly addresses: PodAddresses;
}

/** A bridge that carries pods, with what it needs of others. */
export interface PodBridgeOrder {
  readonly host: KnownHost;
  readonly bridge: BridgeView;
  readonly order: BridgeOrder;
  /** Whether there is somebody to tunnel to. */
  readonly needsTunnel: boolean;
}

/**
 * What each bridge that a host's database knows should be used as, by datapath id: a pure function of what the hosts
 * say, but for the claims, which remember who came first.
 */
export function orderBridges(
  hosts: readonly KnownHost[],
  underlay: Underlay,
  claims: Claims,
): ReadonlyMap<string, PodBridgeOrder> {
  const bridges = hosts.flatMap((host) => host.view.bridges.map((bridge) => ({ host, bridge })));
  claims.keys.keepOnly(bridges.flatMap(({ bridge }) => bridge.members.map(({ pod }) => pod)));
  const servers = bridges.flatMap(({ bridge }) => serverClaims(bridge));
  claims.addresses.keepOnly([
    ...servers,
    ...bridges.flatMap(({ host, bridge }) => bridge.members.flatMap((member) => claimOf(host, member) ?? [])),
  ]);
  const unserved = new Map(
    servers.flatMap((server) => {
      const taken = claims.addresses.claim(server);
      return taken === undefined ? [] : [[server.key, taken] as const];
    }),
  );
  const admitted = new Map(
    bridges.map(({ host, bridge }) => [bridge, admit(host, bridge, claims, unserved)]),
  );
  const holders = holdersByKey(hosts, admitted);
  const orders = new Map<string, PodBridgeOrder>();
  for (const host of hosts) {
    for (const bridge of host.view.bridges) {
      if (bridge.datapathId === undefined) continue;
      orders.set(bridge.datapathId, orderBridge(host, bridge, admitted.get(bridge)!, holders, underlay));
    }
  }
  return orders;
}

/** The hosts that hold each pod with their members of it, but for those whose bridge is refused. */
type Holders = ReadonlyMap<number, ReadonlyMap<KnownHost, readonly Member[]>>;

interface Admission {
  readonly members: readonly Member[];
  /** What DHCP serves, by pod key. */
  readonly subnets: ReadonlyMap<number, DhcpSubnet>;
  readonly problems: readonly string[];
}

/** Leaves out the members whose pod or addresses another one's stand against. */
function admit(host: KnownHost, bridge: BridgeView, claims: Claims, unserved: Unserved): Admission {
  const members: Member[] = [];
  const problems = [...bridge.problems];
  for (const member of bridge.members) {
    const conflict = claims.keys.claim(member.pod) ?? addressConflict(host, member, claims);
    if (conflict === undefined) members.push(member);
    else problems.push(`${member.interface} is in no pod: ${conflict}`);
  }
  const subnets = subnetsByKey(members, bridge.subnets);
  for (const [key, taken] of unserved) {
    if (subnets.delete(key)) problems.push(`no DHCP where an endpoint has the server's address ${taken}`);
  }
  return { members, subnets, problems };
}

/** The address that another one has instead of the pod's DHCP server, by the pod's key. */
type Unserved = ReadonlyMap<number, string>;

function addressConflict(host: KnownHost, member: Member, { addresses }: Claims): string | undefined {
  const claim = claimOf(host, member);
  const taken = claim === undefined ? undefined : addresses.claim(claim);
  return taken === undefined
    ? undefined
    : `${addressOwner(addresses, member, taken)} of pod '${member.pod.name}' has ${taken}`;
}

function addressOwner(addresses: PodAddresses, { pod }: Member, taken: string): string {
  return addresses.ownerOf(pod.key, taken) === SERVER ? SERVER : 'another endpoint';
}

function claimOf(host: KnownHost, { interface: name, pod, addresses }: Member): AddressClaim | undefined {
  return addresses && { owner: endpointId(host.name, name), key: pod.key, addresses };
}

/** The addresses of the servers of the pods that a bridge has members and a subnet of. */
function serverClaims({ members, subnets }: BridgeView): AddressClaim[] {
  return [...subnetsByKey(members, subnets)].map(([key, { server }]) => {
    return { owner: SERVER, key, addresses: { mac: serverMac(key), ips: [server] } };
  });
}

const SERVER = 'the DHCP server';

function subnetsByKey(
  members: readonly Member[],
  subnets: ReadonlyMap<string, DhcpSubnet>,
): Map<number, DhcpSubnet> {
  return new Map(
    members.flatMap(({ pod }) => {
      const subnet = subnets.get(pod.name);
      return subnet === undefined ? [] : [[pod.key, subnet]];
    }),
  );
}

function holdersByKey(hosts: readonly KnownHost[], admitted: ReadonlyMap<BridgeView, Admission>): Holders {
  const holders = new Map<number, Map<KnownHost, Member[]>>();
  for (const host of hosts) {
    const bridges = host.view.bridges.filter(({ insecurities }) => insecurities.length === 0);
    for (const member of bridges.flatMap((bridge) => admitted.get(bridge)!.members)) {
      const { key } = member.pod;
      const byHost = holders.get(key) ?? new Map<KnownHost, Member[]>();
      holders.set(key, byHost.set(host, [...(byHost.get(host) ?? []), member]));
    }
  }
  return holders;
}

function orderBridge(
  host: KnownHost,
  bridge: BridgeView,
  { members, subnets, problems }: Admission,
  holders: Holders,
  underlay: Underlay,
): PodBridgeOrder {
  const { name, carriesPods, insecurities } = bridge;
  if (!carriesPods)
    return { host, bridge, needsTunnel: false, order: { mode: 'learning', bridge: name, problems: [] } };
  if (insecurities.length > 0) {
    return {
      host,
      bridge,
      needsTunnel: false,
      order: { mode: 'refused', bridge: name, problems: insecurities, podPorts: bridge.podPorts },
    };
  }
  const keys = new Set(members.map(({ pod }) => pod.key));
  const peersByKey = new Map([...keys].map((key) => [key, peersOf(host, holders.get(key)!, underlay)]));
  const needsTunnel = [...peersByKey.values()].some((peers) => peers.length > 0);
  const isShared = needsTunnel || [...keys].some((key) => holders.get(key)!.size > 1);
  const tunnel = openTunnel(bridge, underlay);
  const remoteStations = [...keys].flatMap((key) => stationsElsewhere(host, key, holders.get(key)!));
  const plan = {
    members,
    peersByKey,
    remoteStations,
    tunnel,
    subnets,
    host: host.name,
    keepsPeers: underlay.mayLackHosts,
  };
  const tunnelProblems = isShared ? problemsOfTunnel(host, bridge, underlay) : [];
  return {
    host,
    bridge,
    needsTunnel,
    order: { mode: 'pods', bridge: name, problems: [...problems, ...tunnelProblems], plan },
  };
}

/** The tunnel addresses of the other hosts that hold a pod, in one order. */
function peersOf(
  host: KnownHost,
  holders: ReadonlyMap<KnownHost, readonly Member[]>,
  underlay: Underlay,
): string[] {
  const found = new Set(underlay.peers);
  for (const { view } of holders.keys()) if (view.localIp !== undefined) found.add(view.localIp);
  const own = ownAddress(host, underlay);
  if (own !== undefined) found.delete(own);
  return [...found].sort();
}

function stationsElsewhere(
  host: KnownHost,
  key: number,
  holders: ReadonlyMap<KnownHost, readonly Member[]>,
): RemoteStation[] {
  const stations: RemoteStation[] = [];
  for (const [other, members] of holders) {
    const { localIp } = other.view;
    if (other === host || localIp === undefined) continue;
    for (const { addresses } of members)
      if (addresses !== undefined) stations.push({ key, peer: localIp, ...addresses });
  }
  return stations;
}

function ownAddress({ view }: KnownHost, { localIp }: Underlay): string | undefined {
  return view.localIp ?? localIp;
}

function openTunnel({ tunnels }: BridgeView, { encapsulation }: Underlay): TunnelPort | undefined {
  const port = tunnels.find(({ type, ofport }) => type === encapsulation && ofport !== undefined);
  return port?.ofport === undefined ? undefined : { ofport: port.ofport };
}

/** Why a pod that other hosts hold too cannot reach them, or they this host. */
function problemsOfTunnel(host: KnownHost, bridge: BridgeView, underlay: Underlay): string[] {
  const problems: string[] = [];
  if (ownAddress(host, underlay) === undefined) {
    problems.push(
      `where do tunnels to this host end? ovs-vsctl set Open_vSwitch . external_ids:${Key.LOCAL_IP}=ADDRESS`,
    );
  }
  const failed = bridge.tunnels.find(({ type }) => type === underlay.encapsulation);
  if (openTunnel(bridge, underlay) === undefined && failed?.error !== undefined)
    problems.push(`tunnel port ${failed.interface}: ${failed.error}`);
  return problems;
}
