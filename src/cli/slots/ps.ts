import type { Command } from 'commander';
import { EndpointKey } from '../../host/connect/endpoint.ts';
import type { InterfaceRow } from '../../host/database.ts';
import { parseSlot } from '../../host/slots/slot.ts';
import { isOurs, isRemnant, readSlots, type SlotState } from '../../host/slots/slot-state.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { openDatabase } from '../host/host-options.ts';
import { print, printTable } from '../print.ts';
import { printable } from '../printable.ts';
import { addSlotOptions, type SlotOptions } from './slot-options.ts';

/** Adds `galago ps`. */
export function addPsCommand(program: Command): void {
  const command = program
    .command('ps')
    .description(
      'Prints the containers in slots, of all virtual switches or one, also those that have ended.',
    );
  addSlotOptions(command, 'only those of this virtual switch')
    .addHelpText(
      'after',
      `\nExamples:\n  $ galago ps\n  $ galago ps --vswitch ovs1 --json\n${EXIT_CODE_HELP}`,
    )
    .action((options: SlotOptions) => run(options, command));
}

async function run(options: SlotOptions, command: Command): Promise<void> {
  await using db = await openDatabase(options);
  const states = [...(await readSlots(db, options.docker)).values()];
  const rows = states
    .filter(({ container }) => container === undefined || isOurs(container))
    .map(describe)
    .filter(({ vswitch }) => [undefined, vswitch].includes(options.vswitch))
    .sort((a, b) => (a.vswitch === b.vswitch ? a.slot - b.slot : a.vswitch < b.vswitch ? -1 : 1));
  if (options.json) return print(command, JSON.stringify(rows));
  printTable(
    command,
    ['SLOT', 'IMAGE', 'ADDRESS', 'MAC', 'STATE'],
    rows.map(({ name, image, interfaces: [first], state, status }) =>
      [name, image ?? '-', first?.ips.join(' ') || '-', first?.mac ?? '-', status ?? state].map((cell) =>
        printable(cell),
      ),
    ),
  );
}

/** A slot in a row of the table. */
interface SlotLine {
  readonly slot: number;
  readonly name: string;
  readonly vswitch: string;
  readonly image: string | null;
  readonly id: string | null;
  /** Docker's word for the state of the container, or `interrupted`: what a command has left half done. */
  readonly state: string;
  /** The same in Docker's sentence. */
  readonly status: string | null;
  readonly interfaces: readonly InterfaceLine[];
}

interface InterfaceLine {
  readonly ifname: string;
  readonly port: string;
  readonly ofport: number | null;
  readonly mac: string | null;
  readonly ips: readonly string[];
}

function describe(state: SlotState): SlotLine {
  const { name, container, ports } = state;
  const { vswitch = '', number } = parseSlot(name);
  const isInterrupted = isRemnant(state);
  return {
    ...{ slot: number, name, vswitch, image: container?.image ?? null, id: container?.id ?? null },
    state: isInterrupted ? 'interrupted' : (container?.state ?? ''),
    status: isInterrupted ? null : (container?.status ?? null),
    interfaces: ports.map(describePort).sort((a, b) => (a.ifname < b.ifname ? -1 : 1)),
  };
}

function describePort({ name, ofport, external_ids: ids }: InterfaceRow): InterfaceLine {
  return {
    ifname: ids.get(EndpointKey.IFNAME) ?? '',
    port: name,
    ofport: ofport !== undefined && ofport > 0 ? ofport : null,
    mac: ids.get(EndpointKey.MAC) ?? null,
    ips: (ids.get(EndpointKey.IP) ?? '').split(' ').filter((ip) => ip !== ''),
  };
}
