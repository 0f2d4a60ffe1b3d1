import { isDeepStrictEqual } from 'node:util';
import type { DatabaseSchema, OvsdbClient } from '../../ovsdb/index.ts';
import type { openVswitch } from '../../ovsdb/schemas/index.ts';
import { UsageError } from '../../util/errors.ts';
import { excerpt } from '../../util/excerpt.ts';
import { readTunnelAddress } from '../../util/tunnel-address.ts';
import { readLease } from '../dhcp/lease.ts';
import { type DhcpSubnet, parseDhcpSubnet } from '../dhcp/subnet.ts';
import type { Addresses } from '../pipeline/intent.ts';
import { parseAddresses } from './addresses.ts';
import { openPort } from './open-port.ts';
import { type Pod, parsePod } from './pod.ts';
import { isVswitch, vswitchMembers } from './vswitch-members.ts';

/** The schema of every host's database. */
export type OpenVswitch = typeof openVswitch extends DatabaseSchema<infer S> ? S : never;

/** Copies what the controller has to know of a host's database. */
export function replicateHost(db: OvsdbClient<OpenVswitch>) {
  return db.replicate({
    Open_vSwitch: ['bridges', 'external_ids', 'cur_cfg', 'next_cfg', 'manager_options'],
    Bridge: ['name', 'datapath_id', 'ports', 'fail_mode', 'controller', 'other_config', 'external_ids'],
    Port: ['name', 'interfaces'],
    Interface: ['name', 'ofport', 'type', 'options', 'external_ids', 'error'],
    Controller: ['target', 'connection_mode'],
    Manager: ['target', 'connection_mode'],
  });
}

/** The replica that {@link replicateHost} makes. */
export type HostReplica = Awaited<ReturnType<typeof replicateHost>>;

/** A host as its database has it. */
export interface HostView {
  /** Where tunnels to this host end; undefined when it has not been said. */
  readonly localIp: string | undefined;
  readonly bridges: readonly BridgeView[];
}

/** A bridge as its host's database has it. */
export interface BridgeView {
  readonly name: string;
  /** 16 hexadecimal digits; undefined until the switch has started. */
  readonly datapathId: string | undefined;
  /**
   * True when one of its interfaces names a pod, or carries tunnels: what comes out of those belongs to pods. It stays
   * so when the last one has gone, because interfaces in no pod would be joined otherwise.
   */
  readonly carriesPods: boolean;
  /** Why it must not carry pods, each with the command that mends it. */
  readonly insecurities: readonly string[];
  readonly members: readonly Member[];
  /** What is on it, when it is a virtual switch: a network of its own, which has no part in any pod. */
  readonly vswitch?: readonly Member[];
  /** The ports of all interfaces that name a pod, rightly or not. */
  readonly podPorts: readonly number[];
  /** Interfaces whose pod cannot be made out, each with the reason. */
  readonly problems: readonly string[];
  readonly tunnels: readonly TunnelView[];
  /** What DHCP serves, by the pod's name. */
  readonly subnets: ReadonlyMap<string, DhcpSubnet>;
}

/** An interface that is in a pod, and that the switch has opened. */
export interface Member {
  readonly interface: string;
  readonly ofport: number;
  readonly pod: Pod;
  /** What it may send from, and what is answered for it; undefined when its database does not say. */
  readonly addresses?: Addresses;
  /** When its lease ends, in seconds since 1970. */
  readonly leasedUntil?: number;
  /** Undefined for an endpoint; `inline` and `uplink` as the intents of these names. */
  readonly role?: 'inline' | 'uplink';
}

/** Tells an endpoint from all others. */
export function endpointId(host: string, interfaceName: string): string {
  return `${host} ${interfaceName}`;
}

/** A tunnel port to anywhere: `remote_ip=flow` and `key=flow`. */
interface TunnelView {
  readonly interface: string;
  /** What carries them: `vxlan`, `geneve`, `gre`, `ip6gre`. */
  readonly type: string;
  /** Undefined until the switch has opened it. */
  readonly ofport: number | undefined;
  /** What the switch says when it cannot. */
  readonly error: string | undefined;
}

