import type { Command } from 'commander';
import { removeEndpoint } from '../../host/connect/connect.ts';
import { type Endpoint, EndpointKey, isConnected, isEndpointOf } from '../../host/connect/endpoint.ts';
import { parseTarget } from '../../host/connect/target.ts';
import { UsageError } from '../../util/errors.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print } from '../print.ts';
import { addHostOptions, type HostOptions, openDatabase } from './host-options.ts';

interface DisconnectOptions extends HostOptions {
  readonly ifname?: string;
  readonly dryRun?: true;
}

/** Adds `galago disconnect`. */
export function addDisconnectCommand(program: Command): void {
  const command = program
    .command('disconnect')
    .description(
      'Removes the interface that galago connect has given a container, also when the container has gone meanwhile. A ' +
        'container that is in no pod is nothing to do.',
    )
    .argument('<container>', 'as for galago connect')
    .option('--ifname <name>', 'only this interface, if the container has several')
    .option('--dry-run', 'print what would be removed, and do nothing');
  addHostOptions(command)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((container: string, options: DisconnectOptions) => run(container, options, command));
}

const EXAMPLES = `
Examples:
  $ galago disconnect web
  $ galago disconnect netns:blue --ifname eth2
`;

async function run(container: string, options: DisconnectOptions, command: Command): Promise<void> {
  parseTarget(container);
  await using db = await openDatabase(options);
  const found = db
    .endpoints()
    .filter(isConnected)
    .filter((endpoint) => isEndpointOf(endpoint, container))
    .filter(({ externalIds }) => [undefined, externalIds.get(EndpointKey.IFNAME)].includes(options.ifname));
  if (found.length > 1) {
    const names = found.map(({ externalIds }) => externalIds.get(EndpointKey.IFNAME)).join(', ');
    throw new UsageError(
      'HOST_AMBIGUOUS',
      `'${container}' has several interfaces: --ifname says which: ${names}`,
    );
  }
  const [endpoint] = found;
  if (endpoint !== undefined && !options.dryRun) await db.locked(() => removeEndpoint(db, endpoint.port));
  const result = { container, port: endpoint?.port ?? null, changed: endpoint !== undefined };
  print(command, options.json ? JSON.stringify(result) : sentenceOf(container, endpoint, options));
}

function sentenceOf(
  name: string,
  endpoint: Endpoint | undefined,
  { ifname: asked, dryRun }: DisconnectOptions,
): string {
  if (endpoint === undefined) return `${name}: ${asked === undefined ? '' : `${asked} `}is in no pod`;
  const pod = endpoint.externalIds.get(EndpointKey.POD);
  const ifname = endpoint.externalIds.get(EndpointKey.IFNAME);
  return `${name}: ${ifname} ${dryRun ? 'would be taken' : 'is taken'} out of pod ${pod} (port ${endpoint.port})`;
}
