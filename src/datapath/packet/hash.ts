/** What hashes begin with. */
export const FIRST_HASH = 0x811c9dc5;

/** FNV-1a over whole words: takes another one in. */
export function mixIn(hash: number, word: number): number {
  const value = Math.imul(hash ^ word, 0x01000193);
  return value ^ (value >>> 15);
}

/** Mixes the bits once more (the finalizer of MurmurHash3). */
export function finish(hash: number): number {
  const value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return value ^ (value >>> 13);
}
