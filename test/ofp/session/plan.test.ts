import { describe, expect, it } from '@jest/globals';
import {
  FlowModFlag,
  type FlowSpec,
  type GroupSpec,
  group,
  type MeterSpec,
  output,
  type TableState,
} from '../../../src/ofp/index.ts';
import { isEmptyPlan, plan } from '../../../src/ofp/session/plan.ts';

const NOTHING: TableState = { flows: [], groups: [], meters: [] };
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

const flow = (priority: number, changes: Partial<FlowSpec> = {}): FlowSpec => ({
  tableId: 1,
  priority,
  match: { inPort: priority },
  cookie: 7,
  instructions: [{ type: 'applyActions', actions: [output(1)] }],
  ...changes,
});
const all = (groupId: number, port = 1): GroupSpec => ({
  groupId,
  groupType: 'all',
  buckets: [{ actions: [output(port)] }],
});
const meter = (meterId: number, rate = 100): MeterSpec => ({
  meterId,
  flags: 1,
  bands: [{ type: 'drop', rate, burstSize: 0 }],
});

/** What becomes of one flow: nothing, or one message. */
function change(from: FlowSpec, to: FlowSpec) {
  const { bundle, counts } = plan({ ...NOTHING, flows: [from] }, { ...NOTHING, flows: [to] });
  expect(counts).toEqual({ added: 0, changed: bundle.length, deleted: 0 });
  return bundle.map((message) => ('command' in message ? message.command : undefined))[0];
}

describe('a plan for flows', () => {
  it('is empty when everything is as it should be', () => {
    const state = { flows: [flow(1), flow(2)], groups: [all(1)], meters: [meter(1)] };
    const same = plan(state, { flows: [flow(2), flow(1)], groups: [all(1)], meters: [meter(1)] });
    expect(isEmptyPlan(same)).toBe(true);
    expect(same.counts).toEqual({ added: 0, changed: 0, deleted: 0 });
  });

  it('adds what is not there, and deletes exactly what should not be', () => {
    const { bundle, counts } = plan({ ...NOTHING, flows: [flow(1)] }, { ...NOTHING, flows: [flow(2)] });
    expect(counts).toEqual({ added: 1, changed: 0, deleted: 1 });
    expect(bundle).toEqual([
      {
        type: 'flowMod',
        command: 'deleteStrict',
        tableId: 1,
        priority: 1,
        match: { inPort: 1 },
        cookie: 7,
        cookieMask: ALL_ONES,
      },
      { ...flow(2), type: 'flowMod', command: 'add', idleTimeout: 0, hardTimeout: 0, flags: 0 },
    ]);
  });

  it('modifies a flow whose instructions differ, so that it keeps counters and age', () => {
    expect(change(flow(1), flow(1, { instructions: [] }))).toBe('modifyStrict');
    expect(change(flow(1), flow(1, { instructions: [{ type: 'gotoTable', tableId: 2 }] }))).toBe(
      'modifyStrict',
    );
  });

  it.each<[string, Partial<FlowSpec>]>([
    ['cookie', { cookie: 8 }],
    ['idle timeout', { idleTimeout: 5 }],
    ['hard timeout', { hardTimeout: 5 }],
    ['flags', { flags: FlowModFlag.SEND_FLOW_REM }],
  ])('adds a flow again whose %s differs, because modifying leaves that', (_, changes) => {
    expect(change(flow(1), flow(1, changes))).toBe('add');
    expect(change(flow(1, changes), flow(1))).toBe('add');
  });

  it('takes what is left out for its default, and one notation for another', () => {
    const { cookie: _, ...plain } = flow(1);
    const spelled = { cookie: 0n, idleTimeout: 0, hardTimeout: 0, flags: 0 };
    expect(change(plain, { ...plain, ...spelled })).toBeUndefined();
    expect(change(flow(1), flow(1, { cookie: 7n }))).toBeUndefined();
  });

  it('does not mind RESET_COUNTS, which Open vSwitch shows although it is an order', () => {
    const ordered = flow(1, { flags: FlowModFlag.RESET_COUNTS });
    expect(change(flow(1), ordered)).toBeUndefined();
    expect(change(ordered, flow(1))).toBeUndefined();
    const noticed = flow(1, { flags: FlowModFlag.SEND_FLOW_REM | FlowModFlag.RESET_COUNTS });
    expect(change(noticed, flow(1, { flags: FlowModFlag.SEND_FLOW_REM }))).toBeUndefined();
  });

  it('refuses two flows that are the same one', () => {
    const other = flow(1, { cookie: 9, match: { inPort: 1 } });
    expect(() => plan(NOTHING, { ...NOTHING, flows: [flow(1), flow(2), other] })).toThrow(
      expect.objectContaining({
        code: 'OFP_DUPLICATE',
        message: 'desired twice: flowMod add (table 1, priority 1)',
      }),
    );
    expect(() => plan(NOTHING, { ...NOTHING, groups: [all(1), all(1, 2)] })).toThrow('group 1');
    expect(() => plan(NOTHING, { ...NOTHING, meters: [meter(3), meter(3)] })).toThrow('meter 3');
  });
});

describe('a plan for groups and meters', () => {
  it('adds, modifies and deletes them', () => {
    const { metersBefore, bundle, metersAfter, counts } = plan(
      { flows: [], groups: [all(1), all(2)], meters: [meter(1), meter(2)] },
      { flows: [], groups: [all(2, 5), all(3)], meters: [meter(2, 5), meter(3)] },
    );
    expect(bundle).toEqual([
      { ...all(2, 5), type: 'groupMod', command: 'modify' },
      { ...all(3), type: 'groupMod', command: 'add' },
      { type: 'groupMod', command: 'delete', groupId: 1 },
    ]);
    expect(metersBefore).toEqual([
      { ...meter(2, 5), type: 'meterMod', command: 'modify' },
      { ...meter(3), type: 'meterMod', command: 'add' },
    ]);
    expect(metersAfter).toEqual([{ type: 'meterMod', command: 'delete', meterId: 1 }]);
    expect(counts).toEqual({ added: 2, changed: 2, deleted: 2 });
  });

  it('has groups there before flows that name them, and until no flow does', () => {
    const naming = (priority: number, groupId: number) =>
      flow(priority, { instructions: [{ type: 'applyActions', actions: [group(groupId)] }] });
    const { bundle } = plan(
      { ...NOTHING, flows: [naming(1, 1), naming(2, 1)], groups: [all(1), all(2)] },
      { ...NOTHING, flows: [naming(2, 3), naming(3, 3)], groups: [all(2, 9), all(3)] },
    );
    expect(
      bundle.map((message) => ('command' in message ? `${message.type} ${message.command}` : '')),
    ).toEqual([
      'groupMod modify',
      'groupMod add',
      'flowMod deleteStrict',
      'flowMod modifyStrict',
      'flowMod add',
      'groupMod delete',
    ]);
  });
});
