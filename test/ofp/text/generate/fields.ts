import { FIELDS } from '../../../../src/ofp/oxm/fields.ts';
import type { TextPrerequisite } from '../../../../src/ofp/text/field-table.ts';
import { TEXT_FIELDS, type TextField } from '../../../../src/ofp/text/fields.ts';
import type { Random } from '../../../fuzz/random.ts';
import { subfieldText } from './values.ts';

/** Makes an action for packets of a kind; the actions in it, if it has some, are made by `list`. */
export type MakeAction = (random: Random, kind: TextPrerequisite, list: () => string) => string;

/** How actions name a field. */
interface Naming {
  /** It is written, and so must be writable. */
  readonly isWritten?: boolean;
  /** The action has four bytes for its header, which fields of experimenters do not fit. */
  readonly isShort?: boolean;
}

/** The fields that actions can name. */
const NAMED = TEXT_FIELDS.filter(({ oxm }) => oxm !== undefined);

/** A field that packets of a kind have, or seldom any other. */
export function fieldFor(random: Random, kind: TextPrerequisite, { isWritten, isShort }: Naming): TextField {
  const named = NAMED.filter(
    ({ oxm, writable }) => (writable || !isWritten) && (!isShort || FIELDS[oxm!].experimenter === 0),
  );
  const known = named.filter(({ needs }) => needs === kind || needs === 'none' || needs === 'ethernet');
  return random.pick(random.oneIn(20) ? named : known);
}

/** Up to `limit` bits of a field. */
export function bitsFor(
  random: Random,
  kind: TextPrerequisite,
  naming: Naming & { readonly limit?: number },
): [text: string, bits: number] {
  const field = fieldFor(random, kind, naming);
  const most = Math.min(field.bits, naming.limit ?? 128);
  const bits = random.oneIn(2) ? most : 1 + random.below(most);
  return [subfieldText(random, field, bits), bits];
}
