import type { Random } from '../../../fuzz/random.ts';

/** Changes a text a little, or not at all where it has nothing to change. */
type Change = (text: string, random: Random) => string;

const WRONG_WORDS = ['', 'x', 'reg99', 'nothing', 'actions', 'OUTPUT', 'tcp', 'all', 'NXM_NX_REG0[]', '*'];
const WRONG_NUMBERS = [
  '-1',
  '0x',
  '0xg',
  '1x',
  '1.5',
  '08',
  '256',
  '65536',
  '4294967296',
  '0x1ffffffffffffffff',
  '99999999999999999999',
];
const MARKS = '()[]:=,/->. ';

/** Puts a text in the place of what a pattern finds somewhere. */
function instead(pattern: RegExp, make: (found: string, random: Random) => string): Change {
  return (text, random) => {
    const places = [...text.matchAll(pattern)];
    if (places.length === 0) return text;
    const { 0: found, index } = random.pick(places);
    return text.slice(0, index) + make(found, random) + text.slice(index + found.length);
  };
}

const CHANGES: readonly Change[] = [
  instead(/[A-Za-z_]\w*/g, (_, random) => random.pick(WRONG_WORDS)),
  instead(/[A-Za-z_]\w*/g, (word, random) => withoutOne(word, random)),
  instead(/[A-Za-z_]\w*/g, (word) => word.toUpperCase()),
  instead(/\b(0x)?\d+\b/g, (_, random) => random.pick(WRONG_NUMBERS)),
  instead(/\b(0x)?\d+\b/g, () => ''),
  instead(/[()[\]]/g, () => ''),
  instead(/[()[\]]/g, (mark) => mark + mark),
  instead(/->|[=:,/]/g, () => ''),
  instead(/->|[=:,/]/g, (_, random) => random.pick([...MARKS])),
  instead(/->|[=:,/]/g, (mark) => mark + mark),
  instead(/[^,]+,?/g, () => ''),
  instead(/[^,]+/g, (part) => `${part},${part}`),
  (text, random) => text.slice(0, random.below(text.length + 1)),
];

/** A text with one or two mistakes, of the kinds that people make: wrong words and numbers, lost brackets and marks. */
export function misspelt(text: string, random: Random): string {
  const once = random.pick(CHANGES)(text, random);
  return random.oneIn(3) ? random.pick(CHANGES)(once, random) : once;
}

function withoutOne(word: string, random: Random): string {
  const at = random.below(word.length);
  return word.slice(0, at) + word.slice(at + 1);
}
