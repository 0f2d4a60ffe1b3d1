import { type Container, eventually, type Host } from '../lab/index.ts';

/** A frame: where it goes, where it comes from, and what follows. */
export interface Frame {
  readonly to: string;
  readonly from: string;
  /** VLAN ids of its tags. Default none. */
  readonly vlans?: readonly number[];
  /** Bytes behind its head. Default 64. */
  readonly size?: number;
  /** Ends it where its first tag should begin. */
  readonly cutOff?: boolean;
}

/** A tunnel: the key of a frame in it, and the address where it ends. */
export interface TunnelEnd {
  readonly key: number;
  readonly to: string;
}

/** Where a frame comes in. */
export interface Sender {
  readonly host: Host;
  readonly inPort: number;
}

/** Has a bridge take a frame as if it had come in at a port, whoever is behind that. */
export async function inject(host: Host, inPort: number, frame: Frame): Promise<void> {
  await packetOut(host, `${inPort}`, frame, 'table');
}

/** Has a bridge take bytes as if they had come in at a port. */
export async function injectBytes(host: Host, inPort: number, bytes: Uint8Array): Promise<void> {
  const packet = Buffer.from(bytes).toString('hex');
  await host.ovs.ofctl('packet-out', host.bridge, `in_port=${inPort} packet=${packet} actions=table`);
}

/** Has a bridge send a frame into a tunnel, whatever its flows say. */
export async function sendInto(
  host: Host,
  port: number,
  { key, to }: TunnelEnd,
  frame: Frame,
): Promise<void> {
  const actions = `set_field:${key}->tun_id,set_field:${to}->tun_dst,output:${port}`;
  await packetOut(host, 'local', frame, actions);
}

/**
 * How many frames each of some containers receives of those that `act` sends. Before and after it, a frame goes from
 * each of the `last` senders to everybody, which is not counted, but tells that those before it have been dealt with.
 * Every container has to receive one of them.
 */
export async function arrivals(
  containers: readonly Container[],
  last: readonly Sender[],
  act: () => Promise<void>,
): Promise<number[]> {
  const before = await flush(containers, last);
  await act();
  const after = await flush(containers, last);
  return after.map(({ packets }, i) => packets - before[i]!.packets - 1);
}

async function packetOut(host: Host, inPort: string, frame: Frame, actions: string): Promise<void> {
  const { to, from, vlans = [], size = 64, cutOff = false } = frame;
  const tags = vlans.map((vlan) => `8100${vlan.toString(16).padStart(4, '0')}`).join('');
  const rest = cutOff ? '8100' : tags + EXPERIMENTAL + '00'.repeat(size);
  const packet = `${to}${from}`.replaceAll(':', '') + rest;
  await host.ovs.ofctl('packet-out', host.bridge, `in_port=${inPort} packet=${packet} actions=${actions}`);
}

/** What the containers have received when everything that was sent has arrived. */
async function flush(containers: readonly Container[], last: readonly Sender[]): Promise<Received[]> {
  const before = await Promise.all(containers.map(received));
  for (const { host, inPort } of last)
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
