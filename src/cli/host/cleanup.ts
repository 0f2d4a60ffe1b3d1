import type { Command } from 'commander';
import type { HostDatabase } from '../../host/database.ts';
import { carryOutCleanup, planCleanup } from '../../host/setup/cleanup.ts';
import { carryOutSlotCleanup, planSlotCleanup } from '../../host/slots/slot-stop.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { printChanges } from '../print.ts';
import { slotPlace } from '../slots/slot-options.ts';
import { planUnitAfterCleanup } from './agent-unit.ts';
import { addHostOptions, dockerSocket, type HostOptions, openToChange } from './host-options.ts';
import { giveBackUplink, putBackUplink, requireConsent } from './uplink.ts';

interface CleanupOptions extends HostOptions {
  readonly containers?: true;
  readonly docker: string;
  readonly dryRun?: true;
  readonly yes?: true;
}

/** Adds `galago cleanup`. */
export function addCleanupCommand(program: Command): void {
  const cleanup = program
    .command('cleanup')
    .description(
      'Removes the bridge and its ports, the links of containers, the settings and the firewall rules that galago init ' +
        'and galago connect have made, and nothing else; the unit of the agent stays where there are virtual switches. ' +
        'An agent that systemd does not run has to be ended first. With --containers, it removes containers in slots ' +
        'that have ended and what interrupted commands have left there, and nothing else.',
    )
    .option('--containers', 'only containers in slots that do not run any more')
    .option('--docker <socket>', "Docker's socket", dockerSocket())
    .option('--yes', 'move the addresses of the uplink back, which may cut this connection off')
    .option('--dry-run', 'print what would be removed, and do nothing');
  addHostOptions(cleanup)
    .addHelpText('after', CLEANUP_EXAMPLES + EXIT_CODE_HELP)
    .action((options: CleanupOptions) => runCleanup(options, cleanup));
}
const CLEANUP_EXAMPLES = `
Examples:
  $ galago cleanup --dry-run
  $ galago cleanup
  $ galago cleanup --containers
`;

async function runCleanup(options: CleanupOptions, command: Command): Promise<void> {
  if (options.yes && !options.dryRun && !options.containers) await putBackUplink(options);
  await using db = await openToChange(options);
  const changes = await (options.containers ? cleanSlots(db, options) : cleanHost(db, options));
  printChanges(command, options, changes);
}

async function cleanHost(db: HostDatabase, options: CleanupOptions): Promise<readonly string[]> {
  const plan = await planCleanup(db);
  const unit = await planUnitAfterCleanup(db, options);
  if (!options.dryRun) {
    requireConsent(plan, options.yes ?? false);
    await unit.carryOut(async () => {
      await carryOutCleanup(db, plan);
      await giveBackUplink(plan, options);
    });
  }
  return [...unit.changes, ...plan.changes];
}

function cleanSlots(db: HostDatabase, options: CleanupOptions): Promise<readonly string[]> {
  const place = slotPlace(db, options);
  return db.locked(async () => {
    const plan = await planSlotCleanup(place);
    if (!options.dryRun) await carryOutSlotCleanup(place, plan);
    return plan.changes;
  });
}
