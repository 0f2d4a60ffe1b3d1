import { type Container, eventually, type Host } from '../lab/index.ts';

/** A frame: where it goes, where it comes from, and what follows. */
export interface Frame {
  readonly to: string;
  readonly from: string;
  /** VLAN ids of its tags. Default none. */
  readonly vlans?: readonly number[];
  /** Bytes behind its head. Default 64. */
  readonly size?: number;
}

/** Has a bridge take a frame as if it had come in at a port, whoever is behind that. */
export async function inject(
  host: Host,
  inPort: number,
  { to, from, vlans = [], size = 64 }: Frame,
): Promise<void> {
  const tags = vlans.map((vlan) => `8100${vlan.toString(16).padStart(4, '0')}`).join('');
  const packet = `${to}${from}`.replaceAll(':', '') + tags + EXPERIMENTAL + '00'.repeat(size);
  await host.ovs.ofctl('packet-out', host.bridge, `in_port=${inPort} packet=${packet} actions=table`);
}

/**
 * How many frames each of some containers receives of those that `act` sends. Before and after it, a frame goes from
 * port `inPort` to everybody, which is not counted, but tells that those before it have been dealt with.
 */
export async function arrivals(
  host: Host,
  containers: readonly Container[],
  inPort: number,
  act: () => Promise<void>,
): Promise<number[]> {
  const before = await flush(host, containers, inPort);
  await act();
  const after = await flush(host, containers, inPort);
  return after.map(({ packets }, i) => packets - before[i]!.packets - 1);
}

/** What the containers have received when everything that was sent has arrived. */
async function flush(host: Host, containers: readonly Container[], inPort: number): Promise<Received[]> {
  const before = await Promise.all(containers.map(received));
  await inject(host, inPort, { to: 'ff:ff:ff:ff:ff:ff', from: LAST_SENDER, size: LAST_SIZE });
  return eventually(
    async () => {
      const after = await Promise.all(containers.map(received));
      return after.every(({ bytes }, i) => bytes - before[i]!.bytes >= LAST_SIZE) && after;
    },
    { what: 'the last frame' },
  );
}

interface Received {
  readonly packets: number;
  readonly bytes: number;
}

async function received(container: Container): Promise<Received> {
  const [link] = JSON.parse(await container.exec('ip', ['-s', '-j', 'link', 'show', 'dev', 'eth0']));
  return link.stats64.rx;
}

/** An Ethernet type that nobody listens to (IEEE 802, local experiments). */
const EXPERIMENTAL = '88b5';
const LAST_SENDER = '02:00:00:00:ff:01';
/** More than all other frames have together. */
const LAST_SIZE = 1300;
