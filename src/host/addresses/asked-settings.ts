import { UsageError } from '../../util/errors.ts';
import { addressesOf, type Endpoint, EndpointKey, type EndpointSettings } from '../connect/endpoint.ts';
import { defaultMac, parseEndpointAddress } from './address.ts';
import { type AddressRange, freeAddress, isInRange } from './address-range.ts';

/** {@link EndpointSettings} in which some things are left to the host. */
export interface AskedSettings extends Omit<EndpointSettings, 'mac' | 'ip'> {
  /** Undefined for the one that the endpoint had, or one that is made of its address. */
  readonly mac: string | undefined;
  /** As for {@link EndpointSettings}, or what an address is to be taken from that is free. */
  readonly ip: string | AddressRange;
}

/** Fills in what is left to the host; an endpoint that was there before keeps what it had. @throws UsageError `HOST_SUBNET_FULL` */
export function settle(
  asked: AskedSettings,
  recorded: Endpoint | undefined,
  { others, taken }: { readonly others: readonly Endpoint[]; readonly taken: readonly string[] },
): EndpointSettings {
  const ip =
    typeof asked.ip === 'string' ? asked.ip : chooseAddress(asked, asked.ip, recorded, others, taken);
  const address = ip === 'dhcp' ? undefined : parseEndpointAddress(ip);
  const mac = asked.mac ?? recorded?.externalIds.get(EndpointKey.MAC) ?? defaultMac(address);
  return { ...asked, ip, mac };
}

/** @throws UsageError `HOST_SUBNET_FULL` */
function chooseAddress(
  { pod, gateway }: AskedSettings,
  range: AddressRange,
  recorded: Endpoint | undefined,
  others: readonly Endpoint[],
  taken: readonly string[],
): string {
  const members = others.filter(({ externalIds }) => externalIds.get(EndpointKey.POD) === pod.name);
  const all = new Set([...taken, ...members.flatMap(addressesOf)]);
  if (gateway !== undefined) all.add(gateway);
  const before = recorded?.externalIds.get(EndpointKey.POD) === pod.name ? addressesOf(recorded) : [];
  const kept = before.find((address) => isInRange(range, address) && !all.has(address));
  const address = kept ?? freeAddress(range, all);
  if (address !== undefined) return `${address}/${range.prefixLength}`;
  const message = `no address of ${range.first} to ${range.last} is free in pod '${pod.name}' on this host`;
  throw new UsageError('HOST_SUBNET_FULL', message);
}
