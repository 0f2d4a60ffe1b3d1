import type { Command } from 'commander';
import { FlowMonitorFlag, type MessageInit, type Switch } from '../../ofp/index.ts';
import { formatMessage } from '../../ofp/text/index.ts';
import { EXIT_CODE_HELP } from '../exit-code.ts';
import type { TlsOptions } from '../tls-options.ts';
import { formatJson } from './json.ts';
import { PatientOutput, type TextOutput } from './output.ts';
import { addMethodArgument, METHOD_HELP, openSwitch } from './session.ts';
import { aborted, watch } from './watch.ts';

interface Options extends TlsOptions {
  readonly flows: boolean;
  readonly initial?: boolean;
  readonly timestamp?: boolean;
  readonly json?: boolean;
}

/** Adds `galago ofp monitor`. */
export function addMonitorCommand(group: Command, stdout: TextOutput): void {
  const command = addMethodArgument(
    group
      .command('monitor')
      .summary('print what a switch says, until a signal ends it')
      .description(
        'Prints what a switch says on its own as it comes, until a signal ends it: packets that are sent to the ' +
          'controller, ports that come, go and change, and every change to the flows.',
      ),
  )
    .option('--no-flows', 'not the changes to flows, which need a switch with flow monitors')
    .option('--initial', 'begin with the flows that are there')
    .option('--timestamp', 'begin each message with the time (UTC)')
    .option('--json', 'print a JSON object a line: bytes in hexadecimal, 64-bit numbers in quotes')
    .addHelpText('after', METHOD_HELP + EXAMPLES + EXIT_CODE_HELP);
  command.action((method: string, options: Options) => run(method, options, command, stdout));
}

const EXAMPLES = `
Examples:
  $ galago ofp monitor br0
  $ galago ofp monitor br0 --json | head -1
`;

type Show = (message: MessageInit) => void;

async function run(method: string, options: Options, command: Command, stdout: TextOutput): Promise<void> {
  using output = new PatientOutput(stdout);
  const show: Show = (message) => output.offer(textOf(message, options));
  await watch(output, async (signal) => {
    await using session = await openSwitch(method, options, command, { signal });
    showMessages(session, show);
    const lost = new Promise<never>((_, reject) => {
      session.once('close', ({ error }) => error && reject(error));
    });
    const flows = options.flows ? followFlows(session, options, show) : undefined;
    await Promise.race([lost, aborted(signal), ...(flows === undefined ? [] : [flows])]);
  });
}

function textOf(message: MessageInit, { json = false, timestamp = false }: Options): string {
  if (json) return `${formatJson(message)}\n`;
  const time = timestamp ? `${new Date().toISOString().replace('T', ' ').replace('Z', '')}: ` : '';
  return time + formatMessage(message);
}

/** The messages that nobody asked for, of every kind. */
function showMessages(session: Switch, show: Show): void {
  session.on('packetIn', show);
  session.on('packetIn2', show);
  session.on('portStatus', show);
  session.on('flowRemoved', show);
  session.on('roleStatus', show);
  session.on('experimenter', show);
  session.on('message', (message) => show(message as MessageInit));
}

const { INITIAL, ADD, DELETE, MODIFY, ACTIONS, OWN } = FlowMonitorFlag;

async function followFlows(session: Switch, { initial = false }: Options, show: Show): Promise<void> {
  const flags = ADD | DELETE | MODIFY | ACTIONS | OWN | (initial ? INITIAL : 0);
  for await (const event of session.flowMonitor({ flags })) {
    switch (event.type) {
      case 'paused':
      case 'resumed':
        show({ type: event.type === 'paused' ? 'onfFlowMonitorPaused' : 'onfFlowMonitorResumed' });
        break;
      default:
        show({ type: 'multipartReply', multipartType: 'onfFlowMonitor', body: [event] });
    }
  }
}
