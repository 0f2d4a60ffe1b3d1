import { formatEndpointAddress } from '../addresses/address.ts';
import { addAddress, allowIpv6, type IpCommand, ipBatch, type Link } from '../system/ip.ts';
import { type VswitchAddress, vswitchIpv6 } from './slot.ts';

/** What is to be done for the links of a virtual switch to be up, with its addresses. */
export interface LinksPlan {
  readonly commands: readonly IpCommand[];
  /** Whether the kernel has to be told first that there may be IPv6 addresses. */
  readonly needsIpv6: boolean;
}

/** What the links of this host lack for a virtual switch, whose own may not be there yet. */
export function planLinks(
  vswitch: VswitchAddress & { readonly device: string | undefined },
  links: readonly Link[],
): LinksPlan {
  const { name, device } = vswitch;
  const own = links.find((link) => link.name === name);
  const missing = addressesOf(vswitch).filter((address) => own?.addresses.includes(address) !== true);
  const down = [name, ...(device === undefined ? [] : [device])].filter(
    (one) => links.find((link) => link.name === one)?.isUp !== true,
  );
  return {
    commands: [
      ...missing.map((address) => addAddress(address, name)),
      ...down.map((one) => ['link', 'set', 'dev', one, 'up']),
    ],
    needsIpv6: missing.some((address) => address.includes(':')),
  };
}

/** Does what was planned. @throws HostError as runCommand */
export async function carryOutLinks(name: string, { commands, needsIpv6 }: LinksPlan): Promise<void> {
  if (needsIpv6) await allowIpv6([name]);
  await ipBatch(commands);
}

/** The addresses of a virtual switch itself, with prefix lengths. */
export function addressesOf(vswitch: VswitchAddress): string[] {
  const ipv6 = vswitchIpv6(vswitch);
  return [formatEndpointAddress(vswitch.address), ...(ipv6 === undefined ? [] : [ipv6])];
}
