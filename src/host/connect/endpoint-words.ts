import { UsageError } from '../../util/errors.ts';
import { suggest } from '../../util/suggest.ts';
import {
  defaultGateway,
  type EndpointAddress,
  formatEndpointAddress,
  parseEndpointAddress,
  parseEndpointMac,
  parseGateway,
} from '../addresses/address.ts';
import type { AddressRange } from '../addresses/address-range.ts';
import type { AskedSettings } from '../addresses/asked-settings.ts';
import { subnetKey } from '../addresses/subnet.ts';
import type { HostDatabase } from '../database.ts';
import { requireBridge } from '../setup/settings.ts';
import type { ConnectRequest } from './connect.ts';
import { EndpointKey, type PodLabel } from './endpoint.ts';

/** What an endpoint is to be like, in the words of the command line, or of a container's labels. */
export interface EndpointWords {
  /** `10.0.0.1/24`, `auto` or `dhcp`. */
  readonly address: string;
  readonly pod: string;
  readonly ifname: string;
  readonly key?: string | undefined;
  readonly mac?: string | undefined;
  readonly gateway?: string | undefined;
  readonly replacesDefaultRoute?: boolean;
  readonly isInternal?: boolean;
  readonly mtu?: number | undefined;
  readonly bridge?: string | undefined;
}

/** What others know of pods, and this room does not. */
export interface PodReader {
  /** Looks at a name, and at a key that is given, without knowing the pod. @throws UsageError `POD_INVALID` */
  readonly requirePod: (name: string, key: string | undefined) => void;
  /** What the name and the key of a pod stand for. @throws UsageError `POD_INVALID` */
  readonly podOf: (name: string, key: string | undefined) => PodLabel;
  /** The addresses of the subnet that a bridge has for a pod. @throws UsageError `POD_DHCP_INVALID` */
  readonly rangeOf: (subnet: string) => AddressRange;
}

/** {@link EndpointWords} that make sense by themselves. */
export interface ParsedWords {
  readonly words: EndpointWords;
  /** Undefined when it is to be found. */
  readonly address: EndpointAddress | undefined;
  readonly asked: Pick<AskedSettings, 'mac' | 'ifname' | 'isInternal' | 'replacesDefaultRoute' | 'mtu'>;
}

/**
 * Reads words, and looks at all that can be told from them alone.
 * @throws UsageError `HOST_ADDRESS_INVALID`, `HOST_MAC_INVALID`, `HOST_GATEWAY_INVALID`, `HOST_INTERFACE_INVALID`, and
 * as {@link PodReader}
 */
export function parseEndpointWords(words: EndpointWords, { requirePod }: PodReader): ParsedWords {
  const { mac, replacesDefaultRoute = false, isInternal = false, mtu } = words;
  const address = parseAddress(words.address);
  const asked = {
    mac: mac === undefined ? undefined : parseEndpointMac(mac),
    ifname: parseIfname(words.ifname),
    ...{ isInternal, replacesDefaultRoute, mtu },
  };
  requirePod(words.pod, words.key);
  requireGateway(address, words);
  return { words, address, asked };
}

/**
 * Makes of words what {@link ConnectRequest} asks for, without the container.
 * @throws UsageError `HOST_ADDRESS_TAKEN`, `HOST_GATEWAY_INVALID`, `HOST_SUBNET_UNKNOWN`, `HOST_NOT_INITIALIZED`,
 * `HOST_BRIDGE_UNKNOWN`, and as {@link PodReader}
 */
