import type { Command } from 'commander';
import { type AttachEnd, attachContainer } from '../../host/docker/docker-attach.ts';
import { readSlots, requireContainer } from '../../host/slots/slot-state.ts';
import { UsageError } from '../../util/errors.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { openDatabase } from '../host/host-options.ts';
import { addSlotOptions, readSlot, type SlotOptions } from './slot-options.ts';

/** Adds `galago attach`. */
export function addAttachCommand(program: Command): void {
  const command = program
    .command('attach')
    .description(
      'Attaches standard input and output to the terminal of the container in a slot, until the container ends or ' +
        'ctrl-p ctrl-q is typed. A shell may wait for a key before it shows its prompt.',
    )
    .argument('<slot>', 'its number, or its name as in galago ps');
  addSlotOptions(command)
    .addHelpText('after', `\nExamples:\n  $ galago attach 1\n  $ galago attach ovs1-s03\n${EXIT_CODE_HELP}`)
    .action((slot: string, options: SlotOptions) => run(slot, options, command));
}

async function run(text: string, options: SlotOptions, command: Command): Promise<void> {
  const container = await find(text, options);
  if (container.state !== 'running') {
    const message = `'${container.name}' does not run: galago restart starts it again`;
    throw new UsageError('HOST_CONTAINER_STOPPED', message);
  }
  const end = await attach(options.docker, container.id);
  // Beside what the container prints, which is what was asked for.
  command.configureOutput().writeErr?.(`${container.name}: ${describeEnd(end)}\n`);
}

async function attach(docker: string, id: string): Promise<AttachEnd> {
  const { stdin: input, stdout: output } = process;
  const restore = (signal: NodeJS.Signals) => {
    if (input.isTTY) input.setRawMode(false);
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.once(signal, restore);
  try {
    return await attachContainer(docker, id, { input, output });
  } finally {
    for (const signal of SIGNALS) process.off(signal, restore);
    // Whatever the container has printed last: what is said next has a line of its own.
    if (output.isTTY) output.write('\n');
  }
}

async function find(text: string, options: SlotOptions) {
  await using db = await openDatabase(options);
  const { name } = readSlot(db, text, options);
  return requireContainer(name, (await readSlots(db, options.docker)).get(name));
}

function describeEnd(end: AttachEnd): string {
  if (end.type === 'detached') return 'detached';
  return end.status === undefined ? 'ended' : `ended with status ${end.status}`;
}

/** Those that end a process without giving the terminal back: Node.js does so at the others. */
const SIGNALS = ['SIGHUP', 'SIGQUIT'] as const;