/** `external_ids` keys that are read, and the one of conflicts, which is written. */
export const Key = {
  POD: 'galago-pod',
  KEY: 'galago-key',
  MAC: 'galago-mac',
  IP: 'galago-ip',
  CONFLICT: 'galago-conflict',
  LOCAL_IP: 'galago-local-ip',
} as const;

/** The `external_ids` key of a bridge is this and a pod's name. */
const DHCP_KEY = 'galago-dhcp-';

/**
 * Reads a host out of its replica; `before` is what it was. Open vSwitch may throw all flows of a bridge away when it
 * is made secure, so that it is not taken to be so before the switch has carried the change out: then `cur_cfg` has
 * reached `next_cfg`. A database that was started again has forgotten datapath ids until the switch writes them anew.
 */
export function readHost(replica: HostReplica, before?: HostView): HostView {
  const [root] = replica.Open_vSwitch;
  const localIp = root?.external_ids.get(Key.LOCAL_IP);
  const isCarriedOut = root === undefined || root.cur_cfg >= root.next_cfg;
  const view: HostView = {
    localIp: localIp === undefined ? undefined : readTunnelAddress(localIp),
    bridges: [...replica.Bridge].map((row) => {
      const old = before?.bridges.find(({ name }) => name === row.name);
      const read = readBridge(replica, row);
      const bridge = {
        ...read,
        datapathId: row.datapath_id ?? old?.datapathId,
        carriesPods: read.carriesPods || old?.carriesPods === true,
      };
      const wasInsecure = old !== undefined && old.insecurities.length > 0;
      return !isCarriedOut && wasInsecure && bridge.insecurities.length === 0
        ? { ...bridge, insecurities: UNDER_WAY }
        : bridge;
    }),
  };
  return before !== undefined && isSameView(view, before) ? before : view;
}

/** Many changes of a database say nothing new, and are not to be followed any further. */
function isSameView(view: HostView, before: HostView): boolean {
  const isSame = (bridge: BridgeView, old: BridgeView | undefined) =>
    old !== undefined &&
    bridge.members.length === old.members.length &&
    bridge.members.every((member, i) => member === old.members[i]) &&
    isDeepStrictEqual({ ...bridge, members: [] }, { ...old, members: [] });
  return (
    view.localIp === before.localIp &&
    view.bridges.length === before.bridges.length &&
    view.bridges.every((bridge, i) => isSame(bridge, before.bridges[i]))
  );
}

const UNDER_WAY: readonly string[] = ['the switch has not carried out the change of its configuration yet'];

type BridgeRow = HostReplica['Bridge'] extends Iterable<infer R> ? R : never;
type InterfaceRow = HostReplica['Interface'] extends Iterable<infer R> ? R : never;

function readBridge(replica: HostReplica, bridge: BridgeRow): Omit<BridgeView, 'datapathId'> {
  const interfaces = bridge.ports
    .flatMap((port) => replica.Port.get(port)?.interfaces ?? [])
    .map((uuid) => replica.Interface.get(uuid))
    .filter((row) => row !== undefined);
  if (isVswitch(bridge)) return readVswitch(replica, bridge, interfaces);
  const members: Member[] = [];
  const problems: string[] = [];
  for (const row of interfaces) {
    try {
      const member = memberOf(row);
      if (member !== undefined) members.push(member);
    } catch (error) {
      problems.push(excerpt(`${row.name} is in no pod: ${(error as UsageError).message}`));
    }
  }
  const subnets = new Map<string, DhcpSubnet>();
  for (const [key, value] of bridge.external_ids) {
    if (!key.startsWith(DHCP_KEY)) continue;
    const pod = key.slice(DHCP_KEY.length);
    try {
      subnets.set(pod, parseDhcpSubnet(value));
    } catch (error) {
      problems.push(excerpt(`no DHCP in pod '${pod}': ${(error as UsageError).message}`));
    }
  }
  return {
    name: bridge.name,
    subnets,
    carriesPods: interfaces.some((row) => row.external_ids.has(Key.POD) || isFlowTunnel(row)),
    insecurities: insecurities(replica, bridge),
    members,
    podPorts: interfaces
      .filter(({ external_ids }) => external_ids.has(Key.POD))
      .flatMap((row) => openPort(row) ?? []),
    problems,
    tunnels: interfaces.filter(isFlowTunnel).map((row) => ({
      interface: row.name,
      type: row.type,
      ofport: openPort(row),
      error: row.error,
    })),
  };
}

