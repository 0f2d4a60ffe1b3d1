import { type Container, eventually, type Host, type Lab } from '../../test/lab/index.ts';

/** A container of the demo, and where it belongs. */
export interface Place<C = Container, H = Host> {
  readonly container: C;
  readonly host: H;
  readonly pod: string;
  /** An address that no other container has, so that a reply from it tells who replied. */
  readonly ownIp: string;
  /** An address that a container of the other pod has as well. */
  readonly sharedIp: string;
}

/** The whole network of the demo. */
export interface DemoNetwork {
  readonly hosts: readonly Host[];
  readonly places: readonly Place[];
}

/** What is to be made. */
interface Plan {
  readonly name: string;
  readonly host: 'h1' | 'h2';
  readonly pod: 'blue' | 'green';
  /** The end of its address in its pod. */
  readonly number: number;
  readonly mac?: string;
}

/** Tunnel keys: a pod that is called by a name says its key. */
export const KEYS = { blue: '100', green: '200' } as const;
/** The same in both pods. */
const SHARED_MAC = '02:00:00:00:00:01';

/** The containers of the demo. */
export const PLANS: readonly Plan[] = [
  { name: 'blue1', host: 'h1', pod: 'blue', number: 1, mac: SHARED_MAC },
  { name: 'blue2', host: 'h1', pod: 'blue', number: 2 },
  { name: 'blue3', host: 'h2', pod: 'blue', number: 3 },
  { name: 'green1', host: 'h1', pod: 'green', number: 1, mac: SHARED_MAC },
  { name: 'green2', host: 'h2', pod: 'green', number: 2 },
  { name: 'green3', host: 'h2', pod: 'green', number: 3 },
];

/** The addresses of a container: its own, and the one that the other pod uses as well. */
export function addressesOf(
  { number }: Plan,
  ownNumber: number,
): { readonly ownIp: string; readonly sharedIp: string } {
  return { ownIp: `10.1.0.${ownNumber}`, sharedIp: `10.0.0.${number}` };
}

/** Makes two hosts on an underlay of their own, and six containers in two pods that use the same addresses. */
export async function buildNetwork(lab: Lab): Promise<DemoNetwork> {
  const [h1, h2] = await Promise.all([
    lab.addHost({ name: 'h1', address: '192.0.2.1/24' }),
    lab.addHost({ name: 'h2', address: '192.0.2.2/24' }),
  ]);
  const hosts = { h1, h2 };
  const places = await Promise.all(PLANS.map((plan, index) => addPlace(hosts[plan.host], plan, index + 1)));
  for (const { ovs, ip } of [h1, h2])
    await ovs.vsctl('set', 'Open_vSwitch', '.', `external_ids:galago-local-ip=${ip}`);
  // The first packet to a neighbour that the underlay does not know yet is lost, whoever sends it.
  await eventually(async () => (await h1.ping(h2.ip)).received > 0, { what: 'the underlay' });
  return { hosts: [h1, h2], places };
}

async function addPlace(host: Host, plan: Plan, ownNumber: number): Promise<Place> {
  const { name, pod, mac } = plan;
  const { ownIp, sharedIp } = addressesOf(plan, ownNumber);
  const container = await host.addContainer({
    name,
    address: [`${ownIp}/24`, `${sharedIp}/24`],
    externalIds: { 'galago-pod': pod, 'galago-key': KEYS[pod] },
    ...(mac !== undefined && { mac }),
  });
  return { container, host, pod, ownIp, sharedIp };
}
