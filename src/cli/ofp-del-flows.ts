import type { Command } from 'commander';
import { EXIT_CODE_HELP } from './exit-code.ts';
import { parseFilter } from './ofp-filter.ts';
import { addMethodArgument, METHOD_HELP, openSwitch } from './ofp-session.ts';
import type { TlsOptions } from './tls-options.ts';

interface Options extends TlsOptions {
  readonly strict?: boolean;
}

/** Adds `galago ofp del-flows`. */
export function addDelFlowsCommand(group: Command): void {
  const command = addMethodArgument(
    group
      .command('del-flows')
      .summary('delete flows of a switch')
      .description(
        'Deletes the flows that a match takes, all of them without one, and waits until they are gone.',
      ),
  )
    .argument(
      '[match]',
      'only flows that this takes: a match, table=N, cookie=C/MASK, out_port=P, out_group=G',
    )
    .option('--strict', 'only the flow of just this match and priority')
    .addHelpText('after', METHOD_HELP + EXAMPLES + EXIT_CODE_HELP);
  command.action((method: string, match: string | undefined, options: Options) =>
    run(method, match, options, command),
  );
}

const EXAMPLES = `
Examples:
  $ galago ofp del-flows br0 cookie=0x2a/-1
  $ galago ofp del-flows br0 --strict priority=5,tcp,tp_dst=80
`;

async function run(method: string, match = '', options: Options, command: Command): Promise<void> {
  const flow = parseFilter(match, options.strict ? 'deleteStrict' : 'delete', command);
  await using session = await openSwitch(method, options, command);
  await session.sendAll([flow]);
}
