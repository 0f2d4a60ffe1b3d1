import type { Command } from 'commander';
import { parseDhcpSubnet } from '../../app/dhcp/subnet.ts';
import { OURS, OURS_MASK } from '../../app/pipeline/cookie.ts';
import { readSubnets } from '../../host/addresses/subnet.ts';
import { findDrift } from '../../host/connect/drift.ts';
import { type Endpoint, EndpointKey } from '../../host/connect/endpoint.ts';
import type { BridgeRow, HostDatabase } from '../../host/database.ts';
import { endpointMtu, readSettings } from '../../host/setup/settings.ts';
import { UPLINK_BRIDGE, uplinkOf } from '../../host/setup/uplink.ts';
import { isVswitchRow } from '../../host/slots/vswitch-labels.ts';
import { type HostTunnels, planForgery } from '../../host/system/forgery.ts';
import { connectSwitch } from '../../ofp/index.ts';
import { type GalagoError, UsageError } from '../../util/errors.ts';
import { tunnelInterfaceType } from '../../util/tunnel-address.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print } from '../print.ts';
import { printable } from '../printable.ts';
import { hasAgent } from './flows-lock.ts';
import {
  addHostOptions,
  bridgeSocket,
  dockerSocket,
  type HostOptions,
  isLocal,
  openDatabase,
} from './host-options.ts';
import { isUplinkOverdue } from './uplink.ts';

/** Adds `galago status`. */
export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .description(
      'Prints how this host has been set up, what its switch makes of that, and what is wrong with it.',
    );
  command.option('--docker <socket>', "Docker's socket", dockerSocket());
  addHostOptions(command)
    .addHelpText('after', `\nExamples:\n  $ galago status\n  $ galago status --json\n${EXIT_CODE_HELP}`)
    .action((options: StatusOptions) => run(options, command));
}

async function run(options: StatusOptions, command: Command): Promise<void> {
  await using db = await openDatabase(options);
  const isInUse = db.bridges.some(isVswitchRow) || uplinkOf(db) !== undefined;
  if (readSettings(db).bridge === undefined && !isInUse) {
    const message = 'this host is not set up for containers: run galago init';
    throw new UsageError('HOST_NOT_INITIALIZED', message);
  }
  const status = await readStatus(db, options);
  print(command, options.json ? JSON.stringify(status) : linesOf(status));
}

interface StatusOptions extends HostOptions {
  readonly docker: string;
}

interface Status {
  readonly bridge: string | null;
  readonly localIp: string | null;
  readonly encapsulation: string | null;
  readonly underlayMtu: number | null;
  /** Of containers. */
  readonly mtu: number;
  /** The port number of the tunnel port. */
  readonly tunnel: number | null;
  readonly peers: readonly string[];
  readonly pods: number;
  readonly endpoints: number;
  /** Whether one looks after this host. */
  readonly agent: boolean;
  /** Of ours in the switch; null when it does not answer. */
  readonly flows: number | null;
  /** The device that a bridge has taken the place of. */
  readonly uplink: string | null;
  readonly problems: readonly string[];
}

async function readStatus(db: HostDatabase, options: StatusOptions): Promise<Status> {
  const settings = readSettings(db);
  const { bridge, localIp, encapsulation, underlayMtu, peers } = settings;
  const row = bridge === undefined ? undefined : db.bridge(bridge);
  const interfaces = row === undefined ? [] : db.interfacesOf(row);
  const tunnelType = encapsulation && tunnelInterfaceType(encapsulation.type, localIp);
  const tunnel = interfaces.find(
    ({ type, options }) => type === tunnelType && options.get('remote_ip') === 'flow',
  );
  const endpoints = db.endpoints();
  const problems: string[] = [];
  if (bridge === undefined) problems.push('the host is not set up: galago init');
  else if (row === undefined) problems.push(`there is no bridge ${bridge} any more: galago init`);
  else if (row.fail_mode !== 'secure' || row.other_config.get('disable-in-band') !== 'true')
    problems.push(`${bridge} is not secure: galago init`);
  const uplink = uplinkOf(db);
  if (uplink !== undefined && uplink !== settings.uplink)
    problems.push(problemOfUplink(uplink, isUplinkOverdue(options)));
  if (row !== undefined && tunnel === undefined) problems.push(`${bridge} has no tunnel port: galago init`);
  if (encapsulation !== undefined && localIp !== undefined && isLocal(options))
    problems.push(...(await problemsOfForgery({ encapsulation, localIp, peers })));
  for (const { name, error } of interfaces) if (error !== undefined) problems.push(`${name}: ${error}`);
  if (row !== undefined) problems.push(...problemsOfSubnets(row));
  const flows = row === undefined ? 0 : await countFlows(row.name, options, problems);
  const agent = await hasAgent(db);
  if (row?.controller.length === 0 && !agent) problems.push('no agent looks after this host: galago agent');
  else if (flows === 0 && endpoints.length > 0)
    problems.push('the switch has no flows: see the log of its controller');
  problems.push(...endpoints.flatMap(problemsOfConflicts), ...(await findDrift(db, options.docker)));
  return {
    ...{ bridge: bridge ?? null, localIp: localIp ?? null, encapsulation: encapsulation?.type ?? null },
    ...{
      underlayMtu: underlayMtu ?? null,
      mtu: endpointMtu(settings),
      tunnel: openPort(tunnel?.ofport),
      peers,
    },
    pods: new Set(endpoints.map(({ externalIds }) => externalIds.get(EndpointKey.POD))).size,
    ...{ endpoints: endpoints.length, agent, flows, problems, uplink: uplink ?? null },
  };
}

