import { UsageError } from '../../util/errors.ts';
import { isLinkLocalIpv6 } from '../../util/ip.ts';
import { familyOf } from '../../util/tunnel-address.ts';
import { runCommand } from '../system/command.ts';
import type { IpCommand } from '../system/ip.ts';

/** The addresses of a device and the routes over it, so that another device can be given the same. */
export interface Addressing {
  readonly addresses: readonly DeviceAddress[];
  readonly routes: readonly DeviceRoute[];
}

interface DeviceAddress {
  /** With its prefix length, and with its peer's address where it has one: what tells it from the others. */
  readonly key: readonly string[];
  /** Everything else, as `ip address add` takes it. */
  readonly rest: readonly string[];
  /** What its label has after the device's name; undefined when it has none of its own. */
  readonly label?: string;
}

interface DeviceRoute {
  /** What `ip route add` takes, apart from the device and what follows. */
  readonly words: readonly string[];
  /** Seconds left. */
  readonly expires?: number;
}

/**
 * Reads the addresses of a device and the routes over it, from what `ip -N -json -details` prints of the device's
 * addresses and of all routes. Link-local IPv6 addresses are left out: the kernel gives each device its own.
 * @throws UsageError `HOST_UPLINK_INVALID` for what another device cannot be given just so
 */
export function parseAddressing(
  device: string,
  addresses: readonly IpAddress[],
  routes: readonly IpRoute[],
): Addressing {
  const all = addresses.filter(({ family, local }) => family === 'inet' || !isLinkLocalIpv6(local));
  // The kernel makes those that serve privacy anew from the others.
  const own = all.filter(({ temporary }) => temporary !== true);
  const isManual = own.some(({ noprefixroute }) => noprefixroute === true);
  const over = routes.filter((route) => isOver(route, device));
  const kept = over.filter(({ protocol, table, dst }) => {
    const isAutomatic = protocol === KERNEL && !isManual;
    return table !== LOCAL_TABLE && !isAutomatic && !(dst === 'fe80::/64' && protocol === KERNEL);
  });
  return {
    // The kernel lists the newest IPv6 address first, and the oldest of IPv4.
    addresses: [
      ...own.filter(({ family }) => family === 'inet'),
      ...own.filter(({ family }) => family === 'inet6').reverse(),
    ].map((address) => readAddress(device, address)),
    routes: kept.map((route) => readRoute(device, route)).sort(nearFirst),
  };
}

/** Reads the addressing of a device of this machine. @throws as parseAddressing; HostError as runCommand */
export async function readAddressing(device: string): Promise<Addressing> {
  const ip = async (...args: readonly string[]) => {
    const printed = await runCommand('ip', ['-N', '-json', '-details', ...args]);
    return printed.trim() === '' ? [] : JSON.parse(printed);
  };
  const [links, ipv4, ipv6] = await Promise.all([
    ip('address', 'show', 'dev', device),
    ip('-4', 'route', 'show', 'table', 'all'),
    ip('-6', 'route', 'show', 'table', 'all'),
  ]);
  const addresses = (links as readonly { readonly addr_info?: readonly IpAddress[] }[])[0]?.addr_info ?? [];
  return parseAddressing(device, addresses, [...ipv4, ...ipv6]);
}

/** The commands that give a device an addressing that it has nothing of yet. */
export function addCommands(device: string, { addresses, routes }: Addressing): readonly IpCommand[] {
  const seen = new Set<string>();
  return [
    ...addresses.map(({ key, rest, label }) => {
      const named = label === undefined ? [] : ['label', `${device}${label}`];
      return ['address', 'replace', ...key, ...rest, 'dev', device, ...named];
    }),
    ...routes.map(({ words, expires }) => {
      const id = words
        .filter((_, i) => i === 0 || words[i - 1] === 'table' || words[i - 1] === 'metric')
        .join(' ');
      // There may be several routers for one destination.
      const verb = seen.has(id) ? 'append' : 'replace';
      seen.add(id);
      return [
        'route',
        verb,
        ...words,
        'dev',
        device,
        ...(expires === undefined ? [] : ['expires', `${expires}`]),
      ];
    }),
  ];
}

/** The commands that take an addressing from a device; those for what it has not got fail. */
export function removeCommands(device: string, { addresses, routes }: Addressing): readonly IpCommand[] {
  return [
    ...[...routes].reverse().map(({ words }) => ['route', 'delete', ...words, 'dev', device]),
    ...[...addresses].reverse().map(({ key }) => ['address', 'delete', ...key, 'dev', device]),
  ];
}

/** For people: `192.0.2.1/24, 2001:db8::1/64 and 2 routes`. */
export function describeAddressing({ addresses, routes }: Addressing): string {
  const names = addresses.map(({ key }) => key.join(' ')).join(', ') || 'no address';
  return routes.length === 0 ? names : `${names} and ${routes.length} route${routes.length === 1 ? '' : 's'}`;
}

/** An address as `ip -json address` prints it, as far as it is looked at. */
export interface IpAddress {
  readonly family: string;
  readonly local: string;
  readonly prefixlen: number;
  /** That of the peer. */
  readonly address?: string;
  readonly broadcast?: string;
  readonly scope?: string;
  readonly label?: string;
  readonly metric?: number;
  readonly dynamic?: boolean;
  readonly temporary?: boolean;
  readonly noprefixroute?: boolean;
  readonly nodad?: boolean;
  readonly mngtmpaddr?: boolean;
  readonly home?: boolean;
  readonly valid_life_time?: number;
  readonly preferred_life_time?: number;
}

