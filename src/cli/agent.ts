import { type Command, Option } from 'commander';
import { ApiServer, Controller, DEFAULT_API_ADDRESS, isLoopback, parseApiAddress } from '../app/index.ts';
import type { HostDatabase } from '../host/database.ts';
import { followStarts } from '../host/docker-events.ts';
import { reconnectContainers } from '../host/reconnect.ts';
import { type HostSettings, readSettings } from '../host/settings.ts';
import { UsageError } from '../util/errors.ts';
import type { Log } from '../util/log.ts';
import { EXIT_CODE_HELP } from './exit-code.ts';
import {
  addHostOptions,
  bridgeSocket,
  dockerSocket,
  type HostOptions,
  openDatabase,
} from './host-options.ts';
import { createLog, LOG_LEVELS, type LogLevel } from './log.ts';
import { POD_READER } from './pod-reader.ts';
import { untilSignal } from './until-signal.ts';
import { checked } from './values.ts';

interface AgentOptions extends HostOptions {
  readonly docker: string;
  readonly api: string | false;
  readonly logLevel: LogLevel;
}

/** Adds `galago agent`. */
export function addAgentCommand(program: Command): void {
  const command = program
    .command('agent')
    .summary("run this host's controller")
    .description(
      'Runs the controller of the bridge that galago init has made, through the sockets of this host, until a signal ' +
        'ends it. The hosts that galago cluster names are its peers; it follows them when they change. Flows stay in ' +
        'the switch when it ends.',
    )
    .addOption(
      new Option('--api <host:port>', 'where the feed of events is served, on a loopback address')
        .argParser(checked(parseLoopback))
        .default(DEFAULT_API_ADDRESS, DEFAULT_API_ADDRESS),
    )
    .option('--docker <socket>', "Docker's socket", dockerSocket())
    .option('--no-api', 'serve no feed')
    .addOption(
      new Option('--log-level <level>', 'the least important of what is logged')
        .choices(LOG_LEVELS)
        .default('info', 'info'),
    );
  addHostOptions(command)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((options: AgentOptions) => run(options));
}

const EXAMPLES = `
Examples:
  $ galago agent
  $ galago agent --json --no-api
`;

async function run(options: AgentOptions): Promise<void> {
  const log = createLog({ level: options.logLevel, json: options.json ?? false });
  await using db = await openDatabase(options);
  requireInitialized(readSettings(db));
  const ended = untilSignal();
  using _following = reconnecting(db, options.docker, log);
  for (;;) {
    const settings = readSettings(db);
    const changed = settingsChanged(db, settings);
    const outcome = await serve(
      requireInitialized(settings),
      options,
      log,
      Promise.race([ended, changed.promise]),
    );
    changed.stop();
    if (outcome !== undefined) return log.info({ signal: outcome }, 'closing; flows stay in the switch');
    log.info({}, 'the settings of this host have changed');
  }
}

/** Connects containers again that were restarted, one look after the other. */
function reconnecting(db: HostDatabase, dockerSocket: string, log: Log): Disposable {
  let looking = Promise.resolve();
  const look = async (id: string | undefined) => {
    const only = id === undefined ? undefined : `docker:${id}`;
    const done = await reconnectContainers(db, { dockerSocket, readPod: POD_READER.podOf, only });
    for (const { container, port, error } of done) {
      if (error === undefined) log.info({ container, port }, 'connected again');
      else log.warn({ container, port, err: error }, 'not connected again');
    }
  };
  const onStart = (id?: string) => {
    looking = looking
      .then(() => look(id))
      .catch((error) => log.warn({ err: error }, 'containers not looked after'));
  };
  onStart();
  const stop = followStarts(dockerSocket, { onStart });
  return { [Symbol.dispose]: stop };
}

type Initialized = HostSettings & { readonly bridge: string };

/** Runs a controller until there is something that it was not started for. */
async function serve(
  { bridge, localIp, encapsulation, peers }: Initialized,
  options: AgentOptions,
  log: Log,
  ended: Promise<NodeJS.Signals | undefined>,
): Promise<NodeJS.Signals | undefined> {
  const { db, api } = options;
  await using controller = new Controller({
    openflow: [bridgeSocket(options, bridge)],
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
    { bridge, peers: peers.join(' '), ...(server && { feed: server.feedUrl }) },
    'looking after this host',
  );
  return await ended;
}

function requireInitialized(settings: HostSettings): Initialized {
  const { bridge } = settings;
  if (bridge !== undefined) return { ...settings, bridge };
  throw new UsageError(
    'HOST_NOT_INITIALIZED',
    'this host has no bridge for containers: run galago init first',
  );
}

/** Resolves when the settings are no longer those given. */
function settingsChanged(db: HostDatabase, settings: HostSettings) {
  const text = JSON.stringify(settings);
  let stop = () => {};
  const promise = new Promise<undefined>((resolve) => {
    stop = db.onChange(() => {
      if (JSON.stringify(readSettings(db)) !== text) resolve(undefined);
    });
  });
  return { promise, stop };
}

function parseLoopback(text: string): void {
  const { host } = parseApiAddress(text);
  if (isLoopback(host)) return;
  throw new UsageError('API_ADDRESS_INVALID', `expected a loopback address, got '${text}'`);
}
