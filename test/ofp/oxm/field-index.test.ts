import { describe, expect, it } from '@jest/globals';
import { FIELD_COUNT, FieldTrail } from '../../../src/ofp/oxm/field-index.ts';

/** The names of the fields that are found one behind the other. */
function follow(trail: FieldTrail, names: readonly string[]): (string | undefined)[] {
  let previous = FIELD_COUNT;
  return names.map((name) => {
    const field = trail.find(previous, name);
    if (field !== undefined) previous = field.index;
    return field?.name;
  });
}

describe('FieldTrail', () => {
  it('finds fields in any order, whichever came before', () => {
    const trail = new FieldTrail();
    const orders = [
      ['tunnelId', 'ethDst', 'inPort'],
      ['tunnelId', 'inPort', 'ethDst'],
      ['ethDst', 'tunnelId', 'tunnelId'],
    ];
    for (const names of [...orders, ...orders]) expect(follow(trail, names)).toEqual(names);
  });

  it('finds nothing for a name that no field has, and goes on behind it', () => {
    const trail = new FieldTrail();
    const names = ['inPort', 'noSuchField', '', 'ethDst'];
    for (let i = 0; i < 2; i++) {
      expect(follow(trail, names)).toEqual(['inPort', undefined, undefined, 'ethDst']);
    }
  });

  it('compares names, not the objects that hold them', () => {
    const trail = new FieldTrail();
    follow(trail, ['inPort', 'ethDst']);
    expect(
      follow(
        trail,
        ['in', 'eth'].map((start, i) => start + ['Port', 'Dst'][i]),
      ),
    ).toEqual(['inPort', 'ethDst']);
  });
});
