import { formatEndpointAddress } from '../addresses/address.ts';
import { addAddress, allowIpv6, type IpCommand, ipBatch, type Link } from '../system/ip.ts';
import { type VswitchAddress, vswitchIpv6 } from './slot.ts';

/** A virtual switch, as far as its links follow from it. */
type LinkedVswitch = VswitchAddress & { readonly device: string | undefined };

/** What the links of a virtual switch lack, and what is to be done for that. */
export interface LinksPlan {
  /** Addresses, with prefix lengths. */
  readonly missing: readonly string[];
  /** Links. */
  readonly down: readonly string[];
  readonly commands: readonly IpCommand[];
}

/** What the links of this host lack for a virtual switch, whose own may not be there yet. */
export function planLinks(vswitch: LinkedVswitch, links: readonly Link[]): LinksPlan {
  const { name, device } = vswitch;
  const own = links.find((link) => link.name === name);
  const missing = addressesOf(vswitch).filter((address) => own?.addresses.includes(address) !== true);
  const down = [name, ...(device === undefined ? [] : [device])].filter(
    (one) => links.find((link) => link.name === one)?.isUp !== true,
  );
  const commands = [
    ...missing.map((address) => addAddress(address, name)),
    ...down.map((one) => ['link', 'set', 'dev', one, 'up']),
  ];
  return { missing, down, commands };
}

/**
 * What the links of a virtual switch lack that are there: its device may be gone for now.
 * @returns undefined while the switch has not made its own
 */
export function planPresentLinks(vswitch: LinkedVswitch, links: readonly Link[]): LinksPlan | undefined {
  const isThere = (one: string | undefined) => links.some(({ name }) => name === one);
  if (!isThere(vswitch.name)) return undefined;
  return planLinks({ ...vswitch, device: isThere(vswitch.device) ? vswitch.device : undefined }, links);
}

/** Does what was planned. @throws HostError as runCommand */
export async function carryOutLinks(name: string, { missing, commands }: LinksPlan): Promise<void> {
  // The kernel has to be told first that there may be any.
  if (missing.some((address) => address.includes(':'))) await allowIpv6([name]);
  await ipBatch(commands);
}

/** The addresses of a virtual switch itself, with prefix lengths. */
export function addressesOf(vswitch: VswitchAddress): string[] {
  const ipv6 = vswitchIpv6(vswitch);
  return [formatEndpointAddress(vswitch.address), ...(ipv6 === undefined ? [] : [ipv6])];
}
