import { familyOf, tunnelInterfaceType } from '../../util/tunnel-address.ts';
import type { BridgeOrder } from '../bridges/bridge-control.ts';
import type { RemoteStation } from '../bridges/pod-plan.ts';
import { vswitchPlan } from '../bridges/vswitch.ts';
import { serverMac } from '../dhcp/server-mac.ts';
import type { DhcpSubnet } from '../dhcp/subnet.ts';
import { type BridgeView, endpointId, type HostView, Key, type Member } from '../hosts/host-view.ts';
import type { TunnelPort } from '../pipeline/intent.ts';
import type { AddressClaim, PodAddresses } from './pod-addresses.ts';
import type { PodKeys } from './pod-keys.ts';

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

/** Who of a bridge's interfaces are in their pods, and what is served to them. */
export interface Admission {
  readonly members: readonly Member[];
  /** What DHCP serves, by pod key. */
  readonly subnets: ReadonlyMap<number, DhcpSubnet>;
  readonly problems: readonly string[];
  /** Whether somebody else's claim stands against one of the bridge's. */
  readonly isContested: boolean;
}

/** Asks for what a member needs, or gives that up: a pod and addresses are kept as long as somebody asks for them. */
export function askFor(host: KnownHost, member: Member, { keys, addresses }: Claims, count: 1 | -1): void {
  keys.ask(member.pod, count);
  const claim = claimOf(host, member);
  if (claim !== undefined) addresses.ask(claim, count);
}

/** Asks for the addresses of a bridge's DHCP servers, or gives them up. */
export function askForServers(bridge: BridgeView, { addresses }: Claims, count: 1 | -1): void {
  for (const claim of serverClaims(bridge)) addresses.ask(claim, count);
}

/**
 * Leaves out the members whose pod or addresses another one's stand against.
 * @param admitted who has what they need already
 */
export function admit(
  host: KnownHost,
  bridge: BridgeView,
  claims: Claims,
  admitted: ReadonlySet<Member>,
): Admission {
  const members: Member[] = [];
  const problems = [...bridge.problems];
  const unserved = serverClaims(bridge).flatMap((server) => {
    const taken = claims.addresses.claim(server);
    return taken === undefined ? [] : [{ key: server.key, taken }];
  });
  for (const member of bridge.members) {
    const conflict = admitted.has(member)
      ? undefined
      : (claims.keys.claim(member.pod) ?? addressConflict(host, member, claims));
    if (conflict === undefined) members.push(member);
    else problems.push(`${member.interface} is in no pod: ${conflict}`);
  }
  const subnets = subnetsByKey(members, bridge.subnets);
  for (const { key, taken } of unserved) {
    if (subnets.delete(key)) problems.push(`no DHCP where an endpoint has the server's address ${taken}`);
  }
  const isContested = unserved.length > 0 || members.length < bridge.members.length;
  return { members, subnets, problems, isContested };
}

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

/** A host that holds a pod. */
export interface Holder {
  readonly localIp: string | undefined;
  readonly members: readonly Member[];
}

/** What a host has to know of the others that hold a pod. */
interface Share {
  /** Their tunnel addresses, in one order. */
  readonly peers: readonly string[];
  /** Those that no tunnel from the host can end at: they are of the other family than its own address. */
  readonly strangers: readonly string[];
  readonly stations: readonly RemoteStation[];
}

/** The hosts that hold a pod, by name, as long as none of them changes; bridges that are refused hold none. */
export class PodHolders {
  readonly hosts: ReadonlyMap<string, Holder>;
  readonly #key: number;
  readonly #shares = new Map<string, Share>();

  constructor(key: number, hosts: ReadonlyMap<string, Holder>) {
    this.#key = key;
    this.hosts = hosts;
  }

  /** Worked out once: who asks again gets the same one. */
  shareOf(host: KnownHost, underlay: Underlay): Share {
    const known = this.#shares.get(host.name);
    if (known !== undefined) return known;
    const own = ownAddress(host, underlay);
    const all = this.#addressesBeside(own, underlay);
    const isStranger = (peer: string) => own !== undefined && familyOf(peer) !== familyOf(own);
    const share = {
      peers: all.filter((peer) => !isStranger(peer)),
      strangers: all.filter(isStranger),
      stations: this.#stationsElsewhere(host).filter(({ peer }) => !isStranger(peer)),
    };
    this.#shares.set(host.name, share);
    return share;
  }

