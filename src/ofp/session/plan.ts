import { UsageError } from '../../util/errors.ts';
import { toBigInt } from '../../util/u64.ts';
import type { FlowSpec, GroupSpec, MeterSpec, TableState } from '../flow-spec.ts';
import type { MessageInit } from '../message.ts';
import { FlowModFlag, type FlowModInit } from '../messages/flow-mod.ts';
import type { GroupModInit } from '../messages/group-mod.ts';
import type { MeterModInit } from '../messages/meter-mod.ts';
import { describe } from './describe.ts';
import { flowBehaviour, flowIdentity, groupBehaviour, meterBehaviour } from './fingerprint.ts';

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

/** How many flows, groups and meters a plan touches. */
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
 *
 * A flow whose instructions differ is modified, which keeps its counters and its age. One whose cookie, timeouts or
 * flags differ is added again, because modifying cannot change those: that keeps the counters and restarts the age.
 * @throws UsageError `OFP_DUPLICATE` when two of the desired flows, groups or meters are the same one
 */
export function plan(current: TableState, desired: TableState): Plan {
  const flows = compare(current.flows, desired.flows, flowIdentity, changeFlow, addFlow, deleteFlow);
  const groups = compare(
    current.groups,
    desired.groups,
    (group) => group.groupId,
    changeGroup,
    addGroup,
    deleteGroup,
  );
  const meters = compare(
    current.meters,
    desired.meters,
    (meter) => meter.meterId,
    changeMeter,
    addMeter,
    deleteMeter,
  );
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

function compare<Spec, Message extends MessageInit>(
  current: Iterable<Spec>,
  desired: Iterable<Spec>,
  identity: (spec: Spec) => string | number,
  change: (from: Spec, to: Spec) => Message | undefined,
  add: (spec: Spec) => Message,
  remove: (spec: Spec) => Message,
): Difference<Message> {
  const difference: Difference<Message> = { added: [], changed: [], deleted: [] };
  const left = new Map<string | number, Spec>();
  for (const spec of current) left.set(identity(spec), spec);
  const wanted = new Set<string | number>();
  for (const spec of desired) {
    const id = identity(spec);
    if (wanted.has(id)) throw new UsageError('OFP_DUPLICATE', `desired twice: ${describe(add(spec))}`);
    wanted.add(id);
    const from = left.get(id);
    const message = from === undefined ? undefined : change(from, spec);
    if (from === undefined) difference.added.push(add(spec));
    else if (message !== undefined) difference.changed.push(message);
    left.delete(id);
  }
  for (const spec of left.values()) difference.deleted.push(remove(spec));
  return difference;
}

/** Flags that a switch keeps; RESET_COUNTS is an order, which some switches show all the same. */
const LASTING_FLAGS = ~FlowModFlag.RESET_COUNTS;

function changeFlow(from: FlowSpec, to: FlowSpec): FlowModInit | undefined {
  const sameFrame =
    toBigInt(from.cookie ?? 0) === toBigInt(to.cookie ?? 0) &&
    (from.idleTimeout ?? 0) === (to.idleTimeout ?? 0) &&
    (from.hardTimeout ?? 0) === (to.hardTimeout ?? 0) &&
    ((from.flags ?? 0) & LASTING_FLAGS) === ((to.flags ?? 0) & LASTING_FLAGS);
  if (!sameFrame) return addFlow(to);
  return flowBehaviour(from) === flowBehaviour(to)
    ? undefined
    : { ...to, type: 'flowMod', command: 'modifyStrict' };
}

function addFlow(flow: FlowSpec): FlowModInit {
  return { ...flow, type: 'flowMod', command: 'add' };
}

/** Deletes exactly this flow, and only while it has this cookie. */
function deleteFlow({ tableId, priority, match = {}, cookie = 0 }: FlowSpec): FlowModInit {
  return { type: 'flowMod', command: 'deleteStrict', tableId, priority, match, cookie, cookieMask: ALL_ONES };
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

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
