import { bytesToBits } from '../../oxm/field-bits.ts';
import type { FlowKey } from '../flow-key.ts';
import { IpProto, NeighborType } from '../packet-kind.ts';
import type { PacketBytes } from './bytes.ts';

const LATER = 2;

/** How the headers in IP packets are read; each is told whether there is a whole one. */
const READERS: ReadonlyMap<number, (packet: PacketBytes, key: FlowKey) => void> = new Map([
  [IpProto.TCP, readTcp],
  [IpProto.UDP, (packet, key) => readPorts(packet, key, 8)],
  [IpProto.SCTP, (packet, key) => readPorts(packet, key, 12)],
  [IpProto.ICMP, (packet, key) => readTypeAndCode(packet, key, 8)],
  [IpProto.IGMP, (packet, key) => readTypeAndCode(packet, key, 8)],
  [IpProto.ICMPV6, readIcmpv6],
]);

/** Reads what follows an IP header, unless it is a later fragment. */
export function readTransport(packet: PacketBytes, key: FlowKey): void {
  if ((key.value('nwFrag') & BigInt(LATER)) !== 0n) return;
  const read = READERS.get(key.number('nwProto'));
  if (read === undefined) return;
  key.setExact('tpSrc', 0);
  key.setExact('tpDst', 0);
  read(packet, key);
}

function readPorts(packet: PacketBytes, key: FlowKey, size: number): void {
  if (packet.size < size) return;
  key.setExact('tpSrc', packet.u16(0));
  key.setExact('tpDst', packet.u16(2));
}

function readTypeAndCode(packet: PacketBytes, key: FlowKey, size: number): void {
  if (packet.size < size) return;
  key.setExact('tpSrc', packet.u8(0));
  key.setExact('tpDst', packet.u8(1));
}

const TCP_SIZE = 20;

function readTcp(packet: PacketBytes, key: FlowKey): void {
  key.setExact('tcpFlags', 0);
  if (packet.size < TCP_SIZE) return;
  const headerSize = (packet.u8(12) >>> 4) * 4;
  if (headerSize < TCP_SIZE || packet.size < headerSize) return;
  key.setExact('tcpFlags', packet.u16(12) & 0xfff);
  readPorts(packet, key, TCP_SIZE);
}

const ICMPV6_SIZE = 8;
const ADDRESS_SIZE = 16;
const OPTION_UNIT = 8;
const SOURCE_ADDRESS = 1;
const TARGET_ADDRESS = 2;

function readIcmpv6(packet: PacketBytes, key: FlowKey): void {
  if (packet.size < ICMPV6_SIZE) return;
  readTypeAndCode(packet, key, ICMPV6_SIZE);
  const type = key.number('tpSrc');
  const isNeighbor = type === NeighborType.SOLICIT || type === NeighborType.ADVERT;
  if (key.value('tpDst') !== 0n || !isNeighbor) return;
  for (const place of ['ndTarget', 'arpSha', 'arpTha'] as const) key.setExact(place, 0);
  packet.skip(ICMPV6_SIZE);
  if (packet.size < ADDRESS_SIZE) return;
  key.setExact('ndTarget', bytesToBits(packet.slice(0, ADDRESS_SIZE)));
  packet.skip(ADDRESS_SIZE);
  readOptions(packet, key);
}

/** Reads the link-layer addresses of neighbour discovery; one that is there twice spoils all. */
function readOptions(packet: PacketBytes, key: FlowKey): void {
  while (packet.size >= OPTION_UNIT) {
    const type = packet.u8(0);
    const size = packet.u8(1) * OPTION_UNIT;
    if (size === 0 || size > packet.size) return;
    if ((type === SOURCE_ADDRESS || type === TARGET_ADDRESS) && size === OPTION_UNIT) {
      const place = type === SOURCE_ADDRESS ? 'arpSha' : 'arpTha';
      if (key.value(place) !== 0n) {
        for (const spoilt of ['ndTarget', 'arpSha', 'arpTha'] as const) key.setExact(spoilt, 0);
        return;
      }
      key.setExact(place, bytesToBits(packet.slice(2, 8)));
    }
    packet.skip(size);
  }
}
