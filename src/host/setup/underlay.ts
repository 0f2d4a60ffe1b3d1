import { UsageError } from '../../util/errors.ts';
import { familyOf, readTunnelAddress } from '../../util/tunnel-address.ts';
import type { HostDatabase } from '../database.ts';
import { isVswitchRow } from '../slots/vswitch-labels.ts';
import type { Link } from '../system/ip.ts';
import { UPLINK_BRIDGE } from './uplink.ts';

/** The network between the hosts, as this one is on it. */
interface Underlay {
  /** Where tunnels to this host end. */
  readonly localIp: string;
  /** Largest packet, in bytes. */
  readonly mtu: number;
}

/** What is known of it. */
interface UnderlayQuestion {
  /** Undefined when it is to be found. */
  readonly localIp: string | undefined;
  /** The bridge for containers, which is no way to other hosts. */
  readonly bridge: string;
  readonly isUserspace: boolean;
  /** The device whose place a bridge takes, or has taken. */
  readonly uplink: string | undefined;
}

/**
 * Finds the link that tunnels leave by.
 * @throws UsageError `HOST_LOCAL_IP_INVALID`, `HOST_UNDERLAY_INVALID`
 */
export function findUnderlay(db: HostDatabase, links: readonly Link[], question: UnderlayQuestion): Underlay {
  const { localIp: asked, bridge, isUserspace, uplink } = question;
  const all = links
    .filter(({ name }) => (uplink === undefined ? name !== bridge : [uplink, UPLINK_BRIDGE].includes(name)))
    .flatMap((link) => link.addresses.map((address) => ({ link, ip: address.split('/', 1)[0]! })));
  const found = asked === undefined ? candidates(db, all) : all.filter(({ ip }) => ip === asked);
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw invalidLocalIp(
      asked,
      found.map(({ ip }) => ip),
    );
  if (isUserspace && uplink === undefined) requireUserspaceBridge(db, first.link, first.ip);
  return { localIp: first.ip, mtu: first.link.mtu };
}

interface AddressOfLink {
  readonly link: Link;
  readonly ip: string;
}

/** A virtual switch is of this host alone; IPv6 addresses come into question where there is no IPv4. */
function candidates(db: HostDatabase, all: readonly AddressOfLink[]): readonly AddressOfLink[] {
  const vswitches = db.bridges.filter(isVswitchRow).map(({ name }) => name);
  const possible = all.filter((one) => isCandidate(one) && !vswitches.includes(one.link.name));
  const ipv4 = possible.filter(({ ip }) => familyOf(ip) === 4);
  return ipv4.length > 0 ? ipv4 : possible;
}

/** Loopback, link-local addresses and the bridges of container engines lead to no other host. */
function isCandidate({ link: { name }, ip }: AddressOfLink): boolean {
  const isLocal = ip.startsWith('169.254.') || readTunnelAddress(ip) === undefined;
  return !isLocal && !/^(docker|br-[0-9a-f]{12}$|virbr|cni|podman)/.test(name);
}

function invalidLocalIp(asked: string | undefined, found: readonly string[]): UsageError {
  if (asked !== undefined) {
    const message = `${asked} is not an address of this host: --local-ip says where its tunnels end`;
    return new UsageError('HOST_LOCAL_IP_INVALID', message);
  }
  const several =
    found.length > 1 ? `at one of ${found.join(', ')}` : 'nowhere: it has no address that others could reach';
  const message = `tunnels to this host could end ${several}; say it with --local-ip`;
  return new UsageError('HOST_LOCAL_IP_INVALID', message);
}

/** In the userspace datapath, tunnel packets leave by a bridge of Open vSwitch that has the address, or not at all. */
function requireUserspaceBridge(db: HostDatabase, { name }: Link, ip: string): void {
  if (db.bridge(name)?.datapath_type === 'netdev') return;
  const message =
    `with --usermode, tunnels leave only by a bridge of Open vSwitch, and ${ip} is on ${name}: add --uplink ${name} ` +
    'to have a bridge take its place';
  throw new UsageError('HOST_UNDERLAY_INVALID', message);
}
