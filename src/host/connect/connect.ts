import { UsageError } from '../../util/errors.ts';
import { type AskedSettings, settle } from '../addresses/asked-settings.ts';
import { type BridgeRow, type HostDatabase, requireOpen } from '../database.ts';
import { endpointMtu, readSettings, requireBridge } from '../setup/settings.ts';
import { deleteLinks, deleteVeth, findLink, formatIp, ipBatch, readNamespace } from '../system/ip.ts';
import {
  isAlive,
  requireFree,
  requireIpv6Mtu,
  requireNoAddress,
  requireNoInterface,
  requireSame,
} from './connect-checks.ts';
import {
  type Endpoint,
  EndpointKey,
  EndpointOwner,
  type EndpointSettings,
  endpointIds,
  portName,
} from './endpoint.ts';
import type { Target } from './target.ts';
import { planWiring, type Wiring, wireInside } from './wire.ts';

/** What is to be connected, and where to. */
export interface ConnectRequest {
  readonly target: Target;
  readonly settings: AskedSettings;
  /** Default: the one that the host was set up with. */
  readonly bridge: string | undefined;
  /** Default `connect`. */
  readonly owner?: EndpointOwner;
  /** Only if the endpoint is recorded still: somebody may have disconnected it just now. Default false. */
  readonly isAgain?: boolean;
}

/** What {@link planConnect} found out and is going to do. */
export interface ConnectPlan {
  readonly target: Target;
  readonly bridge: BridgeRow;
  readonly settings: EndpointSettings;
  readonly owner: EndpointOwner;
  readonly mtu: number;
  readonly wiring: Wiring;
  /** The endpoint that is there already and as it should be: there is nothing to do. */
  readonly existing: Endpoint | undefined;
  /** Ports and links that a container which has gone, or an interrupted command, has left. */
  readonly remnants: { readonly ports: readonly string[]; readonly link: string | undefined };
}

/**
 * Connects a container, while nobody else does on this host; when something fails, what was done is undone.
 * @returns what was done, and the OpenFlow port number
 * @throws as {@link planConnect}; HostError `HOST_PORT_FAILED`; TimeoutError `HOST_SWITCH_SILENT`
 */
export function connectContainer(
  db: HostDatabase,
  request: ConnectRequest,
): Promise<{ readonly plan: ConnectPlan; readonly ofport: number }> {
  return db.locked(async () => {
    const avoided = new Set<string>();
    for (;;) {
      const plan = await planConnect(db, request, avoided);
      try {
        return { plan, ofport: await carryOutConnect(db, plan) };
      } catch (error) {
        // A lease that was given meanwhile; who asked for no address in particular gets another one.
        const isTaken = (error as { code?: string }).code === 'HOST_ADDRESS_TAKEN';
        if (typeof request.settings.ip === 'string' || !isTaken || avoided.size >= MAX_AVOIDED) throw error;
        avoided.add(addressOf(plan.settings.ip));
      }
    }
  });
}

/** How often somebody else may be faster. */
const MAX_AVOIDED = 16;

/**
 * Looks at everything that connecting a container depends on, and changes nothing.
 * @param avoided addresses that are taken, whatever the database has of them
 * @throws UsageError `HOST_NOT_INITIALIZED`, `HOST_BRIDGE_UNKNOWN`, `HOST_ENDPOINT_EXISTS`, `HOST_INTERFACE_TAKEN`,
 * `HOST_ADDRESS_TAKEN`, `HOST_MAC_TAKEN`, `HOST_POD_CONFLICT`, `HOST_ROUTE_TAKEN`, `HOST_SUBNET_FULL`,
 * `HOST_MTU_INVALID`, `HOST_ENDPOINT_UNKNOWN`; HostError as runCommand
 */
export async function planConnect(
  db: HostDatabase,
  request: ConnectRequest,
  avoided: ReadonlySet<string> = new Set(),
): Promise<ConnectPlan> {
  const { target, settings: asked } = request;
  const bridge = requireBridge(db, request.bridge);
  const endpoints = db.endpoints();
  const recorded = endpoints.find(
    ({ externalIds }) =>
      externalIds.get(EndpointKey.CONTAINER) === target.container &&
      externalIds.get(EndpointKey.IFNAME) === asked.ifname,
  );
  if (request.isAgain === true && recorded === undefined)
    throw new UsageError('HOST_ENDPOINT_UNKNOWN', `${asked.ifname} of '${target.name}' is not connected`);
  const port = portName(target.container, asked.ifname);
  const [inside, link] = await Promise.all([readNamespace({ netns: target.netns }), findLink(port)]);
  const others = endpoints.filter((endpoint) => endpoint !== recorded);
  const own = inside.links.filter(({ name }) => name !== asked.ifname).flatMap(({ addresses }) => addresses);
  const taken = [...avoided, ...own.map(addressOf)];
  const settings = settle(asked, recorded, { others, taken });
  const mtu = asked.mtu ?? endpointMtu(readSettings(db));
  const wiring = planWiring(settings, target, { mtu, isUserspace: bridge.datapath_type === 'netdev' });
  const plan = { target, bridge, settings, owner: request.owner ?? EndpointOwner.CONNECT, mtu, wiring };
  if (recorded !== undefined && isAlive(recorded, target, inside)) {
    requireSame(recorded, plan);
    return { ...plan, existing: recorded, remnants: { ports: [], link: undefined } };
  }
  requireFree(others, settings);
  requireIpv6Mtu(settings, mtu);
  const orphan = recorded === undefined && link?.kind === 'veth' ? port : undefined;
  if (orphan === undefined && recorded === undefined)
    requireNoInterface(inside, settings.ifname, target.name);
  requireNoAddress(inside, settings, target.name);
  if (settings.gateway !== undefined && inside.hasDefaultRoute && !settings.replacesDefaultRoute) {
    const message = `'${target.name}' has a default route: add --default-route to replace it`;
    throw new UsageError('HOST_ROUTE_TAKEN', message);
  }
  const ports = recorded === undefined ? [] : [recorded.port];
  return { ...plan, existing: undefined, remnants: { ports, link: link === undefined ? undefined : port } };
}