  #addressesBeside(own: string | undefined, underlay: Underlay): string[] {
    const found = new Set(underlay.peers);
    for (const { localIp } of this.hosts.values()) if (localIp !== undefined) found.add(localIp);
    if (own !== undefined) found.delete(own);
    return [...found].sort();
  }

  #stationsElsewhere(host: KnownHost): RemoteStation[] {
    const stations: RemoteStation[] = [];
    for (const [name, { localIp, members }] of this.hosts) {
      if (name === host.name || localIp === undefined) continue;
      for (const { addresses } of members)
        if (addresses !== undefined) stations.push({ key: this.#key, peer: localIp, ...addresses });
    }
    return stations;
  }
}

/** What a bridge should be used as, given who holds its pods. */
export function orderBridge(
  host: KnownHost,
  bridge: BridgeView,
  { members, subnets, problems }: Admission,
  holdersOf: (key: number) => PodHolders,
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
  if (bridge.vswitch !== undefined) {
    const plan = vswitchPlan(host.name, bridge.vswitch);
    return { host, bridge, needsTunnel: false, order: { mode: 'pods', bridge: name, problems, plan } };
  }
  const keys = [...new Set(members.map(({ pod }) => pod.key))];
  const holders = keys.map(holdersOf);
  const shares = holders.map((each) => each.shareOf(host, underlay));
  const peersByKey = new Map(keys.map((key, i) => [key, shares[i]!.peers]));
  const needsTunnel = shares.some(({ peers }) => peers.length > 0);
  const isShared = needsTunnel || holders.some(({ hosts }) => hosts.size > 1);
  const tunnel = openTunnel(host, bridge, underlay);
  const remoteStations = shares.flatMap(({ stations }) => stations);
  const plan = {
    members,
    peersByKey,
    remoteStations,
    tunnel,
    subnets,
    host: host.name,
    keepsPeers: underlay.mayLackHosts,
  };
  const strangers = new Set(shares.flatMap((share) => share.strangers));
  const tunnelProblems = [
    ...(isShared ? problemsOfTunnel(host, bridge, underlay) : []),
    ...[...strangers].map((peer) => familyProblem(peer, ownAddress(host, underlay))),
  ];
  return {
    host,
    bridge,
    needsTunnel,
    order: { mode: 'pods', bridge: name, problems: [...problems, ...tunnelProblems], plan },
  };
}

function ownAddress({ view }: KnownHost, { localIp }: Underlay): string | undefined {
  return view.localIp ?? localIp;
}

function openTunnel(host: KnownHost, { tunnels }: BridgeView, underlay: Underlay): TunnelPort | undefined {
  const wanted = tunnelTypeOf(host, underlay);
  const port = tunnels.find(({ type, ofport }) => type === wanted && ofport !== undefined);
  return port?.ofport === undefined ? undefined : { ofport: port.ofport };
}

function tunnelTypeOf(host: KnownHost, underlay: Underlay): string {
  return tunnelInterfaceType(underlay.encapsulation, ownAddress(host, underlay));
}

function familyProblem(peer: string, own: string | undefined): string {
  return `no tunnel leads from ${own} to ${peer}: one is IPv4, the other IPv6`;
}

/** Why a pod that other hosts hold too cannot reach them, or they this host. */
function problemsOfTunnel(host: KnownHost, bridge: BridgeView, underlay: Underlay): string[] {
  const problems: string[] = [];
  if (ownAddress(host, underlay) === undefined) {
    problems.push(
      `where do tunnels to this host end? ovs-vsctl set Open_vSwitch . external_ids:${Key.LOCAL_IP}=ADDRESS`,
    );
  }
  const failed = bridge.tunnels.find(({ type }) => type === tunnelTypeOf(host, underlay));
  if (openTunnel(host, bridge, underlay) === undefined && failed?.error !== undefined)
    problems.push(`tunnel port ${failed.interface}: ${failed.error}`);
  return problems;
}
