import { UsageError } from '../../util/errors.ts';
import { isIpv6, linkLocalIpv6, parseCidr, writeIpv4, writeIpv6 } from '../../util/ip.ts';

interface Address {
  readonly ip: string;
  readonly isIpv6: boolean;
  readonly value: bigint;
  readonly mask: bigint;
}

/** The addresses of a host: with one of IPv6 it also has a link-local one, which follows from its hardware address. */
export class HostAddresses {
  readonly #addresses: readonly Address[];

  /**
   * @param texts with or without prefix lengths
   * @throws UsageError `DATAPATH_HOST_INVALID` when there are none; WireError `IP_INVALID`, `MAC_INVALID`
   */
  constructor(texts: readonly string[], mac: string) {
    const addresses = texts.map(parseAddress);
    if (addresses.length === 0) throw new UsageError('DATAPATH_HOST_INVALID', 'a host has an address');
    if (addresses.some((address) => address.isIpv6)) addresses.push(parseAddress(`${linkLocalIpv6(mac)}/64`));
    this.#addresses = addresses;
  }

  /** The first one. */
  get first(): string {
    return this.#addresses[0]!.ip;
  }

  get all(): readonly string[] {
    return this.#addresses.map(({ ip }) => ip);
  }

  has(ip: string): boolean {
    return this.#addresses.some((own) => own.ip === ip);
  }

  /**
   * The one that shares the destination's network, else the first one of its kind.
   * @throws UsageError `DATAPATH_HOST_INVALID` when the host has none of that kind
   */
  sourceFor(to: string): string {
    const value = valueOfIp(to);
    const alike = this.#addresses.filter((own) => own.isIpv6 === isIpv6(to));
    const source = alike.find((own) => ((own.value ^ value) & own.mask) === 0n) ?? alike[0];
    if (source !== undefined) return source.ip;
    throw new UsageError('DATAPATH_HOST_INVALID', `the host has no address to reach ${to} from`);
  }
}

function parseAddress(text: string): Address {
  const { family, address, mask } = parseCidr(text);
  const all = family === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff';
  return { ip: address, isIpv6: family === 6, value: valueOfIp(address), mask: valueOfIp(mask ?? all) };
}

function valueOfIp(text: string): bigint {
  const bytes = Buffer.alloc(isIpv6(text) ? 16 : 4);
  if (bytes.length === 16) writeIpv6(bytes, 0, text);
  else writeIpv4(bytes, 0, text);
  return BigInt(`0x${bytes.toString('hex')}`);
}
