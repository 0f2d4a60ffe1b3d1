import type { Command } from 'commander';
import { OURS, OURS_MASK } from '../../app/pipeline/cookie.ts';
import { EndpointKey } from '../../host/connect/endpoint.ts';
import type { BridgeRow, HostDatabase, InterfaceRow } from '../../host/database.ts';
import { endpointMtu, type HostSettings, readSettings } from '../../host/setup/settings.ts';
import { UPLINK_BRIDGE, uplinkOf } from '../../host/setup/uplink.ts';
import { isVswitchRow } from '../../host/slots/vswitch-labels.ts';
import { connectSwitch } from '../../ofp/index.ts';
import { type GalagoError, UsageError } from '../../util/errors.ts';
import { tunnelInterfaceType } from '../../util/tunnel-address.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print } from '../print.ts';
import { printable } from '../printable.ts';
import { vswitchRows, vswitchWords } from '../slots/vswitch-row.ts';
import { hasAgent } from './flows-lock.ts';
import {
  addHostOptions,
  bridgeSocket,
  dockerSocket,
  type HostOptions,
  openDatabase,
} from './host-options.ts';
import { findProblems, type StatusOptions, type VswitchStatus } from './status-problems.ts';

/** Adds `galago status`. */
export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .description(
      'Prints how this host has been set up, its virtual switches, what Open vSwitch makes of that, and what is wrong ' +
        'with it.',
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
    const message = 'this host is not set up for containers: run galago init, or galago vswitch create';
    throw new UsageError('HOST_NOT_INITIALIZED', message);
  }
  const status = await readStatus(db, options);
  print(command, options.json ? JSON.stringify(status) : linesOf(status));
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
  readonly vswitches: readonly VswitchStatus[];
  readonly problems: readonly string[];
}

async function readStatus(db: HostDatabase, options: StatusOptions): Promise<Status> {
  const settings = readSettings(db);
  const { localIp, encapsulation, underlayMtu, peers } = settings;
  const bridge = settings.bridge === undefined ? undefined : db.bridge(settings.bridge);
  const tunnel = tunnelOf(db, bridge, settings);
  const endpoints = db.endpoints();
  const rows = vswitchRows(db);
  const bridges = [...(bridge === undefined ? [] : [bridge]), ...rows].map(({ name }) => name);
  const { counts, silence } = await countFlows(options, bridges);
  const flows = bridge === undefined ? 0 : (counts.get(bridge.name) ?? null);
  const vswitches = rows.map((row) => ({ ...row, flows: counts.get(row.name) ?? null }));
  const agent = await hasAgent(db);
  const seen = { bridge, tunnel, endpoints, flows, silence, vswitches, agent };
  return {
    bridge: settings.bridge ?? null,
    localIp: localIp ?? null,
    encapsulation: encapsulation?.type ?? null,
    underlayMtu: underlayMtu ?? null,
    mtu: endpointMtu(settings),
    tunnel: openPort(tunnel?.ofport),
    peers,
    pods: new Set(endpoints.map(({ externalIds }) => externalIds.get(EndpointKey.POD))).size,
    endpoints: endpoints.length,
    agent,
    flows,
    uplink: uplinkOf(db) ?? null,
    vswitches,
    problems: await findProblems(db, options, seen),
  };
}

function tunnelOf(
  db: HostDatabase,
  bridge: BridgeRow | undefined,
  { encapsulation, localIp }: HostSettings,
): InterfaceRow | undefined {
  const tunnelType = encapsulation && tunnelInterfaceType(encapsulation.type, localIp);
  const interfaces = bridge === undefined ? [] : db.interfacesOf(bridge);
  return interfaces.find(({ type, options }) => type === tunnelType && options.get('remote_ip') === 'flow');
}

function openPort(ofport: number | undefined): number | null {
  return ofport !== undefined && ofport > 0 ? ofport : null;
}

/** Counts the flows of ours in bridges, and says why those are left out that do not answer: it is the same for all. */
async function countFlows(
  options: HostOptions,
  bridges: readonly string[],
): Promise<{ readonly counts: ReadonlyMap<string, number>; readonly silence: GalagoError | undefined }> {
  const counts = new Map<string, number>();
  let silence: GalagoError | undefined;
  const count = async (bridge: string) => {
    try {
      await using session = await connectSwitch(bridgeSocket(options, bridge));
      let flows = 0;
      for await (const _ of session.flowStats({ cookie: OURS, cookieMask: OURS_MASK })) flows++;
      counts.set(bridge, flows);
    } catch (error) {
      silence ??= error as GalagoError;
    }
  };
  await Promise.all(bridges.map(count));
  return { counts, silence };
}

function linesOf(status: Status): string[] {
  const { bridge, localIp, encapsulation, mtu, tunnel, peers, pods, endpoints, flows } = status;
  const { uplink, vswitches, problems } = status;
  const ofPods = (...lines: readonly string[]) => (bridge === null ? [] : lines);
  const lines = [
    `bridge:    ${bridge ?? 'none'}`,
    ...ofPods(
      `tunnels:   ${encapsulation ?? 'none'} from ${localIp ?? 'nowhere'}, port ${tunnel ?? 'none'}; containers have MTU ${mtu}`,
    ),
    ...(uplink === null ? [] : [`uplink:    ${uplink} in ${UPLINK_BRIDGE}`]),
    ...ofPods(
      `peers:     ${peers.join(', ') || 'none'}`,
      `endpoints: ${endpoints} in ${counted(pods, 'pod')}`,
      `flows:     ${flows ?? 'unknown'}`,
    ),
    ...vswitches.map((vswitch) => {
      const { datapath, slots } = vswitch;
      return `vswitch:   ${vswitchWords(vswitch)}, datapath ${datapath}, ${counted(slots, 'slot')} in use`;
    }),
    ...(problems.length === 0 ? ['problems:  none'] : problems.map((problem) => `problem:   ${problem}`)),
  ];
  return lines.map((line) => printable(line));
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
