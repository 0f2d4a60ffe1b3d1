import type { PacketOutInit } from '../../ofp/index.ts';
import { ArpOperation, encodeArp, encodeUnsolicitedAdvertisement } from '../../packet/index.ts';
import { isIpv4 } from '../../util/ip.ts';
import type { Member } from '../hosts/host-view.ts';
import { floodGroup } from '../pipeline/compile.ts';

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const UNKNOWN = '00:00:00:00:00:00';

/**
 * Tells everybody in the pod where an endpoint's addresses are now, as it would itself (RFC 5227, 2.3; RFC 4861,
 * 7.2.6): whoever had them elsewhere corrects what it remembers.
 */
export function announce({ ofport, pod, addresses }: Member): PacketOutInit[] {
  if (addresses === undefined) return [];
  const { mac, ips } = addresses;
  return ips.map((ip) => ({
    type: 'packetOut',
    inPort: ofport,
    actions: [{ type: 'group', groupId: floodGroup(pod.key) }],
    data: isIpv4(ip) ? gratuitousArp(mac, ip) : encodeUnsolicitedAdvertisement({ mac, target: ip }),
  }));
}

function gratuitousArp(mac: string, ip: string): Uint8Array {
  return encodeArp({
    ethDst: BROADCAST,
    operation: ArpOperation.REQUEST,
    arpSha: mac,
    arpSpa: ip,
    arpTha: UNKNOWN,
    arpTpa: ip,
  });
}
