import { parseCidr, writeIpv4, writeIpv6 } from './ip.ts';

/** The family of an address that is known to be one. */
export function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

/**
 * The canonical form of an address at which a tunnel can end; undefined for any other text. Link-local IPv6 addresses
 * mean nothing without a zone, and Open vSwitch takes those that have an IPv4 address in them for that one.
 */
export function readTunnelAddress(text: string): string | undefined {
  let address: string;
  try {
    const cidr = parseCidr(text);
    if (cidr.mask !== undefined) return undefined;
    address = cidr.address;
  } catch {
    return undefined;
  }
  return isUnicast(address) ? address : undefined;
}

/**
 * The type of the interface of Open vSwitch that carries an encapsulation between addresses of a family. The kernel has
 * GRE over IPv6 as another kind of device (ovs-vswitchd.conf.db(5), Interface, `type`).
 */
export function tunnelInterfaceType<T extends string>(encapsulation: T, localIp: string | undefined) {
  return encapsulation === 'gre' && localIp !== undefined && familyOf(localIp) === 6
    ? 'ip6gre'
    : encapsulation;
}

function isUnicast(address: string): boolean {
  const bytes = new Uint8Array(16);
  if (familyOf(address) === 4) {
    writeIpv4(bytes, 0, address);
    return bytes[0] !== 0 && bytes[0] !== 127 && bytes[0]! < 224;
  }
  writeIpv6(bytes, 0, address);
  const isLinkLocal = bytes[0] === 0xfe && (bytes[1]! & 0xc0) === 0x80;
  // The unspecified and the loopback address begin with as many zeros.
  const hasIpv4 = bytes.subarray(0, 10).every((byte) => byte === 0);
  return bytes[0] !== 0xff && !isLinkLocal && !hasIpv4;
}