export function readEndpointWords(
  db: HostDatabase,
  { words, address, asked }: ParsedWords,
  reader: PodReader,
): Omit<ConnectRequest, 'target'> {
  const { bridge } = words;
  const pod = readPod(db, words, reader);
  const served = servedRange(db, words, reader);
  if (words.address === 'dhcp')
    return { settings: { ...asked, pod, ip: 'dhcp', gateway: undefined }, bridge };
  if (address !== undefined) {
    requireNotServer(address, served, pod);
    const gateway = readGateway(address, words, served?.router);
    return { settings: { ...asked, pod, ip: formatEndpointAddress(address), gateway }, bridge };
  }
  if (served === undefined) throw unknownSubnet(pod.name);
  const { network: ip, prefixLength, router } = served;
  const gateway = readGateway({ family: 4, ip, prefixLength }, words, router);
  return { settings: { ...asked, pod, ip: served, gateway }, bridge };
}

/** @returns undefined for what stands for an address that is to be found */
function parseAddress(text: string): EndpointAddress | undefined {
  if (text === 'auto' || text === 'dhcp') return undefined;
  if (/[.:]/.test(text)) return parseEndpointAddress(text);
  const near = suggest(text, ['auto', 'dhcp']);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  const expected = 'auto, dhcp or an address like 10.0.0.1/24 or fd00::1/64';
  throw new UsageError('HOST_ADDRESS_INVALID', `expected ${expected}, got '${text}'${hint}`);
}

/** The key of a pod that this host has need not be said again. */
function readPod(db: HostDatabase, { pod, key }: EndpointWords, { podOf }: PodReader): PodLabel {
  const known = db.endpoints().find(({ externalIds }) => externalIds.get(EndpointKey.POD) === pod);
  return podOf(pod, key ?? known?.externalIds.get(EndpointKey.KEY));
}

function servedRange(
  db: HostDatabase,
  { pod, bridge }: EndpointWords,
  { rangeOf }: PodReader,
): AddressRange | undefined {
  const text = requireBridge(db, bridge).external_ids.get(subnetKey(pod));
  return text === undefined ? undefined : rangeOf(text);
}

function unknownSubnet(pod: string): UsageError {
  const message = `pod '${pod}' has no subnet on this host to take addresses of: galago pods set ${pod} --subnet ...`;
  return new UsageError('HOST_SUBNET_UNKNOWN', message);
}

/** The controller would leave the endpoint out of the pod. */
function requireNotServer(
  { ip }: EndpointAddress,
  served: AddressRange | undefined,
  { name }: PodLabel,
): void {
  if (ip !== served?.server) return;
  const message = `the DHCP server of pod '${name}' has ${ip}: galago pods set ${name} --server gives it another`;
  throw new UsageError('HOST_ADDRESS_TAKEN', message);
}

/** Looks at what is said of a default route, as far as the address is known. */
function requireGateway(address: EndpointAddress | undefined, words: EndpointWords): void {
  const { gateway, replacesDefaultRoute = false } = words;
  if (gateway === undefined && !replacesDefaultRoute) return;
  if (words.address === 'dhcp')
    throw new UsageError('HOST_GATEWAY_INVALID', 'with dhcp, the default route comes from the DHCP server');
  if (gateway === undefined && address?.family === 6)
    throw new UsageError('HOST_GATEWAY_INVALID', 'an IPv6 default route needs a gateway');
  if (gateway !== undefined && address !== undefined) parseGateway(gateway, address);
}

function readGateway(
  subnet: EndpointAddress,
  { gateway, replacesDefaultRoute = false }: EndpointWords,
  router: string | undefined,
): string | undefined {
  if (gateway !== undefined) return parseGateway(gateway, subnet);
  return replacesDefaultRoute ? defaultGateway(subnet, router) : undefined;
}

/** A name that interfaces may have (the kernel has settings for `all`), and that no path or option can be mistaken for. */
function parseIfname(name: string): string {
  if (/^[A-Za-z][\w.-]{0,14}$/.test(name) && name !== 'all' && name !== 'default') return name;
  const expected = "a letter, then letters, digits, '.', '_' or '-', at most 15, not 'all' or 'default'";
  throw new UsageError('HOST_INTERFACE_INVALID', `expected an interface's name (${expected}), got '${name}'`);
}
