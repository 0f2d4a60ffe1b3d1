import { UsageError } from '../../util/errors.ts';
import { ipv4Number } from '../addresses/address.ts';
import type { HostDatabase } from '../database.ts';
import type { Link } from '../system/ip.ts';
import type { VswitchAddress } from './slot.ts';

/**
 * Looks whether the host has room for a virtual switch: for its subnet, and for its device to be used by nobody else.
 * @throws UsageError `HOST_ADDRESS_TAKEN`, `HOST_DEVICE_UNKNOWN`, `HOST_DEVICE_IN_USE`
 */
export function requireRoom(
  db: HostDatabase,
  vswitch: VswitchAddress & { readonly device: string | undefined },
  links: readonly Link[],
): void {
  requireSubnet(vswitch, links);
  if (vswitch.device !== undefined) requireDevice(db, vswitch.name, vswitch.device, links);
}

/** @throws UsageError `HOST_ADDRESS_TAKEN` when another link has an address of the subnet */
export function requireSubnet(vswitch: VswitchAddress, links: readonly Link[]): void {
  for (const link of links) {
    const near = link.addresses.find((other) => link.name !== vswitch.name && overlaps(vswitch, other));
    if (near === undefined) continue;
    const { ip, prefixLength } = vswitch.address;
    const message = `${ip}/${prefixLength} overlaps with ${near} of ${link.name}: the host could not tell them apart`;
    throw new UsageError('HOST_ADDRESS_TAKEN', message);
  }
}

function requireDevice(db: HostDatabase, name: string, device: string, links: readonly Link[]): void {
  const link = links.find((one) => one.name === device);
  if (link === undefined)
    throw new UsageError('HOST_DEVICE_UNKNOWN', `there is no device '${device}' on this host`);
  const owner = db.bridges.find((bridge) => db.interfacesOf(bridge).some((row) => row.name === device));
  if (owner?.name === name) return;
  const address = link.addresses.find((one) => !one.startsWith('fe80:'));
  const why =
    (owner && `a port of ${owner.name}`) ??
    (link.master && `in ${link.master}`) ??
    (address && `where the host has ${address}, which it could not be reached at any more`);
  if (why !== undefined) throw new UsageError('HOST_DEVICE_IN_USE', `${device} is ${why}`);
}

function overlaps({ address }: VswitchAddress, other: string): boolean {
  const [ip = '', length] = other.split('/');
  if (ip.includes(':')) return false;
  const size = 2 ** (32 - Math.min(address.prefixLength, Number(length)));
  return Math.floor(ipv4Number(address.ip) / size) === Math.floor(ipv4Number(ip) / size);
}
