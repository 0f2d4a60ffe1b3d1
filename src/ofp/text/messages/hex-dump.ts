const PER_LINE = 16;

/** Bytes as `hexdump -C` shows them, a line for 16: offset, hexadecimal digits, printable characters. */
export function hexDump(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += PER_LINE) {
    const line = bytes.subarray(at, at + PER_LINE);
    let digits = '';
    let characters = '';
    for (let index = 0; index < PER_LINE; index++) {
      const byte = line[index];
      digits +=
        byte === undefined ? '   ' : `${byte.toString(16).padStart(2, '0')}${index === 7 ? '-' : ' '}`;
      characters += byte === undefined ? ' ' : printable(byte);
    }
    text += `${at.toString(16).padStart(8, '0')}  ${digits}|${characters}|\n`;
  }
  return text;
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}
