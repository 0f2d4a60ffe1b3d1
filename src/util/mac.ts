import { WireError } from './errors.ts';

/** Reads the six bytes of an Ethernet address as `aa:bb:cc:dd:ee:ff`. */
export function readMac(bytes: Uint8Array, offset: number): string {
  return (
    HEX[bytes[offset]!]! +
    ':' +
    HEX[bytes[offset + 1]!]! +
    ':' +
    HEX[bytes[offset + 2]!]! +
    ':' +
    HEX[bytes[offset + 3]!]! +
    ':' +
    HEX[bytes[offset + 4]!]! +
    ':' +
    HEX[bytes[offset + 5]!]!
  );
}

/**
 * Writes `aa:bb:cc:dd:ee:ff` (either case) as six bytes.
 * @throws WireError `MAC_INVALID` when the text is anything else.
 */
export function writeMac(bytes: Uint8Array, offset: number, text: string): void {
  if (text.length !== 17) throw invalidMac(text);
  for (let i = 0, at = 0; i < 6; i++, at += 3) {
    const value = (nibble(text.charCodeAt(at)) << 4) | nibble(text.charCodeAt(at + 1));
    if (value < 0 || (i < 5 && text.charCodeAt(at + 2) !== COLON)) throw invalidMac(text);
    bytes[offset + i] = value;
  }
}

/** True for `ff:ff:ff:ff:ff:ff` and every other address with the group bit set (IEEE 802.3, 3.2.3). */
export function isGroupMac(mac: string): boolean {
  return (nibble(mac.charCodeAt(1)) & 1) === 1;
}

const COLON = 58;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const NO_DIGIT = -256;
/** By character code. */
const NIBBLE = new Int16Array(128).fill(NO_DIGIT);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  NIBBLE[text.charCodeAt(0)] = digit;
  NIBBLE[text.toUpperCase().charCodeAt(0)] = digit;
}

/** The value of a hexadecimal digit; negative when it is none, which survives the shift and the `or`. */
function nibble(code: number): number {
  return code < 128 ? NIBBLE[code]! : NO_DIGIT;
}

function invalidMac(text: string): WireError {
  return new WireError('MAC_INVALID', `expected an Ethernet address like 52:54:00:12:34:56, got '${text}'`);
}
