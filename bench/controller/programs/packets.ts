import { encode } from 'galago/ofp';

/** Addresses of each switch; the packets go round through all of them. */
export const ADDRESSES = 256;
/** Bytes of each frame. */
export const FRAME_SIZE = 64;

/** The first packet-ins of one switch, all of one size: from each address to the next one, the ports by turns. */
export function packetIns(number: number, count = ADDRESSES): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, place) => {
      const data = Buffer.alloc(FRAME_SIZE);
      data.writeUIntBE(addressOf(number, (place + 1) % ADDRESSES), 0, 6);
      data.writeUIntBE(addressOf(number, place), 6, 6);
      data.writeUInt16BE(0x88b5, 12);
      const match = { inPort: 1 + (place & 1) };
      return encode({ type: 'packetIn', reason: 'noMatch', tableId: 0, cookie: 0, match, data });
    }),
  );
}

function addressOf(number: number, place: number): number {
  return 0x020000000000 + number * 0x10000 + place;
}
