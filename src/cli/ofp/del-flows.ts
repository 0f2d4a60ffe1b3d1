import type { Command } from 'commander';
import type { FlowModInit, Switch } from '../../ofp/index.ts';
import { formatFlow } from '../../ofp/text/index.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import { print } from '../print.ts';
import type { TlsOptions } from '../tls-options.ts';
import { parseFilter, requestOf } from './filter.ts';
import { addMethodArgument, METHOD_HELP, openSwitch } from './session.ts';

interface Options extends TlsOptions {
  readonly strict?: boolean;
  readonly dryRun?: true;
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
    .option('--dry-run', 'print the flows that would be deleted, and delete none')
    .addHelpText('after', METHOD_HELP + EXAMPLES + EXIT_CODE_HELP);
  command.action((method: string, match: string | undefined, options: Options) =>
    run(method, match, options, command),
  );
}

const EXAMPLES = `
Examples:
  $ galago ofp del-flows br0 cookie=0x2a/-1
  $ galago ofp del-flows br0 tcp --dry-run
  $ galago ofp del-flows br0 --strict priority=5,tcp,tp_dst=80
`;

async function run(method: string, match = '', options: Options, command: Command): Promise<void> {
  const flow = parseFilter(match, options.strict ? 'deleteStrict' : 'delete', command);
  await using session = await openSwitch(method, options, command);
  if (!options.dryRun) return await session.sendAll([flow]);
  for await (const line of flowsTakenBy(flow, session)) print(command, line);
}

async function* flowsTakenBy(flow: FlowModInit, session: Switch): AsyncGenerator<string> {
  const isOnly = flow.command === 'deleteStrict';
  const own = keyOf(flow);
  for await (const found of session.flowStats(requestOf(flow)))
    if (!isOnly || keyOf(found) === own) yield formatFlow(found);
}

/** Tells flows of a table apart; the order of the fields does not matter. */
function keyOf({ match, priority }: Pick<FlowModInit, 'match' | 'priority'>): string {
  return formatFlow({
    type: 'flowMod',
    command: 'add',
    match: match ?? {},
    ...(priority !== undefined && { priority }),
  });
}