/** A route as `ip -N -json -details route` prints it. */
export interface IpRoute {
  readonly type: string;
  readonly dst: string;
  readonly dev?: string;
  readonly gateway?: string;
  readonly via?: { readonly family: string; readonly host: string };
  readonly table?: string;
  readonly protocol?: string;
  readonly scope?: string;
  readonly prefsrc?: string;
  readonly metric?: number;
  readonly flags?: readonly string[];
  readonly metrics?: readonly Readonly<Record<string, number>>[];
  readonly expires?: number;
  readonly pref?: string;
  readonly nexthops?: readonly { readonly dev?: string }[];
}

function isOver({ dev, nexthops = [] }: IpRoute, device: string): boolean {
  return dev === device || nexthops.some((hop) => hop.dev === device);
}

function readAddress(device: string, address: IpAddress): DeviceAddress {
  const { family, local, prefixlen, valid_life_time = FOREVER, preferred_life_time = FOREVER } = address;
  if (address.dynamic === true && (family === 'inet' || prefixlen === 128)) {
    throw leased(device, `${local}/${prefixlen}`);
  }
  const word = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [name, `${value}`];
  const flags = (['home', 'mngtmpaddr', 'nodad', 'noprefixroute'] as const).filter(
    (flag) => address[flag] === true,
  );
  const key =
    address.address === undefined
      ? [`${local}/${prefixlen}`]
      : [local, 'peer', `${address.address}/${prefixlen}`];
  const { label = device } = address;
  return {
    key,
    rest: [
      ...word('broadcast', address.broadcast),
      ...word('metric', address.metric),
      ...word('scope', address.scope),
      ...(valid_life_time === FOREVER ? [] : word('valid_lft', valid_life_time)),
      ...(preferred_life_time === FOREVER ? [] : word('preferred_lft', preferred_life_time)),
      ...flags,
    ],
    ...(label.startsWith(`${device}:`) && { label: label.slice(device.length) }),
  };
}

function readRoute(device: string, route: IpRoute): DeviceRoute {
  const { dst, gateway, via, metrics = [], flags = [], expires } = route;
  const strange =
    (route.type === UNICAST ? undefined : `type ${route.type}`) ??
    Object.keys(route).find((key) => !ROUTE_KEYS.has(key)) ??
    flags.find((flag) => !ROUTE_FLAGS.has(flag)) ??
    metrics.flatMap(Object.keys).find((key) => !ROUTE_METRICS.has(key));
  if (strange !== undefined) {
    const message = `the route to ${dst} over ${device} cannot be moved: it has '${strange}'; delete it first`;
    throw new UsageError('HOST_UPLINK_INVALID', message);
  }
  const isIpv6 =
    dst === 'default'
      ? gateway !== undefined
        ? familyOf(gateway) === 6
        : route.pref !== undefined
      : dst.includes(':');
  const everywhere = isIpv6 ? '::/0' : '0.0.0.0/0';
  const word = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [name, `${value}`];
  const words = [
    dst === 'default' ? everywhere : dst,
    ...word('via', gateway),
    ...(via === undefined ? [] : ['via', via.family, via.host]),
    ...word('table', route.table),
    ...word('proto', route.protocol),
    ...(isIpv6 ? [] : word('scope', route.scope)),
    ...word('src', route.prefsrc),
    ...word('metric', route.metric),
    ...metrics.flatMap((each) => Object.entries(each).flatMap(([name, value]) => [name, `${value}`])),
    ...(isIpv6 ? word('pref', route.pref) : []),
    ...(flags.includes('onlink') ? ['onlink'] : []),
  ];
  return { words, ...(expires !== undefined && { expires }) };
}

/** Routers have to be reachable before anything can go by them. */
function nearFirst(a: DeviceRoute, b: DeviceRoute): number {
  return Number(a.words.includes('via')) - Number(b.words.includes('via'));
}

/** Both ways of going on: whoever renews it must know of the bridge, or nobody may. */
function leased(device: string, address: string): UsageError {
  const keep = `ip address change ${address} dev ${device} valid_lft forever preferred_lft forever`;
  const message =
    `${address} on ${device} is leased, and its DHCP client would go on renewing it there: have the client look after ` +
    `a bridge of yours that ${device} is in, without --uplink; or end it, and keep the address: ${keep}`;
  return new UsageError('HOST_UPLINK_INVALID', message);
}

/** What a route may have for {@link readRoute} to know all of it. */
const ROUTE_KEYS: ReadonlySet<string> = new Set([
  ...['type', 'dst', 'dev', 'gateway', 'via', 'table', 'protocol', 'scope', 'prefsrc', 'metric', 'flags'],
  ...['metrics', 'expires', 'pref'],
]);
/** The others than `onlink` say how the device is, not the route. */
const ROUTE_FLAGS: ReadonlySet<string> = new Set(['onlink', 'linkdown', 'dead', 'offload', 'trap']);
const ROUTE_METRICS: ReadonlySet<string> = new Set(['mtu', 'advmss', 'hoplimit', 'initcwnd', 'initrwnd']);
/** RTN_UNICAST, RTPROT_KERNEL, RT_TABLE_LOCAL (rtnetlink(7)). */
const UNICAST = '1';
const KERNEL = '2';
const LOCAL_TABLE = '255';
/** How `ip` prints that an address has no end. */
const FOREVER = 0xffff_ffff;
