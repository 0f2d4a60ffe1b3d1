import { isIpv4, readIpv4, writeIpv4 } from '../../util/ip.ts';

/** The addresses of a pod that this host gives to who asks for any. */
export interface AddressRange {
  readonly first: string;
  readonly last: string;
  /** Of the subnet that they are in: its first address, and its prefix length. */
  readonly network: string;
  readonly prefixLength: number;
  /** The DHCP server's, which no endpoint can have. */
  readonly server: string;
  /** The subnet's router, if it has one; that may be an endpoint, but is nobody who asks for any address. */
  readonly router: string | undefined;
}

/** The lowest address of a range that is not taken; undefined when all are. */
export function freeAddress(range: AddressRange, taken: ReadonlySet<string>): string | undefined {
  const last = numberOf(range.last);
  for (let number = numberOf(range.first); number <= last; number++) {
    const address = textOf(number);
    if (!taken.has(address) && !isReserved(range, address)) return address;
  }
  return undefined;
}

/** True for the addresses of a range that can be given. */
export function isInRange(range: AddressRange, address: string): boolean {
  if (!isIpv4(address) || isReserved(range, address)) return false;
  const number = numberOf(address);
  return number >= numberOf(range.first) && number <= numberOf(range.last);
}

function isReserved({ server, router }: AddressRange, address: string): boolean {
  return address === server || address === router;
}

const BYTES = new Uint8Array(4);
const VIEW = new DataView(BYTES.buffer);

function numberOf(address: string): number {
  writeIpv4(BYTES, 0, address);
  return VIEW.getUint32(0);
}

function textOf(number: number): string {
  VIEW.setUint32(0, number);
  return readIpv4(BYTES, 0);
}
