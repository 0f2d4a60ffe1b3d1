import { expect } from '@jest/globals';
import type { Host } from '../lab/index.ts';
import { flowLines } from './pod-hosts.ts';

/** A flow's age in seconds and its count. */
interface Counts {
  readonly age: number;
  readonly packets: number;
}

/** The counts of a host's flows, by what each flow is. */
export async function history(host: Host): Promise<Map<string, Counts>> {
  const lines = await flowLines(host, 'cookie=');
  return new Map(
    lines.map((line) => {
      const [, age, packets] = /duration=([\d.]+)s.* n_packets=(\d+)/.exec(line)!;
      const what = line.replace(/ (duration|n_packets|n_bytes|idle_age)=[^,]*,/g, '');
      return [what, { age: Number(age), packets: Number(packets) }];
    }),
  );
}

/** Expects the same flows, which have gone on to age and to count. */
export function expectContinued(
  before: ReadonlyMap<string, Counts>,
  after: ReadonlyMap<string, Counts>,
): void {
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  for (const [what, { age, packets }] of before) {
    expect(after.get(what)!.age).toBeGreaterThan(age);
    expect(after.get(what)!.packets).toBeGreaterThanOrEqual(packets);
  }
}
