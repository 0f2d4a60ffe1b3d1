import type { Command } from 'commander';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { addAddFlowsCommand } from './add-flows.ts';
import { addDecodeCommand } from './decode.ts';
import { addDelFlowsCommand } from './del-flows.ts';
import { addDumpFlowsCommand } from './dump-flows.ts';
import { addEncodeCommand } from './encode.ts';
import { addMonitorCommand } from './monitor.ts';
import type { TextOutput } from './output.ts';
import { METHOD_HELP } from './session.ts';
import { addSnoopCommand } from './snoop.ts';

/** Adds `galago ofp` and its subcommands; `stdout` takes what they print. */
export function addOfpCommand(program: Command, stdout: TextOutput): void {
  const group = program
    .command('ofp')
    .description('Talks OpenFlow 1.3 to a switch as ovs-ofctl does, and reads and writes its messages.')
    .helpOption('-h, --help', 'print this help')
    .helpCommand(false)
    .addHelpText('after', METHOD_HELP + EXAMPLES + EXIT_CODE_HELP);
  addDecodeCommand(group, stdout);
  addEncodeCommand(group, stdout);
  addDumpFlowsCommand(group, stdout);
  addAddFlowsCommand(group);
  addDelFlowsCommand(group);
  addMonitorCommand(group, stdout);
  addSnoopCommand(group, stdout);
}

const EXAMPLES = `
Examples:
  $ galago ofp dump-flows br0
  $ galago ofp add-flows tcp:192.0.2.1 flows.txt
  $ galago help ofp snoop
`;
