import { type Command, Option } from 'commander';
import {
  ApiServer,
  Controller,
  DEFAULT_API_ADDRESS,
  OVSDB_PORT,
  parseApiAddress,
  parseOrigin,
} from '../app/index.ts';
import { parseMethod } from '../net/index.ts';
import { OPENFLOW_PORT } from '../ofp/index.ts';
import type { Log } from '../util/log.ts';
import { EXIT_CODE_HELP } from './exit-code.ts';
import { findExposures } from './exposure.ts';
import { createLog, LOG_LEVELS, type LogLevel } from './log.ts';
import { addTlsOptions, readTls, type TlsOptions } from './tls-options.ts';
import { untilSignal } from './until-signal.ts';
import { checked, oneOf, repeatable, tunnelAddress } from './values.ts';

/** The options of `galago controller` as they were read. */
interface Options extends TlsOptions {
  readonly openflow: readonly string[];
  readonly ovsdb?: readonly string[];
  readonly encap: string;
  readonly localIp?: string;
  readonly peer?: readonly string[];
  readonly secureBridges?: true;
  readonly api: string | false;
  readonly apiOrigin?: readonly string[];
  readonly insecure?: true;
  readonly logLevel: LogLevel;
  readonly json?: true;
}

const DEFAULT_OPENFLOW: readonly string[] = [`ptcp:${OPENFLOW_PORT}:127.0.0.1`];

/** Adds `galago controller`. */
export function addControllerCommand(program: Command): void {
  const command = program
    .command('controller')
    .description(
      'Runs the controller until a signal ends it: a learning switch on every bridge that calls, and a pod ' +
        'network on those whose database puts interfaces into pods (external_ids:galago-pod). Flows stay in ' +
        'the switches when the controller ends, and are taken over when it starts.',
    )
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP);
  addConnectionOptions(command);
  addPodOptions(command);
  addServingOptions(command);
  command.action((options: Options) => run(options, command));
}

function addConnectionOptions(command: Command): void {
  const openflow = checked((text) => parseMethod(text, { defaultPort: OPENFLOW_PORT }));
  const ovsdb = checked((text) => parseMethod(text, { defaultPort: OVSDB_PORT }));
  command
    .addOption(
      new Option('--openflow <method>', 'where switches call, or are called; may be repeated')
        .argParser(repeatable(openflow, DEFAULT_OPENFLOW))
        .default(DEFAULT_OPENFLOW, DEFAULT_OPENFLOW.join()),
    )
    .option(
      '--ovsdb <method>',
      "where hosts' databases are called, or call; may be repeated (default: none, and no pods)",
      repeatable(ovsdb),
    );
  addTlsOptions(command, 'ssl: and pssl: methods').option(
    '--insecure',
    'allow plain ptcp: and --api beyond loopback, and plain OVSDB to other machines',
  );
}

function addPodOptions(command: Command): void {
  command
    .addOption(
      oneOf(new Option('--encap <type>', 'the encapsulation of tunnels between hosts'), [
        'vxlan',
        'geneve',
        'gre',
      ]).default('vxlan', 'vxlan'),
    )
    .option(
      '--local-ip <ip>',
      'where tunnels to the host end whose database does not say it (external_ids:galago-local-ip)',
      tunnelAddress,
    )
    .option(
      '--peer <ip>',
      'tunnel address of a host that another controller looks after; may be repeated',
      repeatable(tunnelAddress),
    )
    .option(
      '--secure-bridges',
      'make bridges that carry pods secure, fail_mode and out-of-band control, instead of refusing them',
    );
}

function addServingOptions(command: Command): void {
  command
    .addOption(
      new Option('--api <host:port>', 'where the feed of events is served over HTTP, at /feed')
        .argParser(checked(parseApiAddress))
        .default(DEFAULT_API_ADDRESS, DEFAULT_API_ADDRESS),
    )
    .option('--no-api', 'serve no feed')
    .option(
      '--api-origin <origin>',
      'origin of web pages that may read the feed; may be repeated',
      repeatable(checked(parseOrigin)),
    )
    .addOption(
      oneOf(new Option('--log-level <level>', 'the least important of what is logged'), LOG_LEVELS).default(
        'info',
        'info',
      ),
    )
    .option('--json', 'log a JSON object a line')
    .helpOption('-h, --help', 'print this help');
}

const EXAMPLES = `
METHOD is as in Open vSwitch: tcp:HOST:PORT, ssl:HOST:PORT and unix:PATH are called, ptcp:PORT[:HOST],
pssl:PORT[:HOST] and punix:PATH are listened on, without HOST on 127.0.0.1 only.

Examples:
  A learning switch:
    $ galago controller
    $ ovs-vsctl set-controller br0 tcp:127.0.0.1:6653

  Pods, on the host of the bridge:
    $ galago controller --openflow unix:/var/run/openvswitch/br-int.mgmt \\
        --ovsdb unix:/var/run/openvswitch/db.sock --local-ip 192.0.2.1 --peer 192.0.2.2 --secure-bridges
    $ ovs-vsctl set interface veth1 external_ids:galago-pod=42

  One controller for many hosts, with certificates:
    $ galago controller --openflow pssl:6653:0.0.0.0 --ovsdb pssl:6640:0.0.0.0 \\
        --private-key sc-privkey.pem --certificate sc-cert.pem --ca-cert cacert.pem
`;

async function run(options: Options, command: Command): Promise<void> {
  const {
    openflow,
    ovsdb = [],
    encap,
    localIp,
    peer = [],
    secureBridges = false,
    api,
    apiOrigin = [],
  } = options;
  const log = createLog({ level: options.logLevel, json: options.json ?? false });
  warnOfExposures(options, command, log);
  const tls = readTls([...openflow, ...ovsdb], options, command);
  const ended = untilSignal();
  await using controller = new Controller({
    openflow,
    ovsdb,
    encapsulation: encap,
    peers: peer,
    secureBridges,
    log,
    ...(localIp !== undefined && { localIp }),
    ...(tls && { tls }),
  });
  // It closes before the controller does: that the sessions end then is no news of the switches.
  await using server =
    api === false
      ? undefined
      : await ApiServer.listen(controller, { address: api, allowedOrigins: apiOrigin, log });
  await controller.start();
  for (const method of controller.listening) log.info({ method }, 'listening for switches');
  for (const method of controller.listeningForHosts) log.info({ method }, 'listening for databases');
  if (server !== undefined) log.info({ url: server.feedUrl }, 'serving the feed');
  log.info({ signal: await ended }, 'closing; flows stay in the switches');
}

function warnOfExposures(options: Options, command: Command, log: Log): void {
  const { openflow, ovsdb = [], api, insecure } = options;
  for (const { option, value, why } of findExposures({ openflow, ovsdb, api })) {
    const message = `option '${option}' argument '${value}' goes beyond this machine without TLS: ${why}`;
    if (!insecure) command.error(`error: ${message}. To allow it, add --insecure`);
    log.warn({ option, value }, message);
  }
}
