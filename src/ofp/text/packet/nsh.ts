import type { FlowKey } from '../flow-key.ts';
import type { PacketBytes } from './bytes.ts';

const BASE_SIZE = 8;
const TYPE1_SIZE = 24;
const PLACES = ['nshC1', 'nshC2', 'nshC3', 'nshC4'] as const;

/** Reads a Network Service Header (RFC 8300). */
export function readNsh(packet: PacketBytes, key: FlowKey): void {
  const isNsh = packet.size >= BASE_SIZE && isWhole(packet);
  const value = (read: () => number) => (isNsh ? read() : 0);
  const first = value(() => packet.u16(0));
  const mdType = value(() => packet.u8(2) & 0xf);
  const path = value(() => packet.u32(4));
  key.setExact('nshFlags', (first >>> 12) & 3);
  key.setExact('nshTtl', (first >>> 6) & 0x3f);
  key.setExact('nshMdtype', mdType);
  key.setExact(
    'nshNp',
    value(() => packet.u8(3)),
  );
  key.setExact('nshSpi', path >>> 8);
  key.setExact('nshSi', path & 0xff);
  PLACES.forEach((place, index) => {
    key.setExact(place, mdType === 1 ? packet.u32(BASE_SIZE + index * 4) : 0);
  });
  for (const place of ['nwProto', 'nwTtl', 'nwFrag', 'nwTos'] as const) key.setExact(place, 0);
}

function isWhole(packet: PacketBytes): boolean {
  const first = packet.u16(0);
  const length = (first & 0x3f) * 4;
  const mdType = packet.u8(2) & 0xf;
  if (first >>> 14 !== 0 || length > packet.size) return false;
  if (mdType === 1) return length === TYPE1_SIZE;
  return mdType !== 2 || length >= BASE_SIZE;
}
