import { describe, expect, it } from '@jest/globals';
import { GLOBAL_POD, parsePod } from '../../../src/app/hosts/pod.ts';
import { UsageError } from '../../../src/util/errors.ts';

/** Why a pod is refused. */
function refusal(name: string, key?: string): string {
  try {
    parsePod(name, key);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).code).toBe('POD_INVALID');
    return (error as UsageError).message;
  }
  throw new Error(`${name} was taken`);
}

describe('the name of a pod', () => {
  it.each([
    ['global', undefined, { name: 'global', key: 0x10ffd }],
    ['global', '0x10ffd', GLOBAL_POD],
    ['global', '69629', GLOBAL_POD],
    ['1', undefined, { name: '1', key: 0x10001 }],
    ['7', '65543', { name: '7', key: 0x10007 }],
    ['4092', undefined, { name: '4092', key: 0x10ffc }],
    ['4094', undefined, { name: '4094', key: 0x10ffe }],
    ['web', '1', { name: 'web', key: 1 }],
    ['web', '0xffffff', { name: 'web', key: 2 ** 24 - 1 }],
    ['web', '65536', { name: 'web', key: 0x10000 }],
    ['web', '69631', { name: 'web', key: 0x10fff }],
    ['A.b_c-9', '0X1F', { name: 'A.b_c-9', key: 31 }],
    [`p${'x'.repeat(62)}`, '5', { name: `p${'x'.repeat(62)}`, key: 5 }],
  ])('%p with the key %p is a pod', (name, key, pod) => {
    expect(parsePod(name, key)).toEqual(pod);
  });

  it.each([['0'], ['4093'], ['4095'], ['07'], ['99999999999999999999']])(
    'is refused when it is the number %p',
    (name) => {
      expect(refusal(name)).toBe(
        `a pod's number is 1 to 4094 without 4093, which is the global pod's, got ${name}`,
      );
    },
  );

  it.each([[''], ['-a'], ['.a'], ['_a'], ['1a'], ['a b'], ['a/b'], ['-1'], ['é'], [`p${'x'.repeat(63)}`]])(
    'is refused when it is %p',
    (name) => {
      expect(refusal(name, '5')).toContain(`(a letter, then letters, digits, '.', '_' or '-', at most 63)`);
    },
  );
});

describe('the key of a pod', () => {
  it('has to be given for a name that says nothing of it', () => {
    expect(refusal('web')).toBe(
      `pod 'web' needs a tunnel key: set external_ids:galago-key, 1 to ${2 ** 24 - 1}`,
    );
  });

  it.each([['0'], ['16777216'], ['-1'], ['1.5'], ['1e3'], [' 5'], ['0x'], ['0b1'], ['five'], ['']])(
    'is refused when it is %p',
    (key) => {
      expect(refusal('web', key)).toContain(`a tunnel key is 1 to 16777215`);
    },
  );

  it.each([['0x10001'], ['0x10ffd'], ['69630']])('is refused when it is %p, a numbered pod’s', (key) => {
    expect(refusal('web', key)).toContain('0x10000 + 1 to 4094 belong to the numbered pods');
  });

  it('is refused when it is another than a number or the global pod has', () => {
    expect(refusal('7', '5')).toBe(`pod '7' has the key 65543, not 5`);
    expect(refusal('global', '0x10001')).toContain(`pod 'global' has the key 69629`);
    expect(refusal('7', 'seven')).toContain(`got 'seven' for pod '7'`);
  });
});
