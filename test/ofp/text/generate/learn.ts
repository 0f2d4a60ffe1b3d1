import type { TextPrerequisite } from '../../../../src/ofp/text/field-table.ts';
import type { Random } from '../../../fuzz/random.ts';
import { bitsFor, fieldFor } from './fields.ts';
import { KINDS } from './matches.ts';
import { numberText, oneOf, subfieldText, valueText, within } from './values.ts';

const PROPERTIES: readonly ((random: Random) => string)[] = [
  (random) => `table=${within(random, 0, 254)}`,
  (random) => `priority=${within(random, 0, 0xffff)}`,
  (random) => `idle_timeout=${within(random, 0, 0xffff)}`,
  (random) => `hard_timeout=${within(random, 0, 0xffff)}`,
  (random) => `fin_idle_timeout=${within(random, 0, 0xffff)}`,
  (random) => `fin_hard_timeout=${within(random, 0, 0xffff)}`,
  (random) => `cookie=${numberText(random, 64)}`,
  () => 'send_flow_rem',
  () => 'delete_learned',
  (random) => `limit=${within(random, 0, 0xffffffff)}`,
  (random) => `result_dst=NXM_NX_REG${random.below(16)}[${random.below(32)}]`,
];

/** The words of a `learn`: what the flow is like, which packets it takes, and what it does with them. */
export function learnText(random: Random, kind: TextPrerequisite): string {
  const words = PROPERTIES.filter(() => random.oneIn(4)).map((make) => make(random));
  const type = /(?:eth|dl)_type=\w+/.exec(random.pick(KINDS[kind]))?.[0];
  if (type !== undefined) words.push(type.replace('dl_type', 'eth_type'));
  for (let count = random.below(4); count > 0; count--) words.push(specText(random, kind));
  return words.join(',');
}

const SHORT = { isShort: true, limit: 64 };

function specText(random: Random, kind: TextPrerequisite): string {
  return oneOf(random, [
    () => bitsFor(random, kind, SHORT)[0],
    () => `${fieldFor(random, kind, SHORT).constant}[]`,
    () => {
      const field = fieldFor(random, kind, SHORT);
      return `${field.name}=${valueText(random, field)}`;
    },
    () => {
      const [text, bits] = bitsFor(random, kind, SHORT);
      return `${text}=${numberText(random, bits)}`;
    },
    () => {
      const [one, two] = between(random, kind, false);
      return `${one}=${two}`;
    },
    () => {
      const [target, source] = between(random, kind, true);
      return `load:${source}->${target}`;
    },
    () => {
      const [text, bits] = bitsFor(random, kind, { ...SHORT, isWritten: true });
      return `load:${numberText(random, bits)}->${text}`;
    },
    () => `output:${bitsFor(random, kind, { isShort: true, limit: 32 })[0]}`,
  ]);
}

/** As many bits of two fields, the first of them writable where that is wanted. */
function between(random: Random, kind: TextPrerequisite, isWritten: boolean): [one: string, two: string] {
  const [one, two] = [fieldFor(random, kind, { isShort: true, isWritten }), fieldFor(random, kind, SHORT)];
  const bits = 1 + random.below(Math.min(one.bits, two.bits, 128));
  return [subfieldText(random, one, bits), subfieldText(random, two, bits)];
}
