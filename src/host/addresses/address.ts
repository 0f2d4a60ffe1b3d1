import { createHash, randomBytes } from 'node:crypto';
import { UsageError } from '../../util/errors.ts';
import { isLinkLocalIpv6, parseCidr, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { isGroupMac, readMac, writeMac } from '../../util/mac.ts';

/** An endpoint's address in its subnet. */
export interface EndpointAddress {
  readonly family: 4 | 6;
  /** In canonical form: `10.0.0.1`. */
  readonly ip: string;
  readonly prefixLength: number;
}

/**
 * Reads `10.0.0.1`, `10.0.0.1/16`, `fd00::1/64`. Without a prefix length it is 24, or 64 for IPv6.
 * @throws UsageError `HOST_ADDRESS_INVALID` also for what no single station can have
 */
export function parseEndpointAddress(text: string): EndpointAddress {
  const { family, address, mask, prefixLength } = readCidr(text);
  if (mask !== undefined && prefixLength === undefined) throw invalid(text, 'its mask is no prefix');
  const length = prefixLength ?? (family === 4 ? 24 : 64);
  if (length === 0) throw invalid(text, 'a prefix length of 0 is no subnet');
  const bytes = bytesOf(family, address);
  if (family === 4) {
    if (bytes[0] === 0 || bytes[0] === 127 || bytes[0]! >= 224) throw invalid(text, 'no station can have it');
    const host = lastBits(bytes, 32 - length);
    if (length < 31 && host === 0) throw invalid(text, 'it is the address of the subnet itself');
    if (length < 31 && host === 2 ** (32 - length) - 1)
      throw invalid(text, "it is the subnet's broadcast address");
  } else if (bytes[0] === 0xff || isMapped(bytes) || isUnspecifiedOrLoopback(bytes)) {
    throw invalid(text, 'no station can have it');
  }
  return { family, ip: address, prefixLength: length };
}

/** `::ffff:10.0.0.1` stands for an IPv4 address, and the kernel takes no packet from there (RFC 4291, 2.5.5.2). */
function isMapped(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
}

function isUnspecifiedOrLoopback(bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => byte === 0 || (i === 15 && byte === 1));
}

/** `10.0.0.1/24`. */
export function formatEndpointAddress({ ip, prefixLength }: EndpointAddress): string {
  return `${ip}/${prefixLength}`;
}

/**
 * Reads a next hop, which has to be another address of the endpoint's subnet; for IPv6 it can be of the link as well,
 * as those that routers advertise are (RFC 4861, 4.2).
 * @throws UsageError `HOST_GATEWAY_INVALID`
 */
export function parseGateway(text: string, subnet: EndpointAddress): string {
  let gateway: ReturnType<typeof parseCidr> | undefined;
  try {
    gateway = parseCidr(text);
  } catch {
    // Said below.
  }
  const isNextHop = (address: string) =>
    isOther(address, subnet) || (subnet.family === 6 && isLinkLocalIpv6(address));
  if (gateway?.family === subnet.family && gateway.mask === undefined && isNextHop(gateway.address))
    return gateway.address;
  const expected = `another address in ${formatEndpointAddress(subnet)}`;
  throw new UsageError('HOST_GATEWAY_INVALID', `expected a gateway that is ${expected}, got '${text}'`);
}

/**
 * The next hop where none is said: the router of the pod if it is in the subnet, and else the first address, where
 * routers usually are. IPv4 only.
 * @throws UsageError `HOST_GATEWAY_INVALID` when that is the endpoint's own, or outside
 */
export function defaultGateway(subnet: EndpointAddress, router: string | undefined): string {
  const number = ipv4Number(subnet.ip);
  const first = ipv4OfNumber(number - (number % 2 ** (32 - subnet.prefixLength)) + 1);
  const gateway = [router, first].find((ip) => ip !== undefined && isOther(ip, subnet));
  if (gateway !== undefined) return gateway;
  const message = `${formatEndpointAddress(subnet)} leaves no first address for the default route: say --gateway`;
  throw new UsageError('HOST_GATEWAY_INVALID', message);
}

/** True for another address of the same subnet. */
function isOther(other: string, { family, ip, prefixLength }: EndpointAddress): boolean {
  return other !== ip && commonBits(bytesOf(family, other), bytesOf(family, ip)) >= prefixLength;
}

/**
 * Reads a MAC address that an endpoint may have, and returns it in lower case.
 * @throws UsageError `HOST_MAC_INVALID`
 */
export function parseEndpointMac(text: string): string {
  const bytes = new Uint8Array(6);
  try {
    writeMac(bytes, 0, text);
  } catch (cause) {
    throw new UsageError('HOST_MAC_INVALID', (cause as Error).message, { cause });
  }
  if (!isGroupMac(text) && bytes.some((byte) => byte !== 0)) return readMac(bytes, 0);
  throw new UsageError('HOST_MAC_INVALID', `${text} cannot be one station's: it is a group's, or zero`);
}

/**
 * The MAC address of an endpoint that asks for none: locally administered, and made of its address, so that it is
 * the same after a restart and as unique in the pod as that is. Without an address it is random.
 */
export function defaultMac(address: EndpointAddress | undefined): string {
  const bytes = new Uint8Array(6);
  if (address?.family === 4) writeIpv4(bytes, 2, address.ip);
  else if (address === undefined) bytes.set(randomBytes(4), 2);
  else bytes.set(createHash('sha256').update(address.ip).digest().subarray(0, 4), 2);
  bytes.set([0x02, address?.family === 4 ? 0x67 : 0x66]);
  return readMac(bytes, 0);
}

/** An IPv4 address as a number: `0.0.1.0` is 256. */
export function ipv4Number(ip: string): number {
  return Buffer.from(bytesOf(4, ip)).readUInt32BE();
}

/** The IPv4 address that a number is, the other way round. */
export function ipv4OfNumber(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 0xff).join('.');
}

function readCidr(text: string): ReturnType<typeof parseCidr> {
  try {
    return parseCidr(text);
  } catch {
    throw invalid(text, 'expected one like 10.0.0.1/24 or fd00::1/64');
  }
}

function bytesOf(family: 4 | 6, address: string): Uint8Array {
  const bytes = new Uint8Array(family === 4 ? 4 : 16);
  if (family === 4) writeIpv4(bytes, 0, address);
  else writeIpv6(bytes, 0, address);
  return bytes;
}

function lastBits(bytes: Uint8Array, count: number): number {
  return Buffer.from(bytes).readUInt32BE() % 2 ** count;
}

/** How many bits two addresses begin with in common. */
function commonBits(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? a.length * 8 : at * 8 + Math.clz32(a[at]! ^ b[at]!) - 24;
}

function invalid(text: string, why: string): UsageError {
  return new UsageError('HOST_ADDRESS_INVALID', `'${text}' cannot be an endpoint's address: ${why}`);
}
