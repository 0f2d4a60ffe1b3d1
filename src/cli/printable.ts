/**
 * Text that cannot steer a terminal nor begin a line of its own: what peers and files say must not look like what we
 * say. Line ends become `lineEnd`, other control characters their escapes.
 */
export function printable(text: string, lineEnd = '\\n'): string {
  return text
    .replace(/\r?\n/g, lineEnd)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
