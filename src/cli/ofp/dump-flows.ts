import type { Command } from 'commander';
import { formatFlow } from '../../ofp/text/index.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import type { TlsOptions } from '../tls-options.ts';
import { parseFilter, requestOf } from './filter.ts';
import { formatJson } from './json.ts';
import { PatientOutput, type TextOutput } from './output.ts';
import { addMethodArgument, METHOD_HELP, openSwitch } from './session.ts';

interface Options extends TlsOptions {
  readonly json?: boolean;
}

/** Adds `galago ofp dump-flows`. */
export function addDumpFlowsCommand(group: Command, stdout: TextOutput): void {
  const command = addMethodArgument(
    group
      .command('dump-flows')
      .summary('print the flows of a switch')
      .description('Prints the flows of a switch, one a line, as they come and as ovs-ofctl writes them.'),
  )
    .argument(
      '[match]',
      'only flows that this takes: a match, table=N, cookie=C/MASK, out_port=P, out_group=G',
    )
    .option('--json', 'print a JSON object a line: bytes in hexadecimal, 64-bit numbers in quotes')
    .addHelpText('after', METHOD_HELP + EXAMPLES + EXIT_CODE_HELP);
  command.action((method: string, match: string | undefined, options: Options) =>
    run({ method, match, options, command, stdout }),
  );
}

const EXAMPLES = `
Examples:
  $ galago ofp dump-flows br0
  $ galago ofp dump-flows br0 table=0,tcp,tp_dst=80
  $ galago ofp dump-flows tcp:192.0.2.1 --json
`;

interface Call {
  readonly method: string;
  readonly match: string | undefined;
  readonly options: Options;
  readonly command: Command;
  readonly stdout: TextOutput;
}

async function run({ method, match = '', options, command, stdout }: Call): Promise<void> {
  const filter = requestOf(parseFilter(match, 'delete', command));
  using output = new PatientOutput(stdout);
  await using session = await openSwitch(method, options, command);
  for await (const flow of session.flowStats(filter)) {
    await output.write(options.json ? `${formatJson(flow)}\n` : ` ${formatFlow(flow)}\n`);
    if (output.gone.aborted) break;
  }
}
