import type { SoftHost } from '../../../src/datapath/index.ts';
import type { Sim } from '../../../test/sim/index.ts';
import type { SimHost } from '../../../test/sim/sim-host.ts';
import { addressesOf, KEYS, PLANS, type Place } from '../network.ts';

/** A simulated container, and where it belongs. */
export type SimPlace = Place<
  { readonly name: string; readonly mac: string; readonly soft: SoftHost },
  SimHost
>;

/** The whole simulated network of the demo. */
export interface SimNetwork {
  readonly hosts: readonly SimHost[];
  readonly places: readonly SimPlace[];
}

/** Makes the hosts and containers that the real demo makes, none of which is real. */
export async function buildNetwork(sim: Sim): Promise<SimNetwork> {
  const h1 = await sim.addHost({ name: 'h1', address: '192.0.2.1' });
  const h2 = await sim.addHost({ name: 'h2', address: '192.0.2.2' });
  const hosts = { h1, h2 };
  const places: SimPlace[] = [];
  for (const [index, plan] of PLANS.entries()) {
    const { name, pod } = plan;
    const host = hosts[plan.host];
    const { ownIp, sharedIp } = addressesOf(plan, index + 1);
    const mac = plan.mac ?? `02:00:00:00:01:0${index + 1}`;
    const externalIds = { 'galago-pod': pod, 'galago-key': KEYS[pod] };
    const ip = [`${ownIp}/24`, `${sharedIp}/24`];
    const soft = await host.addContainer({ name, mac, ip, externalIds });
    places.push({ container: { name, mac, soft }, host, pod, ownIp, sharedIp });
  }
  return { hosts: [h1, h2], places };
}
