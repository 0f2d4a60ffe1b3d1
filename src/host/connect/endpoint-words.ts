import { UsageError } from '../../util/errors.ts';
import {
  type EndpointAddress,
  firstAddress,
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
  /** Undefined when it follows from the address that is found, or when there is none. */
  readonly gateway: string | undefined;
  readonly asked: Pick<AskedSettings, 'mac' | 'ifname' | 'isInternal' | 'replacesDefaultRoute' | 'mtu'>;
}

/**
 * Reads words, and looks at all that can be told from them alone.
 * @throws UsageError `HOST_ADDRESS_INVALID`, `HOST_MAC_INVALID`, `HOST_GATEWAY_INVALID`, `HOST_INTERFACE_INVALID`, and
 * as {@link PodReader}
 */
export function parseEndpointWords(words: EndpointWords, { requirePod }: PodReader): ParsedWords {
  const { mac, replacesDefaultRoute = false, isInternal = false, mtu } = words;
  const isFound = words.address === 'auto' || words.address === 'dhcp';
  const address = isFound ? undefined : parseEndpointAddress(words.address);
  const asked = {
    mac: mac === undefined ? undefined : parseEndpointMac(mac),
    ifname: parseIfname(words.ifname),
    ...{ isInternal, replacesDefaultRoute, mtu },
  };
  requirePod(words.pod, words.key);
  const gateway = words.address === 'auto' ? undefined : readGateway(address, words);
  return { words, address, gateway, asked };
}

/**
 * Makes of words what {@link ConnectRequest} asks for, without the container.
 * @throws UsageError `HOST_ADDRESS_TAKEN`, `HOST_GATEWAY_INVALID`, `HOST_SUBNET_UNKNOWN`, `HOST_NOT_INITIALIZED`,
 * `HOST_BRIDGE_UNKNOWN`, and as {@link PodReader}
 */
export function readEndpointWords(
  db: HostDatabase,
  { words, address, gateway, asked }: ParsedWords,
  reader: PodReader,
): Omit<ConnectRequest, 'target'> {
  const { bridge } = words;
  const pod = readPod(db, words, reader);
  const served = servedRange(db, words, reader);
  if (words.address !== 'auto') {
    if (address !== undefined) requireNotServer(address, served, pod);
    const ip = address === undefined ? 'dhcp' : formatEndpointAddress(address);
    return { settings: { ...asked, pod, ip, gateway }, bridge };
  }
  if (served === undefined) throw unknownSubnet(pod.name);
  const { network: ip, prefixLength, router } = served;
  const found = readGateway({ family: 4, ip, prefixLength }, words, router);
  return { settings: { ...asked, pod, ip: served, gateway: found }, bridge };
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

function readGateway(
  subnet: EndpointAddress | undefined,
  { gateway, replacesDefaultRoute }: EndpointWords,
  router?: string,
): string | undefined {
  if (gateway === undefined && !replacesDefaultRoute) return undefined;
  if (subnet === undefined) {
    throw new UsageError('HOST_GATEWAY_INVALID', 'with dhcp, the default route comes from the DHCP server');
  }
  if (gateway !== undefined) return parseGateway(gateway, subnet);
  if (subnet.family === 6)
    throw new UsageError('HOST_GATEWAY_INVALID', 'an IPv6 default route needs a gateway');
  return parseGateway(router ?? firstAddress(subnet), subnet);
}

/** A name that interfaces may have, and that no path or option can be mistaken for. */
function parseIfname(name: string): string {
  if (/^[A-Za-z][\w.-]{0,14}$/.test(name)) return name;
  const expected = "a letter, then letters, digits, '.', '_' or '-', at most 15";
  throw new UsageError('HOST_INTERFACE_INVALID', `expected an interface's name (${expected}), got '${name}'`);
}
