import { type Command, InvalidArgumentError } from 'commander';
import { MAX_SLOT, parseSlot } from '../../host/slots/slot.ts';
import { OTHER_INTERFACES, type SlotSettings } from '../../host/slots/slot-labels.ts';
import {
  carryOutStart,
  describeStart,
  planStart,
  type StartPlan,
  type StartRequest,
} from '../../host/slots/slot-start.ts';
import { UsageError } from '../../util/errors.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { openToChange } from '../host/host-options.ts';
import { print } from '../print.ts';
import type { ValueParser } from '../values.ts';
import { addSlotOptions, hostName, type SlotOptions, slotPlace } from './slot-options.ts';
import { DEFAULT_VSWITCH } from './vswitch.ts';

/** The options of `galago start` as they were read. */
interface StartOptions extends SlotOptions {
  readonly slot?: number;
  readonly internal?: true;
  readonly dualNic?: true;
  readonly privileged?: true;
  readonly dryRun?: true;
  readonly eth0?: string;
  readonly eth1?: string;
  readonly eth2?: string;
  readonly eth3?: string;
}

/** Adds `galago start`. */
export function addStartCommand(program: Command): void {
  // What comes after the image is the container's, also where it looks like an option.
  program.enablePositionalOptions();
  const command = program
    .command('start')
    .passThroughOptions()
    .description(
      'Starts a new container in a slot of a virtual switch. Its name, host name, addresses, port number and default ' +
        'route follow from the number of the slot. It has a terminal, and no other network. Everything is looked at ' +
        'before anything is changed, and a failure leaves nothing behind.',
    )
    .argument('<image>', 'an image that Docker has')
    .argument('[args...]', 'what it runs, in place of what the image says')
    .option('--slot <number>', `1 to ${MAX_SLOT} (default: the lowest that is free)`, slotNumber)
    .option('--internal', 'internal ports of Open vSwitch in place of veth pairs')
    .option('--dual-nic', 'eth0 and eth1 in a bridge br0, for a container that passes frames on')
    .option('--eth0 <vswitch>', 'the same as --vswitch')
    .option('--eth1 <vswitch>', 'gives it eth1, in the same slot of another virtual switch')
    .option('--eth2 <vswitch>', 'likewise')
    .option('--eth3 <vswitch>', 'likewise')
    .option('--privileged', 'gives it all that root may do on this host')
    .option('--dry-run', 'print what would be done, and do nothing');
  addSlotOptions(command)
    .addHelpText('after', EXAMPLES + EXIT_CODE_HELP)
    .action((image: string, args: readonly string[], options: StartOptions) =>
      run(image, args, options, command),
    );
}

const EXAMPLES = `
Examples:
  $ galago start --slot 1 busybox          ovs0-s01, 10.0.0.1 where ovs0 is 10.0.0.254/24
  $ galago start busybox ping 10.0.0.1
  $ galago start --dry-run --internal busybox
  $ galago start --eth1 ovs1 --eth2 ovs2 busybox
  $ galago start --dual-nic --privileged --slot 7 my-firewall
`;

async function run(
  image: string,
  args: readonly string[],
  options: StartOptions,
  command: Command,
): Promise<void> {
  const settings = readSettings(options);
  const vswitch = options.vswitch ?? options.eth0 ?? DEFAULT_VSWITCH;
  requireDifferent([vswitch, ...settings.others.values()]);
  await using db = await openToChange(options);
  const place = slotPlace(db, options);
  const request: StartRequest = {
    ...{ vswitch, number: options.slot, settings, host: hostName() },
    program: { type: 'create', image, command: args },
  };
  if (options.dryRun) return print(command, describeStart(await planStart(place, request)));
  const { plan, id } = await db.locked(async () => {
    const made = await planStart(place, request);
    return { plan: made, id: await carryOutStart(place, made) };
  });
  print(command, options.json ? JSON.stringify(startedOf(plan, id)) : startedLine(plan));
}

/** What `--json` prints of a container that was started. */
export function startedOf({ slot, nics }: StartPlan, id: string): object {
  const { vswitch, number, name, hostname, gateway } = slot;
  return {
    ...{ slot: number, name, vswitch, hostname, id, gateway },
    interfaces: nics.map(({ ifname, vswitch: on, port, ofport, mac, ips }) => {
      return { ifname, vswitch: on, port, ofport, mac, ips };
    }),
  };
}

/** The same for people. */
export function startedLine({ slot, nics }: StartPlan): string {
  const interfaces = nics.map(({ ifname, ips, mac, vswitch }, i) => {
    const at = ips.length === 0 ? mac : `${ips.join(' ')} (${mac})`;
    return `${ifname} ${at}${i === 0 ? '' : ` on ${vswitch}`}`;
  });
  return `${slot.name}: ${interfaces.join(', ')}, by ${slot.gateway}`;
}

function readSettings(options: StartOptions): SlotSettings {
  const { vswitch, eth0, eth1 } = options;
  if (vswitch !== undefined && eth0 !== undefined && vswitch !== eth0)
    throw new UsageError('HOST_SLOT_CONFLICT', '--vswitch and --eth0 say the same: give one of them');
  if (options.dualNic && eth1 !== undefined)
    throw new UsageError('HOST_SLOT_CONFLICT', 'with --dual-nic, eth1 is on the same virtual switch as eth0');
  const others = OTHER_INTERFACES.flatMap((ifname) => {
    const on = options[ifname];
    return on === undefined ? [] : [[ifname, on] as const];
  });
  return {
    isInternal: options.internal ?? false,
    isDualNic: options.dualNic ?? false,
    isPrivileged: options.privileged ?? false,
    others: new Map<string, string>(others),
  };
}

function requireDifferent(vswitches: readonly string[]): void {
  const twice = vswitches.find((name, i) => vswitches.indexOf(name) !== i);
  if (twice === undefined) return;
  const message = `a container is in one slot of a virtual switch: '${twice}' was named twice`;
  throw new UsageError('HOST_SLOT_CONFLICT', message);
}

const slotNumber: ValueParser<number> = (text) => {
  try {
    const { vswitch, number } = parseSlot(text);
    if (vswitch === undefined) return number;
  } catch {
    // Said below.
  }
  throw new InvalidArgumentError(`expected a number from 1 to ${MAX_SLOT}, got '${text}'`);
};
