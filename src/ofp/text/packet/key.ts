import { bytesToBits } from '../../oxm/field-bits.ts';
import { FlowKey } from '../flow-key.ts';
import { EthType, isMpls } from '../packet-kind.ts';
import { PacketBytes, type PacketRange } from './bytes.ts';
import { readArp, readIpv4, readIpv6 } from './network.ts';
import { readNsh } from './nsh.ts';

/** What a packet is, and where what its IP header holds lies. */
export interface PacketKey {
  readonly key: FlowKey;
  readonly transport: PacketRange | undefined;
}

const ETHERNET_SIZE = 14;
/** No EtherType: a frame of IEEE 802.3 without SNAP. */
const NO_TYPE = 0x05ff;
/** The least EtherType; less is a length. */
const LEAST_TYPE = 0x600;
const SNAP = [0xaa, 0xaa, 0x03, 0, 0, 0];
const MAX_LABELS = 3;

/**
 * Reads a packet's headers as Open vSwitch does: what is cut short or malformed is left at 0.
 * @param packetType what it begins with: 0 for an Ethernet frame, else a name space and a type
 */
export function packetKey(bytes: Uint8Array, packetType: number): PacketKey {
  const key = new FlowKey();
  key.setExact('packetType', packetType);
  const packet = new PacketBytes(bytes);
  const type = packetType === 0 ? readFrame(packet, key) : packetType & 0xffff;
  return { key, transport: type === undefined ? undefined : readNetwork(packet, key, type) };
}

/** Reads an Ethernet header with its tags; gives the EtherType, undefined when there is not even a header. */
function readFrame(packet: PacketBytes, key: FlowKey): number | undefined {
  const isWhole = packet.size >= ETHERNET_SIZE;
  const address = (at: number) => (isWhole ? bytesToBits(packet.bytes.subarray(at, at + 6)) : 0n);
  key.setExact('dlDst', address(0));
  key.setExact('dlSrc', address(6));
  key.setExact('dlType', 0);
  key.setExact('vlanTci', 0);
  if (!isWhole) return undefined;
  packet.skip(12);
  for (const place of ['vlanTci', 'innerTci'] as const) key.setExact(place, readTag(packet));
  if (key.value('vlanTci') === 0n) key.set('innerTci', 0n, 0n);
  const type = readType(packet);
  key.setExact('dlType', type);
  return type;
}

/** Reads a tag where there is one; 0 for none. */
function readTag(packet: PacketBytes): bigint {
  const type = packet.u16(0);
  const isTag = type === EthType.VLAN || type === EthType.VLAN_SERVICE;
  if (!isTag || packet.size < 6) return 0n;
  const tci = packet.u16(2) | 0x1000;
  packet.skip(4);
  return BigInt(tci);
}

function readType(packet: PacketBytes): number {
  const type = packet.u16(0);
  packet.skip(2);
  if (type >= LEAST_TYPE) return type;
  const isSnap = packet.size >= SNAP.length + 2 && SNAP.every((byte, index) => packet.u8(index) === byte);
  if (!isSnap) return NO_TYPE;
  const inner = packet.u16(SNAP.length);
  packet.skip(SNAP.length + 2);
  return inner >= LEAST_TYPE ? inner : NO_TYPE;
}

function readNetwork(packet: PacketBytes, key: FlowKey, type: number): PacketRange | undefined {
  if (isMpls(type)) readLabels(packet, key);
  else if (type === EthType.IPV4) return readIpv4(packet, key);
  else if (type === EthType.IPV6) return readIpv6(packet, key);
  else if (type === EthType.ARP || type === EthType.RARP) readArp(packet, key);
  else if (type === EthType.NSH) readNsh(packet, key);
  return undefined;
}

const BOTTOM = 0x100;

function readLabels(packet: PacketBytes, key: FlowKey): void {
  let count = 0;
  for (let isLast = false; !isLast && count < MAX_LABELS; count++) {
    const entry = packet.size >= 4 ? packet.u32(0) : 0;
    if (packet.size >= 4) packet.skip(4);
    isLast = (entry & BOTTOM) !== 0;
    if (count === 0) {
      key.setExact('mplsLabel', entry >>> 12);
      key.setExact('mplsTc', (entry >>> 9) & 7);
      key.setExact('mplsBos', (entry >>> 8) & 1);
      key.setExact('mplsTtl', entry & 0xff);
    } else key.setExact(count === 1 ? 'mplsLse1' : 'mplsLse2', entry);
  }
}
