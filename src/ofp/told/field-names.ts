import { fieldByOxm } from '../text/fields.ts';

/** A field's name in OXM, which matches and the specification's actions use. */
export function newName(field: string): string {
  return fieldByOxm(field)?.oxm ?? field;
}

/** Its name in NXM where there is one, which the extension's actions use. */
export function oldName(field: string): string {
  return fieldByOxm(field)?.nxm ?? newName(field);
}
