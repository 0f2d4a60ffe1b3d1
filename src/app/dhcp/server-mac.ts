/** The MAC address that a pod's DHCP server has in it, on every host. */
export function serverMac(key: number): string {
  const hex = key.toString(16).padStart(6, '0');
  return `02:6a:1a:${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4)}`;
}
