import Long from 'long';

/** What a flow of ours is for. */
export type CookieKind = 'intended' | 'learnt';

/** Bits 48 to 63 of every cookie of ours. */
const MARK = 0x6a1a;
const KINDS: Readonly<Record<CookieKind, number>> = { intended: 1, learnt: 2 };

/** What every cookie of ours is under {@link OURS_MASK}. */
export const OURS = new Long(0, MARK << 16, true);
/** The mask under which every flow of ours has the same cookie. */
export const OURS_MASK = new Long(0, 0xffff_0000 | 0, true);
/** The mask that takes the kind in as well. */
export const KIND_MASK = new Long(0, 0xffff_ff00 | 0, true);

/** The mask that takes the kind and the type of the intent in. */
export const TYPE_MASK = new Long(0, 0xffff_fff0 | 0, true);

/**
 * The cookie of a flow: 16 bits that say it is ours, 8 for the kind, 40 for the number of the intent that it serves.
 */
export function cookie(kind: CookieKind, intentNumber: number): Long {
  const high = (MARK << 16) | (KINDS[kind] << 8) | Math.floor(intentNumber / 2 ** 32);
  return new Long(intentNumber | 0, high | 0, true);
}
