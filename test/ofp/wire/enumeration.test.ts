import { describe, expect, it } from '@jest/globals';
import { enumeration } from '../../../src/ofp/wire/enumeration.ts';
import { codeOf } from '../checks.ts';

const commands = enumeration('OFPXX', { add: 0, modify: 1, replace: 0x8000 });

describe('an enumeration', () => {
  it.each([
    [0, 'add'],
    [1, 'modify'],
    [0x8000, 'replace'],
  ] as const)('names %i %s, both ways', (code, name) => {
    expect(commands.name(code)).toBe(name);
    expect(commands.code(name)).toBe(code);
  });

  it('leaves a number that has no name a number, both ways', () => {
    expect(commands.name(2)).toBe(2);
    expect(commands.code(2)).toBe(2);
  });

  it('takes the number of a name too', () => {
    expect(commands.code(1)).toBe(1);
  });

  it.each(['remove', 'toString', '__proto__', ''])(
    'refuses the name %j, and says which ones there are',
    (name) => {
      expect(codeOf(() => commands.code(name as 'add'))).toBe('OFP_BAD_VALUE');
      expect(() => commands.code(name as 'add')).toThrow(
        `OFPXX has no '${name}', expected add, modify, replace`,
      );
    },
  );

  it('refuses a value that is not there at all', () => {
    expect(codeOf(() => commands.code(undefined as never))).toBe('OFP_BAD_VALUE');
  });
});
