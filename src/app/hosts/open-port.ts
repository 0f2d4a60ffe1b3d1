import { PortNo } from '../../ofp/index.ts';

/**
 * The port number of an interface, once the switch has opened it. -1 is Open vSwitch's word for having failed to, and
 * 65534 what the bridge's own port is called in the database, where numbers are those of OpenFlow 1.0.
 */
export function openPort({ ofport }: { readonly ofport: number | undefined }): number | undefined {
  if (ofport === LOCAL) return PortNo.LOCAL;
  return ofport !== undefined && ofport > 0 ? ofport : undefined;
}

const LOCAL = 0xfffe;
