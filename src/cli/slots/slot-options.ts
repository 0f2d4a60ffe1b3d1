import { hostname } from 'node:os';
import type { Command } from 'commander';
import type { HostDatabase } from '../../host/database.ts';
import { parseSlot, type Slot, slotOf } from '../../host/slots/slot.ts';
import type { SlotPlace } from '../../host/slots/slot-ports.ts';
import { requireVswitch } from '../../host/slots/vswitch.ts';
import { UsageError } from '../../util/errors.ts';
import { addHostOptions, dockerSocket, type HostOptions } from '../host/host-options.ts';
import { vswitchProgrammer } from '../host/vswitch-flows.ts';
import { DEFAULT_VSWITCH } from './vswitch.ts';

/** The options that all commands for slots have, as they were read. */
export interface SlotOptions extends HostOptions {
  readonly vswitch?: string;
  readonly docker: string;
}

/** Adds the options of commands for slots. */
export function addSlotOptions(
  command: Command,
  vswitch = `the virtual switch (default: ${DEFAULT_VSWITCH})`,
): Command {
  return addHostOptions(
    command
      .option('--vswitch <name>', vswitch)
      .option('--docker <socket>', "Docker's socket", dockerSocket()),
  );
}

/** Where commands for slots do what they do. */
export function slotPlace(db: HostDatabase, options: HostOptions & { readonly docker: string }): SlotPlace {
  return { db, dockerSocket: options.docker, program: vswitchProgrammer(db, options) };
}

/**
 * The slot that is meant by a number, on `--vswitch`, or by a name.
 * @throws UsageError `HOST_SLOT_INVALID`, `HOST_VSWITCH_UNKNOWN`
 */
export function readSlot(db: HostDatabase, text: string, { vswitch }: SlotOptions): Slot {
  const named = parseSlot(text);
  if (named.vswitch !== undefined && vswitch !== undefined && named.vswitch !== vswitch)
    throw new UsageError('HOST_SLOT_INVALID', `'${text}' is no slot of ${vswitch}, which --vswitch says`);
  return slotOf(requireVswitch(db, named.vswitch ?? vswitch ?? DEFAULT_VSWITCH), named.number, hostName());
}

/** This machine, as slots are called after it. */
export function hostName(): string {
  return hostname().split('.', 1)[0]!;
}
