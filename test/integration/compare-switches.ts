import { formatMessage } from '../../src/ofp/text/message-format.ts';
import { Random } from '../datapath/orders/random.ts';
import { randomSequence, type Sent } from '../datapath/orders/random-orders.ts';
import { eventually } from '../lab/index.ts';
import type { SwitchUnderTest } from './switch-under-test.ts';

/** So many sequences meet what earlier ones left; then everything is deleted. */
const CASES_PER_ROUND = 12;

/** What two switches made of the same sequences differently: undefined for nothing. */
export async function firstDifference(
  real: SwitchUnderTest,
  soft: SwitchUnderTest,
  { seed, cases }: { readonly seed: number; readonly cases: number },
): Promise<string | undefined> {
  const hwAddrs = new Map((await real.ports()).map(({ portNo, hwAddr }) => [portNo, hwAddr]));
  for (let first = 0; first < cases; first += CASES_PER_ROUND) {
    await Promise.all([real.reset(), soft.reset()]);
    await settled(real, soft);
    real.takeHeard();
    soft.takeHeard();
    const random = new Random(seed * 1_000_003 + first);
    const sent: Sent[] = [];
    for (let index = first; index < Math.min(first + CASES_PER_ROUND, cases); index++) {
      const sequence = randomSequence(random, hwAddrs, 1 + sent.length);
      sent.push(...sequence);
      const difference = await compare(real, soft, sequence);
      if (difference === 'late') break;
      if (difference !== undefined)
        return `seed ${seed}, case ${index}: ${difference}\nafter\n${sent.map(describeSent).join('')}`;
    }
  }
  return undefined;
}

/** Open vSwitch tells of flows that went when it comes to it, not before it answers barriers. */
async function settled(real: SwitchUnderTest, soft: SwitchUnderTest): Promise<void> {
  await eventually(() => real.removedCount >= soft.removedCount, { timeoutMs: 5000, intervalMs: 2 }).catch(
    () => {},
  );
}

/** @returns the differences; `late` when there was no time to look for them */
async function compare(
  real: SwitchUnderTest,
  soft: SwitchUnderTest,
  sequence: readonly Sent[],
): Promise<string | undefined> {
  await Promise.all([real.send(sequence), soft.send(sequence)]);
  const [realState, softState] = await Promise.all([real.state(), soft.state()]);
  await settled(real, soft);
  const differences: string[] = [];
  for (const [what, lines] of Object.entries(realState) as [keyof typeof realState, readonly string[]][])
    differences.push(...differenceOf(what, lines, softState[what]));
  const [realHeard, softHeard] = [real.takeHeard(), soft.takeHeard()];
  // A machine that takes seconds for a round makes bundles end: what follows cannot be compared.
  if (realHeard.some((lines) => lines.some((line) => line.startsWith('error OFPBFC_TIMEOUT')))) return 'late';
  for (const [index, lines] of realHeard.entries()) {
    const what = `${index % 2 === 0 ? 'answers' : 'flows removed'} to controller ${index >> 1}`;
    differences.push(...differenceOf(what, lines, softHeard[index]!));
  }
  return differences.length === 0 ? undefined : differences.join('\n');
}

/** What Open vSwitch does and we do not, and why. */
const ODDITIES: readonly { readonly why: string; readonly real: RegExp; readonly soft: RegExp }[] = [
  {
    why: 'a request to a bundle of an unknown type is answered with whatever was in memory',
    real: /^onfBundleControl 04040018/,
    soft: /^error OFPBFC_BAD_TYPE /,
  },
  {
    why: 'what is wrong in two ways is refused for the other: tunnel options are looked for later here',
    real: /^error NXFMFC_INVALID_TLV_FIELD /,
    soft: /^error OFPB[AM]C_/,
  },
];

function isOddity(real: string | undefined, soft: string | undefined): boolean {
  return ODDITIES.some((each) => each.real.test(real ?? '') && each.soft.test(soft ?? ''));
}

function differenceOf(what: string, real: readonly string[], soft: readonly string[]): string[] {
  if (
    real.length === soft.length &&
    real.every((line, index) => line === soft[index] || isOddity(line, soft[index]))
  )
    return [];
  const only = (lines: readonly string[], others: readonly string[]) =>
    lines.filter((line) => !others.includes(line));
  const told = [
    ...only(real, soft).map((line) => `  Open vSwitch: ${line}`),
    ...only(soft, real).map((line) => `  here:         ${line}`),
  ];
  return [
    `${what} (${real.length} and ${soft.length}):`,
    ...(told.length > 0 ? told : ['  in another order, or another number of them']),
  ];
}

function describeSent({ controller, bytes }: Sent): string {
  return `${controller}: ${formatMessage(bytes)}${bytes.toString('hex')}\n`;
}
