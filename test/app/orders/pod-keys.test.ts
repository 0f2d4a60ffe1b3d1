import { describe, expect, it } from '@jest/globals';
import { PodKeys } from '../../../src/app/orders/pod-keys.ts';

describe('the keys of pods', () => {
  it('belong to the pod that came first', () => {
    const keys = new PodKeys();
    expect(keys.claim({ name: 'web', key: 5 })).toBeUndefined();
    expect(keys.claim({ name: 'web', key: 5 })).toBeUndefined();
    expect(keys.claim({ name: 'db', key: 5 })).toBe(`key 5 of pod 'db' is the key of pod 'web'`);
    expect(keys.claim({ name: 'web', key: 6 })).toBe(`pod 'web' has the key 5 elsewhere, here it is 6`);
    expect(keys.name(5)).toBe('web');
    expect(keys.name(6)).toBeUndefined();
  });

  it('are given up when nobody asks for the pod any more', () => {
    const keys = new PodKeys();
    const web = { name: 'web', key: 5 };
    const db = { name: 'db', key: 6 };
    for (const pod of [web, web, db]) {
      keys.ask(pod, 1);
      keys.claim(pod);
    }
    keys.ask(web, -1);
    expect(keys.name(5)).toBe('web');
    keys.ask(web, -1);
    expect([keys.name(5), keys.name(6)]).toEqual([undefined, 'db']);
    expect(keys.claim({ name: 'web', key: 7 })).toBeUndefined();
    expect(keys.claim({ name: 'other', key: 5 })).toBeUndefined();
  });

  it('are not kept by a pod that only asks for the same key or the same name', () => {
    const keys = new PodKeys();
    for (const pod of [
      { name: 'web', key: 5 },
      { name: 'db', key: 6 },
    ]) {
      keys.ask(pod, 1);
      keys.claim(pod);
    }
    keys.ask({ name: 'other', key: 5 }, 1);
    keys.ask({ name: 'db', key: 7 }, 1);
    keys.ask({ name: 'web', key: 5 }, -1);
    keys.ask({ name: 'db', key: 6 }, -1);
    expect(keys.claim({ name: 'other', key: 5 })).toBeUndefined();
    expect(keys.claim({ name: 'db', key: 7 })).toBeUndefined();
    expect(keys.name(6)).toBeUndefined();
  });
});
