import type { OpenFlowServer, Switch } from '../../src/ofp/index.ts';
import type { Host } from '../lab/index.ts';

/** The next switch that joins. */
export function nextSwitch(server: OpenFlowServer): Promise<Switch> {
  return new Promise((resolve) => server.once('switch', resolve));
}

/** Has the host's bridges reach the server as their controller at `tcp:127.0.0.1:6653`. */
export async function reachServer(host: Host, server: OpenFlowServer): Promise<void> {
  await host.importPort(Number(server.method!.split(':')[1]), 6653);
}

/** Has a bridge call the server, and waits for the session. */
export async function calledBy(host: Host, server: OpenFlowServer, bridge = host.bridge): Promise<Switch> {
  const joined = nextSwitch(server);
  await host.ovs.vsctl('set-controller', bridge, 'tcp:127.0.0.1:6653');
  return joined;
}