/** Labels of pods have no meaning there. */
function readVswitch(
  replica: HostReplica,
  bridge: BridgeRow,
  interfaces: readonly InterfaceRow[],
): Omit<BridgeView, 'datapathId'> {
  return {
    name: bridge.name,
    subnets: new Map(),
    carriesPods: true,
    insecurities: insecurities(replica, bridge),
    members: [],
    vswitch: vswitchMembers(bridge.name, interfaces),
    podPorts: interfaces.flatMap((row) => openPort(row) ?? []),
    problems: [],
    tunnels: [],
  };
}

/** Rows are replaced when they change: one that was read needs no second look, and gives the same member. */
const members = new WeakMap<InterfaceRow, Member>();

function memberOf(row: InterfaceRow): Member | undefined {
  const known = members.get(row);
  if (known !== undefined) return known;
  const member = readMember(row);
  if (member !== undefined) members.set(row, member);
  return member;
}

function readMember(row: InterfaceRow): Member | undefined {
  const name = row.external_ids.get(Key.POD);
  const ofport = openPort(row);
  if (name === undefined) return undefined;
  if (isFlowTunnel(row)) throw new UsageError('POD_INVALID', 'a tunnel carries all pods and can be in none');
  const pod = parsePod(name, row.external_ids.get(Key.KEY));
  const lease = readLease(row.external_ids);
  const addresses = parseAddresses(
    row.external_ids.get(Key.MAC),
    row.external_ids.get(Key.IP),
    lease?.address,
  );
  if (ofport === undefined) return undefined;
  return {
    interface: row.name,
    ofport,
    pod,
    ...(addresses && { addresses }),
    ...(addresses?.isDynamic && lease && { leasedUntil: lease.until }),
  };
}

function isFlowTunnel({ options }: InterfaceRow): boolean {
  return options.get('remote_ip') === 'flow' && options.get('key') === 'flow';
}

/**
 * Without `secure`, a switch that loses its controller falls back to ordinary switching, which joins all pods. With
 * in-band control, it keeps hidden flows that let traffic to the controller's address pass between any ports.
 */
function insecurities(replica: HostReplica, bridge: BridgeRow): string[] {
  const found: string[] = [];
  if (bridge.fail_mode !== 'secure') {
    found.push(
      `fail_mode is ${bridge.fail_mode ?? 'standalone'}: ovs-vsctl set-fail-mode ${bridge.name} secure`,
    );
  }
  const controllers = bridge.controller.map((uuid) => replica.Controller.get(uuid));
  // A manager's address passes through every bridge, as if it were a controller of each.
  const managers = [...replica.Open_vSwitch].flatMap(({ manager_options }) =>
    manager_options.map((uuid) => replica.Manager.get(uuid)),
  );
  if ([...controllers, ...managers].some(isInBand) && bridge.other_config.get('disable-in-band') !== 'true') {
    const outOfBand = `set controller ${bridge.name} connection_mode=out-of-band -- `;
    found.push(
      `control is in-band: ovs-vsctl ${controllers.some(isInBand) ? outOfBand : ''}` +
        `set bridge ${bridge.name} other_config:disable-in-band=true`,
    );
  }
  return found;
}

type RemoteRow = { readonly target: string; readonly connection_mode: string | undefined } | undefined;

function isInBand(row: RemoteRow): boolean {
  return row !== undefined && row.connection_mode !== 'out-of-band' && isRemote(row.target);
}

/** Only what is dialled over IP has in-band flows. */
function isRemote(target: string): boolean {
  return target.startsWith('tcp:') || target.startsWith('ssl:');
}
