import type { DatabaseSchema, OvsdbClient } from '../ovsdb/index.ts';
import type { openVswitch } from '../ovsdb/schemas/index.ts';
import type { UsageError } from '../util/errors.ts';
import { isIpv4 } from '../util/ip.ts';
import { type Pod, parsePod } from './pod.ts';

/** The schema of every host's database. */
export type OpenVswitch = typeof openVswitch extends DatabaseSchema<infer S> ? S : never;

/** Copies what the controller has to know of a host's database. */
export function replicateHost(db: OvsdbClient<OpenVswitch>) {
  return db.replicate({
    Open_vSwitch: ['bridges', 'external_ids'],
    Bridge: ['name', 'datapath_id', 'ports', 'fail_mode', 'controller', 'other_config'],
    Port: ['name', 'interfaces'],
    Interface: ['name', 'ofport', 'type', 'options', 'external_ids', 'error'],
    Controller: ['target', 'connection_mode'],
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
  /** True when one of its interfaces names a pod. */
  readonly carriesPods: boolean;
  /** Why it must not carry pods, each with the command that mends it. */
  readonly insecurities: readonly string[];
  readonly members: readonly Member[];
  /** Interfaces whose pod cannot be made out, each with the reason. */
  readonly problems: readonly string[];
  readonly tunnels: readonly TunnelView[];
}

/** An interface that is in a pod, and that the switch has opened. */
export interface Member {
  readonly interface: string;
  readonly ofport: number;
  readonly pod: Pod;
}

/** A tunnel port to anywhere: `remote_ip=flow` and `key=flow`. */
export interface TunnelView {
  readonly interface: string;
  /** The encapsulation: `vxlan`, `geneve`, `gre`. */
  readonly type: string;
  /** Undefined until the switch has opened it. */
  readonly ofport: number | undefined;
  /** What the switch says when it cannot. */
  readonly error: string | undefined;
}

/** `external_ids` keys that are read. */
export const Key = { POD: 'galago-pod', KEY: 'galago-key', LOCAL_IP: 'galago-local-ip' } as const;

/** Reads a host out of its replica. */
export function readHost(replica: HostReplica): HostView {
  const [root] = replica.Open_vSwitch;
  const localIp = root?.external_ids.get(Key.LOCAL_IP);
  return {
    localIp: localIp !== undefined && isIpv4(localIp) ? localIp : undefined,
    bridges: [...replica.Bridge].map((bridge) => readBridge(replica, bridge)),
  };
}

type BridgeRow = HostReplica['Bridge'] extends Iterable<infer R> ? R : never;
type InterfaceRow = HostReplica['Interface'] extends Iterable<infer R> ? R : never;

function readBridge(replica: HostReplica, bridge: BridgeRow): BridgeView {
  const interfaces = bridge.ports
    .flatMap((port) => replica.Port.get(port)?.interfaces ?? [])
    .map((uuid) => replica.Interface.get(uuid))
    .filter((row) => row !== undefined);
  const members: Member[] = [];
  const problems: string[] = [];
  for (const row of interfaces) {
    try {
      const member = readMember(row);
      if (member !== undefined) members.push(member);
    } catch (error) {
      problems.push(`${row.name} is in no pod: ${(error as UsageError).message}`);
    }
  }
  return {
    name: bridge.name,
    datapathId: bridge.datapath_id,
    carriesPods: interfaces.some((row) => row.external_ids.has(Key.POD)),
    insecurities: insecurities(replica, bridge),
    members,
    problems,
    tunnels: interfaces.filter(isFlowTunnel).map((row) => ({
      interface: row.name,
      type: row.type,
      ofport: openPort(row),
      error: row.error,
    })),
  };
}

function readMember(row: InterfaceRow): Member | undefined {
  const name = row.external_ids.get(Key.POD);
  const ofport = openPort(row);
  if (name === undefined) return undefined;
  const pod = parsePod(name, row.external_ids.get(Key.KEY));
  return ofport === undefined ? undefined : { interface: row.name, ofport, pod };
}

/** The port number, once the switch has opened the interface; -1 is Open vSwitch's word for having failed to. */
function openPort({ ofport }: InterfaceRow): number | undefined {
  return ofport !== undefined && ofport > 0 ? ofport : undefined;
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
  const inBand = bridge.controller
    .map((uuid) => replica.Controller.get(uuid))
    .filter((row) => row !== undefined && row.connection_mode !== 'out-of-band' && isRemote(row.target));
  if (inBand.length > 0 && bridge.other_config.get('disable-in-band') !== 'true') {
    found.push(
      `control is in-band: ovs-vsctl set controller ${bridge.name} connection_mode=out-of-band` +
        ` -- set bridge ${bridge.name} other_config:disable-in-band=true`,
    );
  }
  return found;
}

/** Only controllers that are dialled over IP have in-band flows. */
function isRemote(target: string): boolean {
  return target.startsWith('tcp:') || target.startsWith('ssl:');
}
