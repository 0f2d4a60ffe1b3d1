import { UsageError } from '../../util/errors.ts';
import type { GroupSpec, MeterSpec, TableState } from '../flow-spec.ts';
import type { MessageInit } from '../message.ts';
import type { FlowModInit } from '../messages/flow-mod.ts';
import type { GroupModInit } from '../messages/group-mod.ts';
import type { MeterModInit } from '../messages/meter-mod.ts';
import { describe } from './describe.ts';
import { groupBehaviour, meterBehaviour } from './fingerprint.ts';
import { FlowComparison, type FlowDifference } from './flow-comparison.ts';

/** The messages that make a switch what it should be, in the order in which they have to be carried out. */
export interface Plan {
  /** Meters to add or change: first, because flows name them and no bundle takes them. */
  readonly metersBefore: readonly MeterModInit[];
  /**
   * Groups that flows will name, then flows, then groups that no flow names any more: one bundle. Flows are deleted
   * before others are added, so that one which the switch shows in other words than it was written in stays.
   */
  readonly bundle: readonly (GroupModInit | FlowModInit)[];
  /** Meters to delete, when no flow names them any more. */
  readonly metersAfter: readonly MeterModInit[];
  readonly counts: PlanCounts;
}

/** How many flows, groups and meters a plan touches (OpenFlow 1.3.5, 7.3.4.1). */
export interface PlanCounts {
  readonly added: number;
  readonly changed: number;
  readonly deleted: number;
}

/** True when there is nothing to do. */
export function isEmptyPlan({ metersBefore, bundle, metersAfter }: Plan): boolean {
  return metersBefore.length + bundle.length + metersAfter.length === 0;
}

/**
 * The difference between what is and what should be.
 * @throws UsageError `OFP_DUPLICATE` when two of the desired flows, groups or meters are the same one
 */
export function plan(current: TableState, desired: TableState): Plan {
  const flows = new FlowComparison(desired.flows);
  for (const flow of current.flows) flows.see(flow);
  return planWith(flows.difference(), current, desired);
}

/**
 * As {@link plan}, when the flows have been compared.
 * @throws UsageError `OFP_DUPLICATE` when two of the desired groups or meters are the same one
 */
export function planWith(
  flows: FlowDifference,
  current: Omit<TableState, 'flows'>,
  desired: Omit<TableState, 'flows'>,
): Plan {
  const groups = compare(current.groups, desired.groups, GROUP_RULES);
  const meters = compare(current.meters, desired.meters, METER_RULES);
  const parts = [flows, groups, meters];
  const sum = (count: (part: Difference<unknown>) => number) =>
    parts.reduce((total, part) => total + count(part), 0);
  return {
    metersBefore: [...meters.changed, ...meters.added],
    bundle: [
      ...groups.changed,
      ...groups.added,
      ...flows.deleted,
      ...flows.changed,
      ...flows.added,
      ...groups.deleted,
    ],
    metersAfter: meters.deleted,
    counts: {
      added: sum((part) => part.added.length),
      changed: sum((part) => part.changed.length),
      deleted: sum((part) => part.deleted.length),
    },
  };
}

interface Difference<Message> {
  readonly added: Message[];
  readonly changed: Message[];
  readonly deleted: Message[];
}

/** How one kind of thing is told apart, compared and written. */
interface Rules<Spec, Message> {
  identity(spec: Spec): number;
  change(from: Spec, to: Spec): Message | undefined;
  add(spec: Spec): Message;
  remove(spec: Spec): Message;
}

function compare<Spec, Message extends MessageInit>(
  current: Iterable<Spec>,
  desired: Iterable<Spec>,
  rules: Rules<Spec, Message>,
): Difference<Message> {
  const wanted = new Map<number, Spec>();
  const changes = new Map<number, Message | undefined>();
  for (const spec of desired) {
    const id = rules.identity(spec);
    if (wanted.has(id)) throw new UsageError('OFP_DUPLICATE', `desired twice: ${describe(rules.add(spec))}`);
    wanted.set(id, spec);
  }
  const difference: Difference<Message> = { added: [], changed: [], deleted: [] };
  for (const spec of current) {
    const id = rules.identity(spec);
    const to = wanted.get(id);
    if (to === undefined) difference.deleted.push(rules.remove(spec));
    else changes.set(id, rules.change(spec, to));
  }
  for (const [id, spec] of wanted) {
    const change = changes.get(id);
    if (!changes.has(id)) difference.added.push(rules.add(spec));
    else if (change !== undefined) difference.changed.push(change);
  }
  return difference;
}

function changeGroup(from: GroupSpec, to: GroupSpec): GroupModInit | undefined {
  return groupBehaviour(from) === groupBehaviour(to)
    ? undefined
    : { ...to, type: 'groupMod', command: 'modify' };
}

function addGroup(group: GroupSpec): GroupModInit {
  return { ...group, type: 'groupMod', command: 'add' };
}

function deleteGroup({ groupId }: GroupSpec): GroupModInit {
  return { type: 'groupMod', command: 'delete', groupId };
}

function changeMeter(from: MeterSpec, to: MeterSpec): MeterModInit | undefined {
  return meterBehaviour(from) === meterBehaviour(to)
    ? undefined
    : { ...to, type: 'meterMod', command: 'modify' };
}

function addMeter(meter: MeterSpec): MeterModInit {
  return { ...meter, type: 'meterMod', command: 'add' };
}

function deleteMeter({ meterId }: MeterSpec): MeterModInit {
  return { type: 'meterMod', command: 'delete', meterId };
}

const GROUP_RULES: Rules<GroupSpec, GroupModInit> = {
  identity: ({ groupId }) => groupId,
  change: changeGroup,
  add: addGroup,
  remove: deleteGroup,
};
const METER_RULES: Rules<MeterSpec, MeterModInit> = {
  identity: ({ meterId }) => meterId,
  change: changeMeter,
  add: addMeter,
  remove: deleteMeter,
};
