import { UsageError } from '../../util/errors.ts';
import type { NamespaceState } from '../system/ip.ts';
import { addressesOf, type Endpoint, EndpointKey, type EndpointSettings, endpointIds } from './endpoint.ts';
import type { Target } from './target.ts';

/** Whether an endpoint still is in the container that it was connected to, with all that belongs to it. */
export function isAlive(
  { externalIds, ofport, isInternal }: Endpoint,
  target: Target,
  inside: NamespaceState,
): boolean {
  const link = inside.links.find(({ name }) => name === externalIds.get(EndpointKey.IFNAME));
  const ip = externalIds.get(EndpointKey.IP);
  return (
    ofport !== undefined &&
    externalIds.get(EndpointKey.NETNS) === target.inode &&
    link?.isUp === true &&
    (isInternal || link.kind === 'veth') &&
    link.mac === externalIds.get(EndpointKey.MAC) &&
    (inside.hasDefaultRoute || !externalIds.has(EndpointKey.GATEWAY) || ip?.includes(':') === true) &&
    (ip === 'dhcp' || (ip !== undefined && link.addresses.includes(ip)))
  );
}

/** What {@link requireSame} compares with. */
interface Wanted {
  readonly settings: EndpointSettings;
  readonly target: Target;
  readonly bridge: { readonly name: string };
}

/**
 * The same again is nothing to do; anything else takes a disconnect, so that nothing is cut off unawares.
 * @throws UsageError `HOST_ENDPOINT_EXISTS`
 */
export function requireSame(recorded: Endpoint, { settings, target, bridge }: Wanted): void {
  const wanted = endpointIds(settings, target);
  const differing = Object.values(EndpointKey)
    .filter((key) => !NOT_SETTINGS.some((other) => other === key))
    .find((key) => wanted.get(key) !== recorded.externalIds.get(key));
  if (
    differing === undefined &&
    recorded.isInternal === settings.isInternal &&
    recorded.bridge === bridge.name
  ) {
    return;
  }
  const { externalIds } = recorded;
  const has = `${externalIds.get(EndpointKey.IP)} in pod '${externalIds.get(EndpointKey.POD)}'`;
  const message = `${settings.ifname} of '${target.name}' is connected already, as ${has}: disconnect it first`;
  throw new UsageError('HOST_ENDPOINT_EXISTS', message);
}

const NOT_SETTINGS = [
  EndpointKey.NAME,
  EndpointKey.OWNER,
  EndpointKey.LEASE,
  EndpointKey.LEASE_UNTIL,
  EndpointKey.CONFLICT,
];

/**
 * An address belongs to one endpoint of a pod, and a key to one pod.
 * @throws UsageError `HOST_POD_CONFLICT`, `HOST_ADDRESS_TAKEN`, `HOST_MAC_TAKEN`
 */
export function requireFree(others: readonly Endpoint[], { pod, ip, mac }: EndpointSettings): void {
  for (const other of others) {
    const { externalIds, port } = other;
    const name = externalIds.get(EndpointKey.POD);
    const key = externalIds.get(EndpointKey.KEY);
    if (key !== undefined && (name === pod.name) !== (Number(key) === pod.key)) {
      const message = `pod '${name}' has the key ${key} on this host, pod '${pod.name}' cannot have ${pod.key}`;
      throw new UsageError('HOST_POD_CONFLICT', message);
    }
    if (name !== pod.name) continue;
    const owner = externalIds.get(EndpointKey.NAME) ?? port;
    if (ip !== 'dhcp' && addressesOf(other).includes(ip.split('/', 1)[0]!))
      throw new UsageError('HOST_ADDRESS_TAKEN', `'${owner}' has ${ip} in pod '${pod.name}'`);
    if (externalIds.get(EndpointKey.MAC)?.toLowerCase() === mac)
      throw new UsageError('HOST_MAC_TAKEN', `'${owner}' has ${mac} in pod '${pod.name}'`);
  }
}

/**
 * The kernel has no IPv6 on links with a smaller MTU than every link of IPv6 has to have (RFC 8200, 5).
 * @throws UsageError `HOST_MTU_INVALID`
 */
export function requireIpv6Mtu({ ip }: EndpointSettings, mtu: number): void {
  if (!ip.includes(':') || mtu >= MIN_IPV6_MTU) return;
  const message = `an interface with ${ip} has to have an MTU of ${MIN_IPV6_MTU}, which is more than ${mtu}`;
  throw new UsageError('HOST_MTU_INVALID', message);
}

const MIN_IPV6_MTU = 1280;

/** @throws UsageError `HOST_INTERFACE_TAKEN` when the container has an interface of that name. */
export function requireNoInterface(inside: NamespaceState, ifname: string, container: string): void {
  if (!inside.links.some(({ name }) => name === ifname)) return;
  const message = `'${container}' has an interface ${ifname}: choose another name with --ifname`;
  throw new UsageError('HOST_INTERFACE_TAKEN', message);
}

/** @throws UsageError `HOST_ADDRESS_TAKEN` when another interface of the container has the address. */
export function requireNoAddress(
  inside: NamespaceState,
  { ip, ifname }: EndpointSettings,
  container: string,
): void {
  const address = ip.split('/', 1)[0];
  const link = inside.links.find(
    ({ name, addresses }) => name !== ifname && addresses.some((text) => text.split('/', 1)[0] === address),
  );
  if (link === undefined) return;
  throw new UsageError('HOST_ADDRESS_TAKEN', `'${container}' has ${address} on its interface ${link.name}`);
}
