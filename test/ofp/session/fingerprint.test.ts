import { describe, expect, it } from '@jest/globals';
import { type GroupSpec, group, type MeterSpec, output, setField } from '../../../src/ofp/index.ts';
import { groupBehaviour, meterBehaviour } from '../../../src/ofp/session/fingerprint.ts';

describe('the behaviour of a group', () => {
  const all: GroupSpec = { groupId: 1, groupType: 'all', buckets: [{ actions: [output(1)] }] };

  it('is its type and its buckets, in their order', () => {
    const others: GroupSpec[] = [
      { ...all, groupType: 'indirect' },
      { ...all, buckets: [] },
      { ...all, buckets: [{ actions: [output(1)] }, { actions: [output(2)] }] },
      { ...all, buckets: [{ actions: [output(2)] }, { actions: [output(1)] }] },
      { ...all, buckets: [{ weight: 5, actions: [output(1)] }] },
      { ...all, buckets: [{ actions: [group(1)] }] },
    ];
    expect(new Set([all, ...others].map(groupBehaviour)).size).toBe(others.length + 1);
    expect(groupBehaviour({ ...all, groupId: 2 })).toBe(groupBehaviour(all));
  });

  it('is the same whichever way its actions were said', () => {
    const said = { type: 'setDlSrc', dlAddr: '02:00:00:00:00:01' } as const;
    const told = setField('ethSrc', '02:00:00:00:00:01');
    expect(groupBehaviour({ ...all, buckets: [{ actions: [said] }] })).toBe(
      groupBehaviour({ ...all, buckets: [{ actions: [told] }] }),
    );
  });
});

describe('the behaviour of a meter', () => {
  const meter = (flags: number, burstSize: number): MeterSpec => ({
    meterId: 1,
    flags,
    bands: [{ type: 'drop', rate: 100, burstSize }],
  });

  it('has a burst only when its flags say so: switches fill in one of their own', () => {
    expect(meterBehaviour(meter(1, 0))).toBe(meterBehaviour(meter(1, 100)));
    expect(meterBehaviour(meter(5, 0))).not.toBe(meterBehaviour(meter(5, 100)));
    expect(meterBehaviour(meter(1, 0))).not.toBe(meterBehaviour(meter(2, 0)));
  });
});
