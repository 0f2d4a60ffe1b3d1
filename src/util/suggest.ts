/** Words longer than this are not compared: the cost grows with the square of the length. */
const MAX_LENGTH = 64;

/**
 * Finds the candidate a mistyped word most likely stood for, for "did you mean" in error messages.
 * Case is ignored; up to a third of the letters, and never more than three, may be wrong.
 * @returns the nearest candidate, the first of equals, or `undefined` when none is near.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined;
  const wanted = word.toLowerCase();
  let nearest: string | undefined;
  let limit = Math.min(3, Math.max(1, Math.floor(word.length / 3)));
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const found = distance(wanted, candidate.toLowerCase());
    if (found > limit) continue;
    nearest = candidate;
    if (found === 0) break;
    limit = found - 1;
  }
  return nearest;
}

/** Damerau-Levenshtein distance in its restricted form: no substring is edited twice. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const differs = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + differs);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length]!;
}
