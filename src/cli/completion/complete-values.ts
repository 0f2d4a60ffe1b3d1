import { readdir } from 'node:fs/promises';
import { GLOBAL_POD } from '../../app/hosts/pod.ts';
import { readSubnets } from '../../host/addresses/subnet.ts';
import { EndpointKey, isConnected } from '../../host/connect/endpoint.ts';
import { NETNS_DIRECTORY } from '../../host/connect/target.ts';
import { HostDatabase } from '../../host/database.ts';
import { runningContainers } from '../../host/docker/docker.ts';
import { listImages } from '../../host/docker/docker-containers.ts';
import { readSettings } from '../../host/setup/settings.ts';
import { isVswitchRow, slotInterfaces } from '../../host/slots/vswitch-labels.ts';
import { dockerSocket } from '../host/host-options.ts';
import { databaseMethod, runDirectory } from '../host/run-directory.ts';
import type { Wanted } from './complete.ts';

type Options = Wanted['options'];

/** The longest that anybody who has pressed a key should wait. */
const PATIENCE_MS = 1000;

/** Values by what asks for them: a command and its argument, an argument or option, or what help calls its value. */
const FINDERS: Readonly<Record<string, (options: Options) => Promise<readonly string[] | 'file'>>> = {
  'disconnect container': (options) =>
    inDatabase(options, (db) =>
      db
        .endpoints()
        .filter(isConnected)
        .flatMap(({ externalIds }) => externalIds.get(EndpointKey.NAME) ?? []),
    ),
  'remove name': vswitches,
  'stop slot': slots,
  'attach slot': slots,
  'restart slot': slots,
  'remove ip': (options) => inDatabase(options, (db) => readSettings(db).peers),
  container: async (options) => {
    const [containers, namespaces] = await Promise.all([
      runningContainers(options.get('docker') ?? dockerSocket(), PATIENCE_MS).catch(nothing),
      readdir(NETNS_DIRECTORY).catch(nothing),
    ]);
    return [...containers, ...namespaces.map((name) => `netns:${name}`)];
  },
  'unset pod': (options) => inDatabase(options, podsWithSubnets),
  pod: async (options) => {
    const known = inDatabase(options, (db) => [
      ...db.endpoints().flatMap(({ externalIds }) => externalIds.get(EndpointKey.POD) ?? []),
      ...podsWithSubnets(db),
    ]);
    return [GLOBAL_POD.name, ...(await known.catch(nothing))];
  },
  image: (options) => listImages(options.get('docker') ?? dockerSocket(), PATIENCE_MS),
  device: async () => (await readdir('/sys/class/net')).filter((name) => name !== 'lo'),
  vswitch: vswitches,
  bridge: (options) => inDatabase(options, (db) => db.bridges.map(({ name }) => name)),
  // The argument of commands for switches, which a bridge's name will do for.
  method: async () => {
    const sockets = await readdir(runDirectory());
    return sockets.flatMap((name) => /^(.+)\.mgmt$/.exec(name)?.[1] ?? []);
  },
  file: async () => 'file',
  path: async () => 'file',
  socket: async () => 'file',
};

/** What this machine has of what a command line asks for; nothing when it cannot be found out quickly. */
export async function findValues({
  command,
  name,
  placeholder,
  options,
}: Wanted): Promise<readonly string[] | 'file'> {
  const find = FINDERS[`${command} ${name}`] ?? FINDERS[name] ?? FINDERS[placeholder];
  try {
    const found = (await find?.(options)) ?? [];
    return found === 'file' ? found : [...new Set(found)];
  } catch {
    return [];
  }
}

function vswitches(options: Options): Promise<readonly string[]> {
  return inDatabase(options, (db) => db.bridges.filter(isVswitchRow).map(({ name }) => name));
}

function slots(options: Options): Promise<readonly string[]> {
  return inDatabase(options, (db) => [...slotInterfaces(db).keys()]);
}

function podsWithSubnets(db: HostDatabase): readonly string[] {
  return db.bridges.flatMap((bridge) => [...readSubnets(bridge).keys()]);
}

function nothing(): readonly string[] {
  return [];
}

async function inDatabase<T>(
  options: Options,
  read: (db: HostDatabase) => readonly T[],
): Promise<readonly T[]> {
  await using db = await HostDatabase.open(options.get('db') ?? databaseMethod(), { timeoutMs: PATIENCE_MS });
  return read(db);
}
