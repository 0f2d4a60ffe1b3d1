import type { Command } from 'commander';
import { describeStop, stopSlot } from '../../host/slots/slot-stop.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { openToChange } from '../host/host-options.ts';
import { print } from '../print.ts';
import { graceSeconds } from '../values.ts';
import { addSlotOptions, readSlot, type SlotOptions, slotPlace } from './slot-options.ts';

interface StopCommandOptions extends SlotOptions {
  readonly rm: boolean;
  readonly time: number;
  readonly dryRun?: true;
}

/** Adds `galago stop`. */
export function addStopCommand(program: Command): void {
  const command = program
    .command('stop')
    .description(
      'Ends the container of a slot, removes it, and takes its ports away. An empty slot is nothing to do.',
    )
    .argument('<slot>', 'its number, or its name as in galago ps')
    .option('--no-rm', 'keep the container, for galago restart')
    .option('--time <seconds>', 'how long it has to end by itself', graceSeconds, 10)
    .option('--dry-run', 'print what would be done, and do nothing');
  addSlotOptions(command)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((slot: string, options: StopCommandOptions) => run(slot, options, command));
}

const EXAMPLES = `
Examples:
  $ galago stop 1
  $ galago stop --dry-run 1
  $ galago stop ovs1-s03 --no-rm --time 0
`;

async function run(text: string, options: StopCommandOptions, command: Command): Promise<void> {
  await using db = await openToChange(options);
  const { name } = readSlot(db, text, options);
  const how = { keepsContainer: !options.rm, graceSec: options.time };
  const place = slotPlace(db, options);
  if (options.dryRun) return print(command, await describeStop(place, name, how));
  const changed = await stopSlot(place, name, how);
  const done = options.rm ? 'is ended and removed' : 'is ended';
  print(
    command,
    options.json ? JSON.stringify({ name, changed }) : `${name}: ${changed ? done : 'is empty'}`,
  );
}
