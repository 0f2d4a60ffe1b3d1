import { type Command, Option } from 'commander';
import { OVSDB_PORT } from '../../app/index.ts';
import { dial, parseMethod } from '../../net/index.ts';
import { JsonRpcPeer, OvsdbClient } from '../../ovsdb/index.ts';
import { findExposures } from '../exposure.ts';
import { databaseMethod } from '../host/run-directory.ts';
import { readTls, type TlsOptions } from '../tls-options.ts';

/** The options that all of `galago ovsdb` have, as they were read. */
export interface ServerOptions extends TlsOptions {
  /** Where a command takes it as an argument too, that comes first. */
  readonly db: string;
  readonly leaderOnly: boolean;
  readonly timeout?: string;
  readonly insecure?: true;
}

/** Adds the options that say which server to talk to, and how. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--db <methods>', 'the server, or those of a cluster, separated by commas').default(
        databaseMethod(),
        'unix:/var/run/openvswitch/db.sock',
      ),
    )
    .option('--no-leader-only', 'also work with a member of a cluster that is not its leader')
    .option('-t, --timeout <seconds>', 'give up after so long')
    .option('-p, --private-key <file>', 'our private key in PEM, for ssl:')
    .option('-c, --certificate <file>', 'our certificate in PEM')
    .option('-C, --ca-cert <file>', "the authorities' certificates in PEM: the server must have one of them")
    .option('--insecure', 'allow plain tcp: to other machines')
    .helpOption('-h, --help', 'print this help');
}

/** What a command is about, and the arguments that are left. */
interface Place<O extends ServerOptions> {
  readonly options: O;
  readonly args: readonly string[];
}

/** What the help says of a server as an argument. */
export const SERVER_HELP = 'the server, like tcp:127.0.0.1:6640, instead of --db';

/** Takes the server, if the first argument is one, in the place of `--db`. */
export function takeServer<O extends ServerOptions>(
  args: readonly string[],
  options: O,
  command: Command,
): Place<O> {
  const [first] = args;
  if (first === undefined || !/^(tcp|ssl|unix):/.test(first)) return { options, args };
  if (command.getOptionValueSource('db') === 'cli') {
    command.error(`error: expected one server, got '${options.db}' and '${first}'`);
  }
  return { options: { ...options, db: first }, args: args.slice(1) };
}

/** Adds the option that says which database. */
export function addDatabaseOption(command: Command): Command {
  const otherwise = `that argument, ${DEFAULT_DATABASE}, or the only one`;
  return command.option('-d, --database <name>', `the database (default: ${otherwise})`);
}

/** Takes the database: the option, the first argument if it names one, `Open_vSwitch`, or the only one there is. */
export async function takeDatabase<O extends ServerOptions & { readonly database?: string }>(
  place: Place<O>,
  command: Command,
): Promise<Place<O> & { readonly database: string }> {
  const { options, args } = place;
  if (options.database !== undefined) return { ...place, database: options.database };
  await using peer = await dialServer(options, command);
  const list = await peer.request('list_dbs', [], callTime(options, command));
  const names = Array.isArray(list) ? list.map(String) : [];
  const [first] = args;
  if (first !== undefined && names.includes(first)) return { options, args: args.slice(1), database: first };
  const own = names.filter((name) => !name.startsWith('_'));
  const database = own.includes(DEFAULT_DATABASE) || own.length !== 1 ? DEFAULT_DATABASE : own[0]!;
  return { options, args, database };
}

/** Connects to a database. */
export function connectTo(database: string, options: ServerOptions, command: Command): Promise<OvsdbClient> {
  const { leaderOnly } = options;
  const servers = readServers(options, command);
  const tls = readTls(servers, options, command);
  const timing = callTime(options, command);
  return OvsdbClient.connect(servers, {
    database,
    leaderOnly,
    ...timing,
    ...(tls && { tls }),
  });
}

/** Connects to the first server that can be reached, whatever its databases. */
export async function dialServer(options: ServerOptions, command: Command): Promise<JsonRpcPeer> {
  const servers = readServers(options, command);
  const tls = readTls(servers, options, command);
  const { timeoutMs } = callTime(options, command);
  let failure: unknown;
  for (const server of servers) {
    try {
      const method = parseMethod(server, { defaultPort: OVSDB_PORT });
      return new JsonRpcPeer(await dial(method, { ...(tls && { tls }), ...(timeoutMs && { timeoutMs }) }), {
        name: server,
      });
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** How long a call may take. */
export function callTime({ timeout }: ServerOptions, command: Command): { readonly timeoutMs?: number } {
  if (timeout === undefined) return {};
  const seconds = Number(timeout);
  if (seconds > 0 && seconds <= MAX_SECONDS) return { timeoutMs: seconds * 1000 };
  const expected = `a number of seconds above 0, at most ${MAX_SECONDS}`;
  return command.error(
    `error: option '-t, --timeout <seconds>' argument '${timeout}' is invalid. expected ${expected}`,
  );
}

/** What a timer can hold. */
const MAX_SECONDS = 2_000_000;

function readServers({ db, insecure }: ServerOptions, command: Command): readonly string[] {
  const servers = db.split(',');
  for (const { value, why } of findExposures({ openflow: [], ovsdb: servers, api: false })) {
    if (insecure) continue;
    command.error(
      `error: '${value}' goes beyond this machine without TLS: ${why}. To allow it, add --insecure`,
    );
  }
  return servers;
}

const DEFAULT_DATABASE = 'Open_vSwitch';
