/** The MAC addresses that DHCP servers have, whatever the pod. */
export const SERVER_MACS = { value: '02:6a:1a:00:00:00', mask: 'ff:ff:ff:00:00:00' };

/** The MAC address that a pod's DHCP server has in it, on every host: one of {@link SERVER_MACS}. */
export function serverMac(key: number): string {
  const hex = key.toString(16).padStart(6, '0');
  return `02:6a:1a:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
}
