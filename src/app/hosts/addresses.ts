import { UsageError } from '../../util/errors.ts';
import { isIpv4, parseCidr } from '../../util/ip.ts';
import { isGroupMac, readMac, writeMac } from '../../util/mac.ts';
import { suggest } from '../../util/suggest.ts';
import { readTunnelAddress } from '../../util/tunnel-address.ts';
import type { Addresses } from '../pipeline/intent.ts';

/** What `galago-ip` says when the address comes from DHCP. */
const DHCP = 'dhcp';
/** IP addresses that an endpoint may have. */
const MAX_IPS = 16;

/**
 * The addresses that an interface's `external_ids` name: one in `galago-mac`, and IP addresses, with or without
 * prefix lengths, separated by spaces or commas, in `galago-ip`, or `dhcp`.
 * @param leased what DHCP has given it.
 * @returns undefined when nothing is said.
 * @throws UsageError `POD_ADDRESS_INVALID`, with what would be right
 */
export function parseAddresses(
  mac: string | undefined,
  ips: string | undefined,
  leased?: string,
): Addresses | undefined {
  if (mac === undefined && ips === undefined) return undefined;
  if (mac === undefined) throw invalid(`galago-ip '${ips}' needs a galago-mac beside it`);
  if (ips === DHCP) return { mac: parseMac(mac), ips: leased === undefined ? [] : [leased], isDynamic: true };
  const found = (ips ?? '').split(/[\s,]+/).filter((text) => text !== '');
  if (found.length > MAX_IPS)
    throw invalid(`galago-ip has ${found.length} addresses, at most ${MAX_IPS} can be`);
  return { mac: parseMac(mac), ips: [...new Set(found.map(parseIp))] };
}

/** What Open vSwitch can carry frames of pods in. */
const ENCAPSULATIONS = ['vxlan', 'geneve', 'gre'];

/** The encapsulation of tunnels. @throws UsageError `POD_ENCAPSULATION_INVALID` */
export function parseEncapsulation(text = 'vxlan'): string {
  if (ENCAPSULATIONS.includes(text)) return text;
  const near = suggest(text, ENCAPSULATIONS);
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  throw new UsageError(
    'POD_ENCAPSULATION_INVALID',
    `tunnels are ${ENCAPSULATIONS.join(', ')}, not '${text}'${hint}`,
  );
}

/** Where tunnels end, in the options of a controller. */
interface TunnelEnds {
  readonly localIp?: string;
  readonly peers?: readonly string[];
}

/**
 * Where tunnels end, in canonical form.
 * @throws UsageError `POD_TUNNEL_ADDRESS_INVALID`
 */
export function parseTunnelEnds({ localIp, peers = [] }: TunnelEnds) {
  return {
    ...(localIp !== undefined && { localIp: parseTunnelEnd(localIp) }),
    peers: peers.map(parseTunnelEnd),
  };
}

function parseTunnelEnd(text: string): string {
  const address = readTunnelAddress(text);
  if (address !== undefined) return address;
  const expected = "a host's address like 192.0.2.1 or 2001:db8::1";
  throw new UsageError('POD_TUNNEL_ADDRESS_INVALID', `tunnels end at ${expected}, not at '${text}'`);
}

function parseMac(text: string): string {
  const bytes = new Uint8Array(6);
  try {
    writeMac(bytes, 0, text);
  } catch (cause) {
    throw invalid(`galago-mac: ${(cause as Error).message}`, cause);
  }
  if (isGroupMac(text) || bytes.every((byte) => byte === 0))
    throw invalid(`galago-mac ${text} cannot be one station's: it is a group's, or zero`);
  return readMac(bytes, 0);
}

function parseIp(text: string): string {
  const { address, mask, prefixLength } = readCidr(text);
  if (mask !== undefined && prefixLength === undefined)
    throw invalid(`galago-ip: the mask of '${text}' is no prefix`);
  const isGroup = isIpv4(address) ? Number.parseInt(address, 10) >= 224 : address.startsWith('ff');
  if (isGroup || address === '0.0.0.0' || address === '::')
    throw invalid(`galago-ip ${text} cannot be one station's address`);
  return address;
}

function readCidr(text: string): ReturnType<typeof parseCidr> {
  try {
    return parseCidr(text);
  } catch (cause) {
    throw invalid(`galago-ip: ${(cause as Error).message}`, cause);
  }
}

function invalid(message: string, cause?: unknown): UsageError {
  return new UsageError('POD_ADDRESS_INVALID', message, { cause });
}
