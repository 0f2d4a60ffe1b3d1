import { type Command, Option } from 'commander';
import { ApiServer, Controller, DEFAULT_API_ADDRESS, isLoopback, parseApiAddress } from '../../app/index.ts';
import { ContainerKeeper } from '../../host/connect/keep-containers.ts';
import type { HostDatabase } from '../../host/database.ts';
import { FirewallKeeper } from '../../host/setup/keep-firewall.ts';
import { type HostSettings, readSettings } from '../../host/setup/settings.ts';
import { SlotKeeper } from '../../host/slots/keep-slots.ts';
import { VswitchKeeper } from '../../host/slots/keep-vswitches.ts';
import { isVswitchRow } from '../../host/slots/vswitch-labels.ts';
import { UsageError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { systemTimer } from '../../util/timer.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { createLog, LOG_LEVELS, type LogLevel } from '../log.ts';
import { hostName } from '../slots/slot-options.ts';
import { untilSignal } from '../until-signal.ts';
import { checked, oneOf } from '../values.ts';
import { FLOWS_LOCK } from './flows-lock.ts';
import {
  addHostOptions,
  bridgeSocket,
  dockerSocket,
  type HostOptions,
  openDatabase,
} from './host-options.ts';
import { POD_READER } from './pod-reader.ts';
import { keepUplinkSafe } from './uplink.ts';

interface AgentOptions extends HostOptions {
  readonly docker: string;
  readonly api: string | false;
  readonly logLevel: LogLevel;
}

/** Adds `galago agent`. */
export function addAgentCommand(program: Command): void {
  const command = program
    .command('agent')
    .description(
      'Runs the controller of the bridge that galago init has made, and of virtual switches, through the sockets of ' +
        'this host, until a signal ends it. The hosts that galago cluster names are its peers; it follows them when ' +
        'they change. What the firewall has for tunnels is put back when somebody takes it out. Containers with the ' +
        'label galago.pod are attached to that pod when they start, and those that were connected or are in slots ' +
        'have their interfaces back after a restart. Flows stay in the switch when it ends.',
    )
    .addOption(
      new Option('--api <host:port>', 'where the feed of events is served, on a loopback address')
        .argParser(checked(parseLoopback))
        .default(DEFAULT_API_ADDRESS, DEFAULT_API_ADDRESS),
    )
    .option('--docker <socket>', "Docker's socket", dockerSocket())
    .option('--no-api', 'serve no feed')
    .addOption(
      oneOf(new Option('--log-level <level>', 'the least important of what is logged'), LOG_LEVELS).default(
        'info',
        'info',
      ),
    );
  addHostOptions(command)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((options: AgentOptions) => runAgent(options));
}

const EXAMPLES = `
Examples:
  $ galago agent
  $ galago agent --json --no-api
`;

/** Its options unless told otherwise. */
export const AGENT_DEFAULTS = { docker: dockerSocket(), api: DEFAULT_API_ADDRESS, logLevel: 'info' } as const;

/** Runs the agent until a signal ends it. @throws UsageError `HOST_NOT_INITIALIZED` */
export async function runAgent(options: AgentOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, json: options.json ?? false });
  await using db = await openDatabase(options);
  requireWork(readWork(db));
  const ended = untilSignal();
  await using lock = await takeOver(db, ended, log);
  if (lock === undefined) return;
  using _uplink = keepUplinkSafe(options, log);
  await using _firewall = new FirewallKeeper(db, { log });
  await using _vswitches = new VswitchKeeper(db, { log });
  await using _containers = keepContainers(db, options, log);
  for (;;) {
    const work = readWork(db);
    const changed = workChanged(db, work);
    const outcome = await serve(requireWork(work), options, log, Promise.race([ended, changed.promise]));
    changed.stop();
    if (outcome !== undefined) return log.info({ signal: outcome }, 'closing; flows stay in the switch');
    log.info({}, 'the settings of this host have changed');
  }
}

function keepContainers(db: HostDatabase, { docker: dockerSocket }: AgentOptions, log: Log): ContainerKeeper {
  // The controller gives virtual switches their flows: it follows the database.
  const slots = new SlotKeeper({ db, dockerSocket, program: async () => {}, host: hostName(), log });
  return new ContainerKeeper(db, { dockerSocket, reader: POD_READER, slots, log });
}

/** What an agent works by. */
interface Work extends HostSettings {
  /** The bridges that it controls, virtual switches among them. */
  readonly bridges: readonly string[];
}

function readWork(db: HostDatabase): Work {
  const settings = readSettings(db);
  const vswitches = db.bridges.filter(isVswitchRow).map(({ name }) => name);
  return {
    ...settings,
    bridges: [...(settings.bridge === undefined ? [] : [settings.bridge]), ...vswitches.sort()],
  };
}

/**
 * Waits until nobody else writes flows here: a command that is about to end, or another agent.
 * @returns undefined when a signal came first
 */
async function takeOver(
  db: HostDatabase,
  ended: Promise<NodeJS.Signals>,
  log: Log,
): Promise<AsyncDisposable | undefined> {
  const message = 'another agent looks after this host: waiting for it to end';
  const cancel = systemTimer(() => log.info({}, message), TELL_AFTER_MS);
  const lock = await Promise.race([db.lock(FLOWS_LOCK), ended]);
  cancel();
  return typeof lock === 'string' ? undefined : lock;
}

/** Runs a controller until there is something that it was not started for. */
async function serve(
  { bridges, localIp, encapsulation, peers }: Work,
  options: AgentOptions,
  log: Log,
  ended: Promise<NodeJS.Signals | undefined>,
): Promise<NodeJS.Signals | undefined> {
  const { db, api } = options;
  await using controller = new Controller({
    openflow: bridges.map((bridge) => bridgeSocket(options, bridge)),
    ovsdb: [db],
    secureBridges: true,
    peers,
    log,
    ...(encapsulation && { encapsulation: encapsulation.type }),
    ...(localIp !== undefined && { localIp }),
  });
  await using server = api === false ? undefined : await ApiServer.listen(controller, { address: api, log });
  await controller.start();
  log.info(
    { bridges: bridges.join(' '), peers: peers.join(' '), ...(server && { feed: server.feedUrl }) },
    'looking after this host',
  );
  return await ended;
}

function requireWork(work: Work): Work {
  if (work.bridges.length > 0) return work;
  const message = 'this host has no bridge for containers: run galago init or galago vswitch create first';
  throw new UsageError('HOST_NOT_INITIALIZED', message);
}

/** Resolves when it is no longer the work given. */
function workChanged(db: HostDatabase, work: Work) {
  const text = JSON.stringify(work);
  let stop = () => {};
  const promise = new Promise<undefined>((resolve) => {
    stop = db.onChange(() => {
      if (JSON.stringify(readWork(db)) !== text) resolve(undefined);
    });
  });
  return { promise, stop };
}

function parseLoopback(text: string): void {
  const { host } = parseApiAddress(text);
  if (isLoopback(host)) return;
  throw new UsageError('API_ADDRESS_INVALID', `expected a loopback address, got '${text}'`);
}

const TELL_AFTER_MS = 1000;
