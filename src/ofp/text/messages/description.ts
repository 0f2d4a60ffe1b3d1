import type { WireMessage } from './form.ts';

/** The texts of ofp_desc, with their sizes. */
const TEXTS: readonly [label: string, size: number][] = [
  ['Manufacturer', 256],
  ['Hardware', 256],
  ['Software', 256],
  ['Serial Num', 32],
  ['DP Description', 256],
];

/** Writes what a switch says of itself. */
export function* printDescription({ wire, body }: WireMessage): Iterable<string> {
  yield '\n';
  let at = body;
  for (const [label, size] of TEXTS) {
    const bytes = wire.bytes.subarray(at, at + size);
    const end = bytes.indexOf(0);
    yield `${label}: ${Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8')}\n`;
    at += size;
  }
}
