import type { Command } from 'commander';
import type { FlowModInit } from '../../ofp/index.ts';
import { formatFlow, parseFlow } from '../../ofp/text/index.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print } from '../print.ts';
import type { TlsOptions } from '../tls-options.ts';
import { nameOfInput, readInput } from './input.ts';
import { readLines, tryLine } from './lines.ts';
import { addMethodArgument, METHOD_HELP, openSwitch } from './session.ts';

interface Options extends TlsOptions {
  readonly dryRun?: true;
}

/** Adds `galago ofp add-flows`. */
export function addAddFlowsCommand(group: Command): void {
  const command = addMethodArgument(
    group
      .command('add-flows')
      .summary('add the flows of a file to a switch, all or none')
      .description(
        'Adds the flows of a file to a switch in one atomic bundle: all of them or, when one is wrong, none. A line is ' +
          'a flow as ovs-ofctl add-flows reads it, which may begin with add, modify, modify_strict, delete or ' +
          'delete_strict; # begins a comment.',
      ),
  )
    .argument('<file>', 'the flows; - for standard input')
    .option('--dry-run', 'print the flows that would be sent, and send nothing')
    .addHelpText('after', METHOD_HELP + EXAMPLES + EXIT_CODE_HELP);
  command.action((method: string, file: string, options: Options) => run(method, file, options, command));
}

const EXAMPLES = `
Examples:
  $ galago ofp add-flows br0 flows.txt
  $ galago ofp add-flows br0 flows.txt --dry-run
  $ echo 'priority=5,tcp,tp_dst=80,actions=output:2' | galago ofp add-flows br0 -
`;

async function run(method: string, file: string, options: Options, command: Command): Promise<void> {
  const flows = await readFlows(file, command);
  if (options.dryRun)
    return print(
      command,
      flows.map((flow) => formatFlow(flow)),
    );
  if (flows.length === 0) return;
  await using session = await openSwitch(method, options, command);
  await session.bundle((bundle) => {
    for (const flow of flows) bundle.send(flow);
  });
}

async function readFlows(file: string, command: Command): Promise<FlowModInit[]> {
  const text = (await readInput(file, command)).toString('utf8');
  const name = nameOfInput(file);
  return readLines(text).map((line) => tryLine(name, line, command, () => parseFlow(line.text)));
}
