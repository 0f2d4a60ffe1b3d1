import type { Command } from 'commander';
import { readLease } from '../../app/dhcp/lease.ts';
import { type Endpoint, EndpointKey } from '../../host/connect/endpoint.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print, printTable } from '../print.ts';
import { printable } from '../printable.ts';
import { addHostOptions, type HostOptions, openDatabase } from './host-options.ts';
import { keyOf } from './pod-reader.ts';

/** Adds `galago endpoints`. */
export function addEndpointsCommand(program: Command): void {
  const endpoints = program
    .command('endpoints')
    .description(
      'Prints what is in pods on this host: a line for each interface, or a JSON object with --json.',
    )
    .argument('[pod]', 'only of this pod');
  addHostOptions(endpoints)
    .addHelpText(
      'after',
      `\nExamples:\n  $ galago endpoints\n  $ galago endpoints 7 --json\n${EXIT_CODE_HELP}`,
    )
    .action((pod: string | undefined, options: HostOptions) => listEndpoints(pod, options, endpoints));
}

async function listEndpoints(pod: string | undefined, options: HostOptions, command: Command): Promise<void> {
  await using db = await openDatabase(options);
  const rows = db
    .endpoints()
    .map(describe)
    .filter((row) => pod === undefined || row.pod === pod)
    .sort((a, b) => (`${a.pod} ${a.container} ${a.port}` < `${b.pod} ${b.container} ${b.port}` ? -1 : 1));
  if (options.json) return print(command, JSON.stringify(rows));
  printTable(
    command,
    ['POD', 'CONTAINER', 'INTERFACE', 'ADDRESS', 'MAC', 'PORT', 'STATE'],
    rows.map(({ pod: name, container, ifname, ip, lease, mac, port, state }) =>
      [name, container, ifname, lease === null ? ip : `${ip} (${lease})`, mac, port, state].map((cell) =>
        printable(cell || '-'),
      ),
    ),
  );
}

/** An endpoint in a row of the table. */
interface EndpointLine {
  readonly pod: string;
  readonly key: number | null;
  readonly container: string;
  readonly ifname: string;
  readonly ip: string;
  /** What DHCP has given it. */
  readonly lease: string | null;
  readonly mac: string;
  readonly bridge: string;
  readonly port: string;
  readonly ofport: number | null;
  /** `up`, or what the switch says of it. */
  readonly state: string;
}

function describe(endpoint: Endpoint): EndpointLine {
  const { externalIds, bridge, port, ofport, error } = endpoint;
  const id = (key: string) => externalIds.get(key) ?? '';
  const lease = readLease(externalIds)?.address;
  return {
    pod: id(EndpointKey.POD),
    key: keyOf(endpoint.externalIds),
    container: id(EndpointKey.NAME),
    ifname: id(EndpointKey.IFNAME),
    ip: id(EndpointKey.IP),
    lease: lease ?? null,
    mac: id(EndpointKey.MAC),
    bridge,
    port,
    ofport: ofport ?? null,
    state: ofport === undefined ? (error ?? 'not opened yet') : 'up',
  };
}
