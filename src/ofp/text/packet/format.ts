import { formatKey } from '../match-format.ts';
import { IpProto } from '../packet-kind.ts';
import { packetKey } from './key.ts';

/** Where a header has its checksum, and how long it is at least; checksums have 2 bytes but for SCTP's 4. */
const CHECKSUMS: ReadonlyMap<number, { name: string; least: number; at: number; size: number }> = new Map([
  [IpProto.TCP, { name: 'tcp_csum', least: 20, at: 16, size: 2 }],
  [IpProto.UDP, { name: 'udp_csum', least: 8, at: 6, size: 2 }],
  [IpProto.SCTP, { name: 'sctp_csum', least: 12, at: 8, size: 4 }],
  [IpProto.ICMP, { name: 'icmp_csum', least: 8, at: 2, size: 2 }],
  [IpProto.ICMPV6, { name: 'icmp6_csum', least: 4, at: 2, size: 2 }],
]);

/**
 * Writes a packet's headers as ovs-ofctl does: as a match that only such packets meet, and the checksum (ovs-ofctl(8)).
 * @param packetType what it begins with; 0 for an Ethernet frame
 */
export function formatPacket(bytes: Uint8Array, packetType = 0): string {
  const { key, transport } = packetKey(bytes, packetType);
  const text = formatKey(key);
  const checksum = CHECKSUMS.get(key.number('nwProto'));
  if (checksum === undefined || transport === undefined) return text;
  if (transport.end - transport.start < checksum.least) return text;
  const at = transport.start + checksum.at;
  const digits = Buffer.from(bytes.subarray(at, at + checksum.size)).toString('hex');
  return `${text} ${checksum.name}:${digits.replace(/^0+(?=.)/, '')}`;
}
