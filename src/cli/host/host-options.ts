import { dirname } from 'node:path';
import { type Command, Option } from 'commander';
import { HostDatabase } from '../../host/database.ts';
import { requirePermission } from '../../host/system/permission.ts';
import { parseMethod } from '../../net/index.ts';
import { UsageError } from '../../util/errors.ts';
import { databaseMethod } from './run-directory.ts';

/** The options that all commands for this host have, as they were read. */
export interface HostOptions {
  readonly db: string;
  readonly json?: true;
}

/** Adds the options of commands that look at this host. */
export function addHostOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--db <method>', "this host's Open vSwitch database").default(
        databaseMethod(),
        'unix:/var/run/openvswitch/db.sock',
      ),
    )
    .option('--json', 'print JSON')
    .helpOption('-h, --help', 'print this help');
}

/** Opens this host's database. @throws as HostDatabase.open */
export function openDatabase({ db }: HostOptions): Promise<HostDatabase> {
  return HostDatabase.open(db);
}

/** Opens it for a command that changes this machine as well. @throws UsageError `HOST_NOT_PERMITTED`; as HostDatabase.open */
export async function openToChange(options: HostOptions & { readonly dryRun?: true }): Promise<HostDatabase> {
  if (options.dryRun !== true && isLocal(options)) requirePermission();
  return openDatabase(options);
}

/** True when the database is of this machine. */
export function isLocal({ db }: HostOptions): boolean {
  return parseMethod(db, { defaultPort: 6640 }).type === 'unix';
}

/**
 * The OpenFlow socket of a bridge of this host, which is beside that of the database.
 * @throws UsageError `HOST_DATABASE_REMOTE` when that is another machine's
 */
export function bridgeSocket({ db }: HostOptions, bridge: string): string {
  const method = parseMethod(db, { defaultPort: 6640 });
  if (method.type === 'unix') return `unix:${dirname(method.path)}/${bridge}.mgmt`;
  throw new UsageError('HOST_DATABASE_REMOTE', `expected this host's own database, unix:PATH, got '${db}'`);
}

/** Where Docker listens, unless told otherwise. */
export function dockerSocket(): string {
  const host = process.env.DOCKER_HOST ?? '';
  return host.startsWith('unix://') ? host.slice('unix://'.length) : '/var/run/docker.sock';
}
