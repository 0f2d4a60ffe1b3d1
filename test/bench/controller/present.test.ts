import { describe, expect, it } from '@jest/globals';
import type { ControllerKind } from '../../../bench/controller/controllers.ts';
import { present } from '../../../bench/controller/present.ts';

function kind(name: string, reason?: string): ControllerKind {
  return {
    name,
    role: 'peer',
    missing: async () => reason,
    start: () => Promise.reject(new Error('not started')),
  };
}

describe('present', () => {
  it('leaves out who cannot run here, and says why in one line each', async () => {
    const [here, gone] = [kind('here'), kind('gone', 'gone is not installed')];
    expect(await present([gone, here])).toEqual({ kinds: [here], skipped: ['gone is not installed'] });
  });
});
