import { UsageError } from '../../util/errors.ts';
import { readIpv6, writeIpv4, writeIpv6 } from '../../util/ip.ts';
import { readMac } from '../../util/mac.ts';
import { type EndpointAddress, ipv4Number, ipv4OfNumber } from '../addresses/address.ts';

/** A virtual switch, as far as its slots follow from it. */
export interface VswitchAddress {
  readonly name: string;
  /** Its own, which is the slots' gateway. IPv4. */
  readonly address: EndpointAddress;
  /** The first 64 bits of the slots' IPv6 addresses: `fd00:1::`; undefined for none. */
  readonly ipv6Prefix: string | undefined;
}

/** A place for a container on a virtual switch: everything about its network follows from its number. */
export interface Slot {
  readonly vswitch: string;
  readonly number: number;
  /** The name of the container and of its port: `ovs0-s03`. */
  readonly name: string;
  /** `HOST-ovs0-s03`. */
  readonly hostname: string;
  /** The OpenFlow port number. */
  readonly ofport: number;
  readonly mac: string;
  /** With prefix lengths: IPv4, and IPv6 where the switch has a prefix. */
  readonly ips: readonly string[];
  readonly gateway: string;
  /** The name of the inner end of its link, until that is in the container. */
  readonly insideName: string;
  /** Its second interface, for what passes frames on. */
  readonly second: Pick<Slot, 'name' | 'ofport' | 'mac' | 'insideName'>;
}

/** The highest number of a slot: those of second interfaces begin above it. */
export const MAX_SLOT = 29_999;
const SECOND_OFPORT = 30_000;
/** What interfaces of Linux can be called. */
const MAX_NAME = 15;
/** What hosts can be called. */
const MAX_HOSTNAME = 63;

/**
 * What follows from the number of a slot: its address is the network's and the number, its MAC address 52:00 and that.
 * @param host the name of this machine
 * @throws UsageError `HOST_SLOT_INVALID` when the subnet has no such address, or the switch or nobody may have it
 */
export function slotOf(vswitch: VswitchAddress, number: number, host: string): Slot {
  const why = whyNot(vswitch, number);
  if (why !== undefined) throw new UsageError('HOST_SLOT_INVALID', `there is no slot ${number}: ${why}`);
  const { name: on, address } = vswitch;
  const ip = ipv4OfNumber(network(address) + number);
  const named = (letter: string) => `${on}-${letter}${`${number}`.padStart(2, '0')}`;
  const name = named('s');
  return {
    ...{ vswitch: on, number, name, ofport: number },
    hostname: `${host}-${name}`.slice(-MAX_HOSTNAME).replace(/^[^A-Za-z0-9]+/, ''),
    mac: macOf(0x00, ip),
    ips: [`${ip}/${address.prefixLength}`, ...ipv6Of(vswitch, ip)],
    gateway: address.ip,
    insideName: named('c'),
    second: {
      name: named('o'),
      ofport: SECOND_OFPORT + number,
      mac: macOf(0x80, ip),
      insideName: named('d'),
    },
  };
}

/** The lowest slot that is not taken. @throws UsageError `HOST_SLOTS_FULL` */
export function lowestSlot(vswitch: VswitchAddress, host: string, isTaken: (slot: Slot) => boolean): Slot {
  const last = Math.min(MAX_SLOT, sizeOf(vswitch) - 1);
  for (let number = 1; number <= last; number++) {
    if (whyNot(vswitch, number) !== undefined) continue;
    const slot = slotOf(vswitch, number, host);
    if (!isTaken(slot)) return slot;
  }
  throw new UsageError('HOST_SLOTS_FULL', `${vswitch.name} has no slot left: every one is taken`);
}

/** The MAC address of a virtual switch: 52:00 and its address. */
export function vswitchMac({ address }: Pick<VswitchAddress, 'address'>): string {
  return macOf(0x00, address.ip);
}

/** The IPv6 address of a virtual switch, with its prefix length, where it has a prefix. */
export function vswitchIpv6(vswitch: VswitchAddress): string | undefined {
  return ipv6Of(vswitch, vswitch.address.ip)[0];
}

/** A slot by its number, or by its name as in `galago ps`. */
export interface SlotName {
  /** Undefined when only the number was given. */
  readonly vswitch: string | undefined;
  readonly number: number;
}

/** Reads `3` or `ovs0-s03`. @throws UsageError `HOST_SLOT_INVALID` */
export function parseSlot(text: string): SlotName {
  const [, vswitch, digits = text] = /^(.+)-s(\d+)$/.exec(text) ?? [];
  const number = Number(digits);
  if (/^\d{1,5}$/.test(digits) && number >= 1 && number <= MAX_SLOT) return { vswitch, number };
  const expected = `a number from 1 to ${MAX_SLOT}, or a name like ovs0-s03`;
  throw new UsageError('HOST_SLOT_INVALID', `expected a slot (${expected}), got '${text}'`);
}

/** Undefined when there can be such a slot. */
function whyNot(vswitch: VswitchAddress, number: number): string | undefined {
  const { name, address } = vswitch;
  const size = sizeOf(vswitch);
  if (!Number.isInteger(number) || number < 1 || number > MAX_SLOT)
    return `slots have numbers from 1 to ${MAX_SLOT}`;
  if (number >= size) return `${address.ip}/${address.prefixLength} of ${name} has only ${size} addresses`;
  if (`${name}-s${`${number}`.padStart(2, '0')}`.length > MAX_NAME)
    return `the name of its port on ${name} would have more than ${MAX_NAME} characters`;
  if (size > 2 && number === size - 1) return `${name} has it as the broadcast address of its subnet`;
  if (network(address) + number === ipv4Number(address.ip)) return `${name} itself has that address`;
  return undefined;
}

function sizeOf({ address }: VswitchAddress): number {
  return 2 ** (32 - address.prefixLength);
}

/** The first address of the subnet, as a number. */
function network({ ip, prefixLength }: EndpointAddress): number {
  const number = ipv4Number(ip);
  return number - (number % 2 ** (32 - prefixLength));
}

function ipv6Of({ ipv6Prefix }: VswitchAddress, ipv4: string): string[] {
  if (ipv6Prefix === undefined) return [];
  const bytes = new Uint8Array(16);
  writeIpv6(bytes, 0, ipv6Prefix);
  writeIpv4(bytes, 12, ipv4);
  return [`${readIpv6(bytes, 0)}/64`];
}

function macOf(second: number, ipv4: string): string {
  const bytes = new Uint8Array(6);
  bytes.set([0x52, second]);
  writeIpv4(bytes, 2, ipv4);
  return readMac(bytes, 0);
}
