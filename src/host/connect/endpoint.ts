import { createHash } from 'node:crypto';

/** `external_ids` keys that are written. */
export const EndpointKey = {
  POD: 'galago-pod',
  KEY: 'galago-key',
  MAC: 'galago-mac',
  IP: 'galago-ip',
  /** Written by the controller, all three. */
  LEASE: 'galago-lease',
  LEASE_UNTIL: 'galago-lease-until',
  CONFLICT: 'galago-conflict',
  OWNER: 'galago-owner',
  CONTAINER: 'galago-container',
  NAME: 'galago-name',
  IFNAME: 'galago-ifname',
  NETNS: 'galago-netns',
  GATEWAY: 'galago-gateway',
  DEFAULT_ROUTE: 'galago-default-route',
  MTU: 'galago-mtu',
} as const;

/** What `galago-owner` says of ports that containers were connected by. */
export const EndpointOwner = {
  /** By a command: until a command disconnects them. */
  CONNECT: 'connect',
  /** Because of their labels: for as long as they run. */
  LABELS: 'labels',
} as const;
/** One of {@link EndpointOwner}. */
export type EndpointOwner = (typeof EndpointOwner)[keyof typeof EndpointOwner];

/** A pod, by name and tunnel key. */
export interface PodLabel {
  readonly name: string;
  readonly key: number;
  /** True when the key does not follow from the name, and has to be written beside it. */
  readonly isKeyNeeded: boolean;
}

/** What an endpoint is like, whatever the state of its container. */
export interface EndpointSettings {
  readonly pod: PodLabel;
  /** `dhcp`, or an address with its prefix length. */
  readonly ip: string;
  readonly mac: string;
  /** Its name in the container. */
  readonly ifname: string;
  readonly isInternal: boolean;
  /** The next hop of its default route; undefined when it is given none. */
  readonly gateway: string | undefined;
  /** Whether that takes the place of the default route that the container has. */
  readonly replacesDefaultRoute: boolean;
  /** Undefined for what the network between the hosts has left beside the tunnel. */
  readonly mtu: number | undefined;
}

/** An endpoint as the database has it. */
export interface Endpoint {
  /** The name of the port, the same as on the host for a veth. */
  readonly port: string;
  readonly bridge: string;
  /** Undefined while the switch has not opened it, or could not. */
  readonly ofport: number | undefined;
  readonly error: string | undefined;
  readonly isInternal: boolean;
  readonly externalIds: ReadonlyMap<string, string>;
}

/** The `external_ids` of an endpoint that was connected. */
export function endpointIds(
  settings: EndpointSettings,
  target: { readonly container: string; readonly name: string; readonly inode: string },
  owner: EndpointOwner = EndpointOwner.CONNECT,
): ReadonlyMap<string, string> {
  const { pod, ip, mac, ifname, gateway, replacesDefaultRoute, mtu } = settings;
  return new Map([
    [EndpointKey.POD, pod.name],
    ...(pod.isKeyNeeded ? [[EndpointKey.KEY, `${pod.key}`] as const] : []),
    [EndpointKey.MAC, mac],
    [EndpointKey.IP, ip],
    [EndpointKey.OWNER, owner],
    [EndpointKey.CONTAINER, target.container],
    [EndpointKey.NAME, target.name],
    [EndpointKey.IFNAME, ifname],
    [EndpointKey.NETNS, target.inode],
    ...(gateway === undefined ? [] : [[EndpointKey.GATEWAY, gateway] as const]),
    ...(mtu === undefined ? [] : [[EndpointKey.MTU, `${mtu}`] as const]),
    ...(replacesDefaultRoute ? [[EndpointKey.DEFAULT_ROUTE, 'replace'] as const] : []),
  ]);
}

/** The IP addresses that an endpoint has, by its labels or a lease, without prefix lengths. */
export function addressesOf({ externalIds }: Endpoint): readonly string[] {
  const texts = [externalIds.get(EndpointKey.IP) ?? '', externalIds.get(EndpointKey.LEASE) ?? ''];
  const words = texts.flatMap((text) => text.split(/[\s,]+/)).map((text) => text.split('/', 1)[0]!);
  return words.filter((word) => word !== '' && word !== 'dhcp');
}

/**
 * The name of an endpoint's port: the same each time, so that what an interrupted `connect` has left is found again,
 * and within the 15 characters that an interface's name may have.
 */
export function portName(container: string, ifname: string): string {
  return `gal-${createHash('sha256').update(`${container} ${ifname}`).digest('hex').slice(0, 10)}`;
}

/** True for what {@link portName} makes. */
export function isPortName(name: string): boolean {
  return /^gal-[0-9a-f]{10}$/.test(name);
}

/** True when an endpoint is that container's: by name, or by its id or the first 12 digits or more of it. */
export function isEndpointOf({ externalIds }: Endpoint, text: string): boolean {
  const container = externalIds.get(EndpointKey.CONTAINER) ?? '';
  if (container === text || externalIds.get(EndpointKey.NAME) === text) return true;
  const id = text.replace(/^docker:/, '');
  if (externalIds.get(EndpointKey.NAME) === id) return container.startsWith('docker:');
  return id.length >= 12 && container.startsWith(`docker:${id}`);
}

/** True for endpoints that were made for a container, by whomever. */
export function isConnected({ externalIds }: Endpoint): boolean {
  const owner = externalIds.get(EndpointKey.OWNER);
  return Object.values(EndpointOwner).some((known) => known === owner);
}
