import { ipBatch } from './ip-batch.ts';
import { isIpv6, setIpv6 } from './ipv6.ts';
import { NetworkNamespace } from './network-namespace.ts';
import { run } from './run.ts';
import { contextOf, netnsOf, type Scope } from './scope.ts';
import { type TransferResult, transfer } from './transfer.ts';

/** A container of a {@link Host}. */
export interface ContainerOptions {
  /** Unique in the lab; also the name of its interface on the host. At most 15 characters. */
  readonly name: string;
  /** With prefix length: `10.0.0.1/24`. More than one may be given, of either family; none is possible too. */
  readonly address?: string | readonly string[];
  /** Default: `02:00:00:00:HH:CC`, with the numbers of the host in the lab and of the container on the host. */
  readonly mac?: string;
  /** Recorded as `external_ids:galago-pod` of its interface in OVSDB. Default: none. */
  readonly pod?: string;
  /** Further `external_ids` of its interface. */
  readonly externalIds?: Readonly<Record<string, string>>;
  /** The bridge that it is a port of; false leaves its interface on the host to the test. Default: the host's. */
  readonly bridge?: string | false;
  /** The OpenFlow port number to ask for. Default: whatever the switch assigns. */
  readonly ofport?: number;
  /** Default 1400 on a host with an underlay, which leaves room for every encapsulation; else 1500. */
  readonly mtu?: number;
  /** The default route's next hop. Default: no default route. */
  readonly gateway?: string;
  /** Default: true when one of its addresses is an IPv6 address. */
  readonly ipv6?: boolean;
}

/** {@link ContainerOptions} with what the host adds. */
export interface ContainerPlace {
  /** The host's name. */
  readonly host: string;
  readonly mac: string;
  readonly mtu: number;
  /** Puts the interface on a bridge, and returns its OpenFlow port number. */
  readonly attach: (port: string) => Promise<number>;
}

/** A container as its network sees it: a network namespace with an interface `eth0`, linked to a bridge. */
export class Container extends NetworkNamespace {
  /** With prefix lengths. */
  readonly addresses: readonly string[];
  /** The first address, without its prefix length; empty when there is none. */
  readonly ip: string;
  readonly mac: string;
  readonly pod: string | undefined;
  /** The name of its interface on the host, and in OVSDB. */
  readonly port: string;
  /** The OpenFlow port number; 0 when it is on no bridge. */
  readonly ofport: number;

  /** {@link Host.addContainer} is the way to call it. */
  static async create(scope: Scope, options: ContainerOptions, place: ContainerPlace): Promise<Container> {
    const { name } = options;
    const addresses = listOf(options.address);
    const inside = contextOf(scope, name);
    await makeLink(scope, name, place);
    await setIpv6(inside, options.ipv6 ?? addresses.some(isIpv6), ['eth0']);
    // A veth leaves checksums to hardware that is not there, and the userspace datapath does not fill them in.
    await run('ethtool', ['-K', 'eth0', 'tx', 'off'], inside);
    // An IPv6 address of a port comes into use seconds later, with a route. When routes change, Open vSwitch reads all of
    // them anew, and flows that its userspace datapath revalidates meanwhile find no way into tunnels.
    const outer = ['link', 'set', 'dev', name, 'addrgenmode', 'none', 'up'];
    await Promise.all([
      ipBatch([outer], contextOf(scope, place.host)),
      ipBatch(bringUp(addresses, options.gateway), inside),
    ]);
    return new Container(scope, options, place.mac, await place.attach(name));
  }

  private constructor(scope: Scope, options: ContainerOptions, mac: string, ofport: number) {
    super(scope, options.name);
    this.addresses = listOf(options.address);
    this.ip = hostPart(this.addresses[0] ?? '');
    this.mac = mac;
    this.pod = options.pod;
    this.port = options.name;
    this.ofport = ofport;
  }

  /**
   * Sends random bytes to another container over TCP, from `eth0` to `eth0`, and verifies a checksum.
   * @throws LabError `LAB_TRANSFER_CORRUPT`; `LAB_SOCKET_FAILED` when the connection is refused.
   * @throws TimeoutError `LAB_SOCKET_TIMEOUT` without a connection within `timeoutMs` (default 30000),
   * `LAB_TRANSFER_TIMEOUT` when the bytes have not arrived by then.
   */
  async tcpTransfer(
    to: Container,
    bytes: number,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<TransferResult> {
    const { timeoutMs = 30_000 } = options;
    const server = await to.listen({ host: to.ip, port: 0 });
    const { port } = server.address() as { port: number };
    return transfer(server, () => this.connect({ host: to.ip, port }, { timeoutMs }), bytes, timeoutMs);
  }
}

/** An address without its prefix length. */
export function hostPart(address: string): string {
  return address.split('/', 1)[0]!;
}

/** One, several or no addresses as a list. */
export function listOf(address: string | readonly string[] | undefined): readonly string[] {
  return [address ?? []].flat();
}

async function makeLink(scope: Scope, name: string, { host, mac, mtu }: ContainerPlace): Promise<void> {
  const end = ['link', 'add', 'name', name, 'netns', netnsOf(scope, host), 'mtu', `${mtu}`, 'type', 'veth'];
  const peer = ['peer', 'name', 'eth0', 'netns', netnsOf(scope, name), 'address', mac, 'mtu', `${mtu}`];
  await ipBatch(
    [
      ['netns', 'add', netnsOf(scope, name)],
      [...end, ...peer],
    ],
    contextOf(scope),
  );
}

function bringUp(addresses: readonly string[], gateway: string | undefined): string[][] {
  return [
    ['link', 'set', 'dev', 'lo', 'up'],
    ...addresses.map((address) => ['address', 'add', address, 'dev', 'eth0']),
    ['link', 'set', 'eth0', 'up'],
    ...(gateway === undefined ? [] : [['route', 'add', 'default', 'via', gateway]]),
  ];
}
