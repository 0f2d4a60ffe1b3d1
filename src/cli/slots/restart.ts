import { type Command, InvalidArgumentError } from 'commander';
import { requireImage } from '../../host/docker/docker-containers.ts';
import type { Slot } from '../../host/slots/slot.ts';
import { readSlotLabels, type SlotSettings } from '../../host/slots/slot-labels.ts';
import type { SlotPlace } from '../../host/slots/slot-ports.ts';
import { carryOutStart, planStart, type SlotProgram } from '../../host/slots/slot-start.ts';
import { isOurs, readSlots, requireContainer } from '../../host/slots/slot-state.ts';
import { describeStop, stopSlot } from '../../host/slots/slot-stop.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { openToChange } from '../host/host-options.ts';
import { print } from '../print.ts';
import { graceSeconds, type ValueParser } from '../values.ts';
import { addSlotOptions, hostName, readSlot, type SlotOptions, slotPlace } from './slot-options.ts';
import { startedLine, startedOf } from './start.ts';

interface RestartOptions extends SlotOptions {
  readonly time: number;
  readonly dryRun?: true;
}

/** Adds `galago restart`. */
export function addRestartCommand(program: Command): void {
  program.enablePositionalOptions();
  const command = program
    .command('restart')
    .passThroughOptions()
    .description(
      'Ends the container of a slot if it runs, and starts it again with the same interfaces and addresses; or, when ' +
        'an image is given, a new container in its place.',
    )
    .argument('<slot>', 'its number, or its name as in galago ps')
    .argument('[image]', 'an image that Docker has', imageName)
    .argument('[args...]', 'what it runs')
    .option('--time <seconds>', 'how long it has to end by itself', graceSeconds, 10)
    .option('--dry-run', 'print what would be done, and do nothing');
  addSlotOptions(command)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((slot: string, image: string | undefined, args: readonly string[], options: RestartOptions) =>
      run({ slot, image, args }, options, command),
    );
}

const EXAMPLES = `
Examples:
  $ galago restart 1
  $ galago restart --dry-run 1
  $ galago restart --time 0 ovs1-s03
  $ galago restart --vswitch ovs1 3 busybox sh
`;

/** What comes after the slot is the container's. */
const imageName: ValueParser<string> = (text) => {
  if (!text.startsWith('-')) return text;
  throw new InvalidArgumentError('options come before the slot');
};

interface Words {
  readonly slot: string;
  readonly image: string | undefined;
  readonly args: readonly string[];
}

async function run(words: Words, options: RestartOptions, command: Command): Promise<void> {
  await using db = await openToChange(options);
  const place = slotPlace(db, options);
  const slot = readSlot(db, words.slot, options);
  const { vswitch, number, name } = slot;
  const { settings, program } = await readProgram(place, slot, words);
  const keepsContainer = program.type === 'existing';
  if (options.dryRun) {
    const begin =
      program.type === 'existing' ? `start ${name}` : `create ${name} of ${program.image}, and start it`;
    const end = await describeStop(place, name, { keepsContainer });
    return print(command, [...end, `docker: ${begin}`]);
  }
  await stopSlot(place, name, { keepsContainer, graceSec: options.time });
  const { plan, id } = await db.locked(async () => {
    const made = await planStart(place, { vswitch, number, settings, program, host: hostName() });
    return { plan: made, id: await carryOutStart(place, made) };
  });
  print(command, options.json ? JSON.stringify(startedOf(plan, id)) : startedLine(plan));
}

/** A new container has what the one before it had. */
async function readProgram(
  { db, dockerSocket }: SlotPlace,
  { name }: Slot,
  { image, args }: Words,
): Promise<{ readonly settings: SlotSettings; readonly program: SlotProgram }> {
  const state = (await readSlots(db, dockerSocket)).get(name);
  if (image === undefined) {
    const { id, labels } = requireContainer(name, state);
    return { settings: readSlotLabels(labels)!.settings, program: { type: 'existing', id } };
  }
  await requireImage(dockerSocket, image);
  const { container } = state ?? {};
  const labels = container !== undefined && isOurs(container) ? container.labels : {};
  const settings = readSlotLabels(labels)?.settings ?? PLAIN;
  return { settings, program: { type: 'create', image, command: args } };
}

const PLAIN: SlotSettings = { isInternal: false, isDualNic: false, isPrivileged: false, others: new Map() };
