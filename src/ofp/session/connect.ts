import { dial } from '../../net/dial.ts';
import { parseMethod } from '../../net/method.ts';
import type { TlsFiles } from '../../net/tls.ts';
import { OPENFLOW_PORT } from './server.ts';
import { Switch } from './switch.ts';
import type { SwitchOptions } from './switch-events.ts';

/** How {@link connectSwitch} dials; the rest applies to the session (OpenFlow 1.3.5, 6.3.1). */
export interface ConnectSwitchOptions extends SwitchOptions {
  /** The files of `ssl:`. */
  readonly tls?: TlsFiles;
  readonly signal?: AbortSignal;
  /** The time for the connection itself. Default 10000. */
  readonly timeoutMs?: number;
}

/**
 * Calls a switch: a bridge's own socket (`unix:/var/run/openvswitch/br0.mgmt`), or one whose controller is set to
 * `ptcp:` (`tcp:HOST:PORT`) (OpenFlow 1.3.5, 6.3.1).
 * @throws UsageError `NET_METHOD_INVALID`; ClosedError `NET_CONNECT_FAILED`; and as {@link Switch.open}
 */
export async function connectSwitch(method: string, options: ConnectSwitchOptions = {}): Promise<Switch> {
  const { tls, signal, timeoutMs } = options;
  const socket = await dial(parseMethod(method, { defaultPort: OPENFLOW_PORT }), {
    ...(tls && { tls }),
    ...(signal && { signal }),
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  return Switch.open(socket, options);
}