/** What a plan is going to do, a line each. */
export function describeConnect({
  bridge,
  settings,
  owner,
  target,
  wiring,
  remnants,
  existing,
}: ConnectPlan): string[] {
  if (existing !== undefined) return [];
  const ids = [...endpointIds(settings, target, owner)].map(([key, value]) => `external_ids:${key}=${value}`);
  const type = settings.isInternal ? ' type=internal' : '';
  const ovsdb = `ovsdb: add port ${wiring.port} to ${bridge.name}:${type} ${ids.join(' ')}`;
  const outside = wiring.outside.map((command) => `ip ${formatIp(command)}`);
  const enter = `nsenter --net=${target.netns}`;
  return [
    ...remnants.ports.map((port) => `ovsdb: delete port ${port}, which is of no use any more`),
    ...(remnants.link === undefined ? [] : [`ip link delete dev ${remnants.link}`]),
    ...(settings.isInternal ? [ovsdb, ...outside] : [...outside, ovsdb]),
    ...(wiring.needsChecksums ? [`${enter} ethtool -K ${wiring.insideName} tx off`] : []),
    ...wiring.inside.map((command) => `${enter} ip ${formatIp(command)}`),
  ];
}

/** Does what was planned, all of it or nothing. @throws UsageError `HOST_ADDRESS_TAKEN` when somebody else was faster */
async function carryOutConnect(db: HostDatabase, plan: ConnectPlan): Promise<number> {
  const { existing, wiring, settings, target, remnants } = plan;
  if (existing?.ofport !== undefined) return existing.ofport;
  await removeRemnants(db, remnants);
  try {
    if (settings.isInternal) {
      await addPort(db, plan);
      await ipBatch(wiring.outside);
      await wireInside(wiring, target);
    } else {
      await ipBatch(wiring.outside);
      await allDone([wireInside(wiring, target), addPort(db, plan)]);
    }
    return requireOpen(db.interface(wiring.port), wiring.port);
  } catch (error) {
    await undo(db, plan, error).catch(() => {});
    throw error;
  }
}

/** Takes an endpoint away, in the database and on the machine. @throws HostError as runCommand; OvsdbError */
export async function removeEndpoint(db: HostDatabase, port: string): Promise<void> {
  // What is recorded is found again when this is interrupted, so that the record goes last.
  await deleteVeth(port);
  if (db.interface(port) !== undefined) await db.apply(`disconnect ${port}`, (tx) => db.deletePort(tx, port));
}

async function removeRemnants(db: HostDatabase, { ports, link }: ConnectPlan['remnants']): Promise<void> {
  // A port whose device comes back under the same name stays dead, unless the switch has let it go before.
  for (const port of ports) await db.apply(`remove ${port}`, (tx) => db.deletePort(tx, port));
  if (link !== undefined) await deleteLinks([link]);
}

async function undo(db: HostDatabase, { wiring }: ConnectPlan, error: unknown): Promise<void> {
  await allDone([
    db.interface(wiring.port) === undefined
      ? undefined
      : db.undo(error, wiring.port, (tx) => db.deletePort(tx, wiring.port)),
    deleteVeth(wiring.port),
  ]);
}

async function addPort(
  db: HostDatabase,
  { bridge, settings, owner, target, wiring }: ConnectPlan,
): Promise<void> {
  const ids = endpointIds(settings, target, owner);
  try {
    await db.apply(`connect ${target.name} to ${settings.pod.name}`, (tx) => {
      for (const taken of claimsOf(settings))
        tx.wait('Interface', [['external_ids', 'includes', taken]], [], { columns: ['name'] });
      db.insertPort(tx, bridge._uuid, {
        name: wiring.port,
        ...(settings.isInternal && { type: 'internal', mac: settings.mac }),
        external_ids: ids,
      });
    });
  } catch (error) {
    if ((error as { code?: string }).code !== 'OVSDB_TIMED_OUT') throw error;
    const message = `${settings.ip} or ${settings.mac} was taken in pod '${settings.pod.name}' just now`;
    throw new UsageError('HOST_ADDRESS_TAKEN', message, { cause: error });
  }
}

/** What `external_ids` nobody else in the pod may have. */
function claimsOf({ pod, ip, mac }: EndpointSettings): ReadonlyMap<string, string>[] {
  const claims: [string, string][] = [[EndpointKey.MAC, mac]];
  if (ip !== 'dhcp') claims.push([EndpointKey.IP, ip], [EndpointKey.LEASE, addressOf(ip)]);
  return claims.map((claim) => new Map([[EndpointKey.POD, pod.name], claim]));
}

function addressOf(ip: string): string {
  return ip.split('/', 1)[0]!;
}

/** Like `Promise.all`, but nothing is under way any more when it rejects. */
async function allDone(promises: readonly (Promise<unknown> | undefined)[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
