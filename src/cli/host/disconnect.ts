import type { Command } from 'commander';
import { removeEndpoint } from '../../host/connect/connect.ts';
import { type Endpoint, EndpointKey, isConnected, isEndpointOf } from '../../host/connect/endpoint.ts';
import { identify } from '../../host/connect/target.ts';
import type { HostDatabase } from '../../host/database.ts';
import { UsageError } from '../../util/errors.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print } from '../print.ts';
import { addHostOptions, dockerSocket, type HostOptions, openToChange } from './host-options.ts';

interface DisconnectOptions extends HostOptions {
  readonly ifname?: string;
  readonly docker: string;
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
    .option('--docker <socket>', "Docker's socket", dockerSocket())
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
  const id = await identify(container, options.docker);
  await using db = await openToChange(options);
  const found = endpointsOf(db, id, container).filter(({ externalIds }) =>
    [undefined, externalIds.get(EndpointKey.IFNAME)].includes(options.ifname),
  );
  if (found.length > 1) {
    const names = found
      .map(({ externalIds }) => externalIds.get(EndpointKey.IFNAME))
      .sort()
      .join(', ');
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

/** As `galago connect` finds a container; one that has gone, by what it was called when it was connected. */
function endpointsOf(db: HostDatabase, id: string | undefined, container: string): readonly Endpoint[] {
  const all = db.endpoints().filter(isConnected);
  const own = all.filter(
    ({ externalIds }) => id !== undefined && externalIds.get(EndpointKey.CONTAINER) === id,
  );
  return own.length > 0 ? own : all.filter((endpoint) => isEndpointOf(endpoint, container));
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
