/**
 * Writes names shortly: a run of numbered ones as `reg0...reg15`, those that begin alike as `tun_{src,dst}`.
 * @param prefix how much of each has been written already
 */
export function formatNames(names: readonly string[], prefix = 0): string {
  const words = [];
  for (let at = 0; at < names.length; ) {
    const rest = names.slice(at);
    const common = commonRun(rest, prefix);
    const numbered = numberedRun(rest);
    if (numbered >= common.count) {
      const last = numbered > 1 ? `...${rest[numbered - 1]!.slice(prefix)}` : '';
      words.push(`${rest[0]!.slice(prefix)}${last}`);
      at += numbered;
    } else {
      const inner = prefix + common.length;
      words.push(`${rest[0]!.slice(prefix, inner)}{${formatNames(rest.slice(0, common.count), inner)}}`);
      at += common.count;
    }
  }
  return words.join(prefix > 0 ? ',' : ' ');
}

/** How many names begin alike up to an underscore, and how much of the first two does. */
function commonRun(
  names: readonly string[],
  prefix: number,
): { readonly count: number; readonly length: number } {
  const [first, second] = names;
  if (first === undefined || second === undefined) return { count: names.length, length: 0 };
  const length = commonLength(first.slice(prefix), second.slice(prefix));
  if (length === 0) return { count: 1, length };
  let count = 2;
  while (count < names.length && commonLength(first.slice(prefix), names[count]!.slice(prefix)) > 0) count++;
  return { count, length };
}

function commonLength(a: string, b: string): number {
  let length = 0;
  for (let index = 0; index < a.length && a[index] === b[index]; index++) {
    if (a[index] === '_') length = index + 1;
  }
  return length;
}

/** How many names count up, one by one; a run of two is none. */
function numberedRun(names: readonly string[]): number {
  let count = 1;
  while (count < names.length && areSequential(names[count - 1]!, names[count]!)) count++;
  return count === 2 ? 1 : count;
}

function areSequential(a: string, b: string): boolean {
  const [first, second] = [split(a), split(b)];
  return (
    first !== undefined &&
    second !== undefined &&
    first.name === second.name &&
    second.number === first.number + 1
  );
}

function split(text: string): { readonly name: string; readonly number: number } | undefined {
  const parts = /^(.*?)(\d+)$/.exec(text);
  return parts === null ? undefined : { name: parts[1]!, number: Number(parts[2]) };
}
