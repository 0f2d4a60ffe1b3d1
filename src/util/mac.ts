import { WireError } from './errors.ts';

/** Reads the six bytes of an Ethernet address as `aa:bb:cc:dd:ee:ff`. */
export function readMac(bytes: Uint8Array, offset: number): string {
  const byte0 = bytes[offset]!;
  const byte1 = bytes[offset + 1]!;
  const byte2 = bytes[offset + 2]!;
  const byte3 = bytes[offset + 3]!;
  const byte4 = bytes[offset + 4]!;
  const byte5 = bytes[offset + 5]!;
  // One string at once. Text that is put together stays in parts until somebody reads it, who then has to join them: as
  // the key of a map it takes four times as long.
  return String.fromCharCode(
    HIGH[byte0]!,
    LOW[byte0]!,
    COLON,
    HIGH[byte1]!,
    LOW[byte1]!,
    COLON,
    HIGH[byte2]!,
    LOW[byte2]!,
    COLON,
    HIGH[byte3]!,
    LOW[byte3]!,
    COLON,
    HIGH[byte4]!,
    LOW[byte4]!,
    COLON,
    HIGH[byte5]!,
    LOW[byte5]!,
  );
}

/**
 * Writes `aa:bb:cc:dd:ee:ff` (either case) as six bytes.
 * @throws WireError `MAC_INVALID` when the text is anything else.
 */
export function writeMac(bytes: Uint8Array, offset: number, text: string): void {
  if (text.length !== 17) throw invalidMac(text);
  // Spelt out, and checked once at the end: a loop that checks as it goes takes a fifth more, in every match.
  const byte0 = byteAt(text, 0);
  const byte1 = byteAt(text, 3);
  const byte2 = byteAt(text, 6);
  const byte3 = byteAt(text, 9);
  const byte4 = byteAt(text, 12);
  const byte5 = byteAt(text, 15);
  const wrong =
    noColon(text, 2) | noColon(text, 5) | noColon(text, 8) | noColon(text, 11) | noColon(text, 14);
  if (wrong !== 0 || (byte0 | byte1 | byte2 | byte3 | byte4 | byte5) < 0) throw invalidMac(text);
  bytes[offset] = byte0;
  bytes[offset + 1] = byte1;
  bytes[offset + 2] = byte2;
  bytes[offset + 3] = byte3;
  bytes[offset + 4] = byte4;
  bytes[offset + 5] = byte5;
}

/** True for `ff:ff:ff:ff:ff:ff` and every other address with the group bit set (IEEE 802.3, 3.2.3). */
export function isGroupMac(mac: string): boolean {
  return (NIBBLE[mac.charCodeAt(1)]! & 1) === 1;
}

const COLON = 58;
/** The codes of the two digits of each byte. */
const HIGH = new Uint8Array(256);
const LOW = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  HIGH[byte] = (byte >> 4).toString(16).charCodeAt(0);
  LOW[byte] = (byte & 15).toString(16).charCodeAt(0);
}

const NO_DIGIT = -2;
/** By UTF-16 code unit, all of them, so that no look-up needs a check of its own. */
const NIBBLE = new Int8Array(0x1_0000).fill(NO_DIGIT);
for (let digit = 0; digit < 16; digit++) {
  const text = digit.toString(16);
  NIBBLE[text.charCodeAt(0)] = digit;
  NIBBLE[text.toUpperCase().charCodeAt(0)] = digit;
}

/** The byte that two digits of a text are; negative when they are none, which survives the shift and the `or`. */
function byteAt(text: string, at: number): number {
  return (NIBBLE[text.charCodeAt(at)]! << 4) | NIBBLE[text.charCodeAt(at + 1)]!;
}

/** 0 for a colon. */
function noColon(text: string, at: number): number {
  return text.charCodeAt(at) ^ COLON;
}

function invalidMac(text: string): WireError {
  return new WireError('MAC_INVALID', `expected an Ethernet address like 52:54:00:12:34:56, got '${text}'`);
}
