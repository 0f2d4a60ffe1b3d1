import type { BridgeOrder } from './bridge-control.ts';
import type { BridgeView, HostView, Member } from './host-view.ts';
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
 * say, but for `keys`, which remembers who came first.
 */
export function orderBridges(
  hosts: readonly KnownHost[],
  underlay: Underlay,
  keys: PodKeys,
): ReadonlyMap<string, PodBridgeOrder> {
  const admitted = new Map<BridgeView, Admission>();
  for (const { view } of hosts) for (const bridge of view.bridges) admitted.set(bridge, admit(bridge, keys));
  const used = [...admitted.values()].flatMap(({ members }) => members.map(({ pod }) => pod.key));
  keys.keepOnly(new Set(used));
  const orders = new Map<string, PodBridgeOrder>();
  for (const host of hosts) {
    for (const bridge of host.view.bridges) {
      if (bridge.datapathId === undefined) continue;
      orders.set(bridge.datapathId, orderBridge(host, bridge, hosts, underlay, admitted));
    }
  }
  return orders;
}

interface Admission {
  readonly members: readonly Member[];
  readonly problems: readonly string[];
}

/** Leaves out the members whose pod another one's name or key stands against. */
function admit(bridge: BridgeView, keys: PodKeys): Admission {
  const members: Member[] = [];
  const problems = [...bridge.problems];
  for (const member of bridge.members) {
    const conflict = keys.claim(member.pod);
    if (conflict === undefined) members.push(member);
    else problems.push(`${member.interface} is in no pod: ${conflict}`);
  }
  return { members, problems };
}

function orderBridge(
  host: KnownHost,
  bridge: BridgeView,
  hosts: readonly KnownHost[],
  underlay: Underlay,
  admitted: ReadonlyMap<BridgeView, Admission>,
): PodBridgeOrder {
  const { members, problems } = admitted.get(bridge)!;
  const { name, carriesPods, insecurities, tunnels } = bridge;
  if (!carriesPods)
    return { host, bridge, needsTunnel: false, order: { mode: 'learning', bridge: name, problems: [] } };
  if (insecurities.length > 0) {
    return {
      host,
      bridge,
      needsTunnel: false,
      order: { mode: 'refused', bridge: name, problems: insecurities },
    };
  }
  const peersByKey = new Map<number, readonly string[]>();
  for (const { pod } of members) peersByKey.set(pod.key, peersOf(host, pod.key, hosts, underlay, admitted));
  const tunnel = tunnels.find(({ type, ofport }) => type === underlay.encapsulation && ofport !== undefined);
  const needsTunnel = [...peersByKey.values()].some((peers) => peers.length > 0);
  const plan = {
    members,
    peersByKey,
    tunnel: tunnel?.ofport === undefined ? undefined : { ofport: tunnel.ofport },
  };
  const tunnelProblems = needsTunnel && tunnel === undefined ? tunnelErrors(bridge, underlay) : [];
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
  key: number,
  hosts: readonly KnownHost[],
  { localIp, peers }: Underlay,
  admitted: ReadonlyMap<BridgeView, Admission>,
): string[] {
  const own = host.view.localIp ?? localIp;
  const found = new Set(peers);
  for (const other of hosts) {
    const holds = other.view.bridges.some((bridge) =>
      admitted.get(bridge)!.members.some(({ pod }) => pod.key === key),
    );
    if (other !== host && holds && other.view.localIp !== undefined) found.add(other.view.localIp);
  }
  if (own !== undefined) found.delete(own);
  return [...found].sort();
}

function tunnelErrors({ tunnels }: BridgeView, { encapsulation }: Underlay): string[] {
  const port = tunnels.find(({ type }) => type === encapsulation);
  return port?.error === undefined ? [] : [`tunnel port ${port.interface}: ${port.error}`];
}
