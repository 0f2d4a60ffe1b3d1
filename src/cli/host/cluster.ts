import type { Command } from 'commander';
import type { HostDatabase } from '../../host/database.ts';
import { parsePeers, writePeers } from '../../host/setup/peers.ts';
import { hostTunnels, readSettings, whileSettingUp } from '../../host/setup/settings.ts';
import { dropForgery } from '../../host/system/forgery.ts';
import { UsageError } from '../../util/errors.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print } from '../print.ts';
import { addHostOptions, type HostOptions, isLocal, openDatabase, openToChange } from './host-options.ts';

interface ClusterOptions extends HostOptions {
  readonly dryRun?: true;
}

/** Adds `galago cluster` and its commands. */
export function addClusterCommand(program: Command): void {
  const cluster = program
    .command('cluster')
    .description(
      'Keeps the tunnel addresses of the other hosts in the database, where the agent finds them, and has nftables drop ' +
        'what containers here forge from these. The address of this host is passed over, so that the same command is ' +
        'right on all of them.',
    )
    .argument('[ip...]', 'as for cluster add; without any, as cluster list')
    .helpCommand(false);
  addClusterOptions(cluster)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((ips: readonly string[], options: ClusterOptions) => change(ips, options, cluster, add));
  const adding = cluster.command('add').summary('add hosts').description('Adds hosts.').argument('<ip...>');
  addClusterOptions(adding)
    .addHelpText('after', '\nExamples:\n  $ galago cluster add 192.0.2.3')
    .action((ips: readonly string[], _: ClusterOptions) =>
      change(ips, adding.optsWithGlobals(), adding, add),
    );
  const removing = cluster
    .command('remove')
    .summary('remove hosts')
    .description('Removes hosts.')
    .argument('<ip...>');
  addClusterOptions(removing)
    .addHelpText('after', '\nExamples:\n  $ galago cluster remove 192.0.2.3')
    .action((ips: readonly string[], _: ClusterOptions) =>
      change(ips, removing.optsWithGlobals(), removing, (peers, gone) =>
        peers.filter((ip) => !gone.includes(ip)),
      ),
    );
  const list = cluster.command('list').summary('list the hosts').description('Prints the hosts, one a line.');
  addHostOptions(list)
    .addHelpText('after', '\nExamples:\n  $ galago cluster list --json')
    .action((_: ClusterOptions) => change([], list.optsWithGlobals(), list, add));
}

const EXAMPLES = `
Examples:
  $ galago cluster 192.0.2.1 192.0.2.2 192.0.2.3
  $ galago cluster remove 192.0.2.3
  $ galago cluster list
`;

function addClusterOptions(command: Command): Command {
  return addHostOptions(command.option('--dry-run', 'print what the hosts would be, and do nothing'));
}

type Peers = readonly string[];

function add(peers: Peers, more: Peers): Peers {
  return [...peers, ...more];
}

/** Makes of the peers that there are and those given what shall be, and prints that. */
async function change(
  texts: Peers,
  options: ClusterOptions,
  command: Command,
  combine: (peers: Peers, given: Peers) => Peers,
): Promise<void> {
  parsePeers(texts);
  const isWritten = texts.length > 0 && !options.dryRun;
  await using db: HostDatabase = await (isWritten ? openToChange(options) : openDatabase(options));
  const settle = async () => {
    const settings = readSettings(db);
    const given = parsePeers(texts, settings.localIp);
    if (texts.length > 0 && settings.localIp === undefined) {
      throw new UsageError(
        'HOST_NOT_INITIALIZED',
        'this host has no tunnel address yet: run galago init first',
      );
    }
    const peers = [...new Set(combine(settings.peers, given))].sort();
    const tunnels = hostTunnels({ ...settings, peers });
    if (isWritten && tunnels !== undefined && isLocal(options)) await dropForgery(tunnels);
    const changed = isWritten ? await writePeers(db, peers) : peers.join() !== settings.peers.join();
    return { peers, changed };
  };
  const { peers, changed } = await (isWritten ? whileSettingUp(db, settle) : settle());
  print(command, options.json ? JSON.stringify({ peers, changed }) : peers);
}
