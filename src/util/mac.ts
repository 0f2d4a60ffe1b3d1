import { WireError } from './errors.ts';

/** Reads the six bytes of an Ethernet address as `aa:bb:cc:dd:ee:ff`. */
export function readMac(bytes: Uint8Array, offset: number): string {
  return (
    readOui(bytes[offset]!, bytes[offset + 1]!, bytes[offset + 2]!) +
    (HEX_COLON[bytes[offset + 3]!]! + HEX_COLON[bytes[offset + 4]!]! + HEX[bytes[offset + 5]!]!)
  );
}

/** The first half of an address, who made it: few of them are in many addresses, which so have it in common. */
function readOui(byte0: number, byte1: number, byte2: number): string {
  const oui = (byte0 << 16) | (byte1 << 8) | byte2;
  const slot = (byte0 ^ byte1 ^ byte2) & (RECENT_OUIS - 1);
  if (recentOuis[slot] === oui) return recentOuiTexts[slot]!;
  const text = HEX_COLON[byte0]! + HEX_COLON[byte1]! + HEX_COLON[byte2]!;
  recentOuis[slot] = oui;
  recentOuiTexts[slot] = text;
  return text;
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
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

const HEX_COLON = HEX.map((digits) => `${digits}:`);

const RECENT_OUIS = 64;
const recentOuis = new Int32Array(RECENT_OUIS).fill(-1);
const recentOuiTexts = new Array<string>(RECENT_OUIS).fill('');

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