function problemOfUplink(device: string, isOverdue: boolean): string {
  const is = `${device} is in ${UPLINK_BRIDGE}, unconfirmed`;
  return isOverdue
    ? `${is}, and what should have put it back was killed: galago cleanup --yes, or galago init --confirm`
    : `${is}: galago init --confirm, or galago cleanup --yes`;
}

async function problemsOfForgery(tunnels: HostTunnels): Promise<string[]> {
  const { isDropped, changes } = await planForgery(tunnels);
  const open = "containers' other networks are not kept out of the tunnels";
  if (!isDropped) return [`${open}: install nftables, then galago init`];
  return changes.length > 0 ? [`${open}: galago init`] : [];
}

function problemsOfSubnets(bridge: BridgeRow): string[] {
  return [...readSubnets(bridge)].flatMap(([pod, text]) => {
    try {
      parseDhcpSubnet(text);
      return [];
    } catch (error) {
      return [`the subnet of pod ${pod}: ${(error as Error).message}: galago pods set ${pod}`];
    }
  });
}

/** As the agent has written them: `10.0.0.1 192.0.2.2`, an address and the tunnel address of a host that has it too. */
function problemsOfConflicts({ externalIds, port }: Endpoint): string[] {
  const name = externalIds.get(EndpointKey.NAME) ?? port;
  const conflicts = externalIds.get(EndpointKey.CONFLICT)?.split(',') ?? [];
  return conflicts.map((conflict) => {
    const [address, peer] = conflict.split(' ');
    const pod = externalIds.get(EndpointKey.POD);
    return `${address} of ${name} (${port}) in pod ${pod} is in use on the host at ${peer} as well: disconnect one of them`;
  });
}

function openPort(ofport: number | undefined): number | null {
  return ofport !== undefined && ofport > 0 ? ofport : null;
}

async function countFlows(bridge: string, options: HostOptions, problems: string[]): Promise<number | null> {
  try {
    await using session = await connectSwitch(bridgeSocket(options, bridge));
    let count = 0;
    for await (const _ of session.flowStats({ cookie: OURS, cookieMask: OURS_MASK })) count++;
    return count;
  } catch (error) {
    problems.push(`ovs-vswitchd does not answer, does it run? ${(error as GalagoError).message}`);
    return null;
  }
}

function linesOf(status: Status): string[] {
  const { bridge, localIp, encapsulation, mtu, tunnel, peers, pods, endpoints, flows, problems } = status;
  const lines = [
    `bridge:    ${bridge ?? 'none'}`,
    `tunnels:   ${encapsulation ?? 'none'} from ${localIp ?? 'nowhere'}, port ${tunnel ?? 'none'}; containers have MTU ${mtu}`,
    ...(status.uplink === null ? [] : [`uplink:    ${status.uplink} in ${UPLINK_BRIDGE}`]),
    `peers:     ${peers.join(', ') || 'none'}`,
    `endpoints: ${endpoints} in ${pods} pod${pods === 1 ? '' : 's'}`,
    `flows:     ${flows ?? 'unknown'}`,
    ...(problems.length === 0 ? ['problems:  none'] : problems.map((problem) => `problem:   ${problem}`)),
  ];
  return lines.map((line) => printable(line));
}
