import type { Command } from 'commander';
import { parseMethod } from '../../net/index.ts';
import { type ConnectSwitchOptions, connectSwitch, OPENFLOW_PORT, type Switch } from '../../ofp/index.ts';
import { runDirectory } from '../host/run-directory.ts';
import { addTlsOptions, readTls, type TlsOptions } from '../tls-options.ts';
import { checked } from '../values.ts';

/** The socket of a bridge that a name stands for: the one it is managed by, or the one it is watched through. */
export type BridgeSocket = 'mgmt' | 'snoop';

/** What METHOD may be, for help. */
export const METHOD_HELP = `
METHOD is tcp:HOST[:PORT], ssl:HOST[:PORT] or unix:PATH; or the name of a bridge of this machine, whose socket is in
/var/run/openvswitch, or where OVS_RUNDIR says.
`;

/** Adds the argument METHOD, and the options of its connection. */
export function addMethodArgument(command: Command): Command {
  command.argument('<method>', 'the switch', checked(parseSwitchMethod));
  return addTlsOptions(command, 'ssl:').helpOption('-h, --help', 'print this help');
}

/**
 * The connection method that METHOD is: itself, or the socket of the bridge of that name in Open vSwitch's run
 * directory; a path is that of a socket. As in ovs-ofctl(8).
 */
export function methodOf(text: string, socket: BridgeSocket = 'mgmt'): string {
  if (text.includes(':')) return text;
  if (text.includes('/')) return `unix:${text}`;
  return `unix:${runDirectory()}/${text}.${socket}`;
}

function parseSwitchMethod(text: string): void {
  parseMethod(methodOf(text), { defaultPort: OPENFLOW_PORT });
}

/** Connects to the switch that METHOD names. */
export function openSwitch(
  text: string,
  options: TlsOptions,
  command: Command,
  settings: ConnectSwitchOptions = {},
): Promise<Switch> {
  const method = methodOf(text);
  const tls = readTls([method], options, command);
  return connectSwitch(method, { ...settings, ...(tls && { tls }) });
}
