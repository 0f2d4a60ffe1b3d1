import { UsageError } from '../../util/errors.ts';
import { toLong } from '../../util/u64.ts';
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
  const planner = new Planner(desired);
  for (const flow of current.flows) planner.seeFlow(flow);
  return planner.plan(current.groups, current.meters);
}

/**
 * A {@link plan} in the making, which takes the flows of the switch one at a time and keeps only those that are to go.
 * Of 100,000 flows with nothing to change, it takes 0.5 s of CPU so instead of 0.7 s when all are kept.
 */
export class Planner {
  readonly #flows: Comparison<FlowSpec, FlowModInit>;
  readonly #desired: TableState;

  /** @throws UsageError `OFP_DUPLICATE` when two of the desired flows are the same one */
  constructor(desired: TableState) {
    this.#desired = desired;
    this.#flows = new Comparison(desired.flows, FLOW_RULES);
  }

  /** Takes a flow that the switch has. */
  seeFlow(flow: FlowSpec): void {
    this.#flows.see(flow);
  }

  /**
   * The difference, when all flows have been seen.
   * @throws UsageError `OFP_DUPLICATE` when two of the desired groups or meters are the same one
   */
  plan(currentGroups: Iterable<GroupSpec>, currentMeters: Iterable<MeterSpec>): Plan {
    const flows = this.#flows.difference();
    const groups = compare(currentGroups, this.#desired.groups, GROUP_RULES);
    const meters = compare(currentMeters, this.#desired.meters, METER_RULES);
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
}

interface Difference<Message> {
  readonly added: Message[];
  readonly changed: Message[];
  readonly deleted: Message[];
}

/** How one kind of thing is told apart, compared and written. */
interface Rules<Spec, Message> {
  identity(spec: Spec): string | number;
  change(from: Spec, to: Spec): Message | undefined;
  add(spec: Spec): Message;
  remove(spec: Spec): Message;
}

/** What one desired thing needs: to be added until it has been seen, and then a change, or nothing. */
interface Wanted<Spec, Message> {
  readonly spec: Spec;
  isThere: boolean;
  change: Message | undefined;
}

/** What is, one at a time, against what should be. */
class Comparison<Spec, Message extends MessageInit> {
  readonly #rules: Rules<Spec, Message>;
  readonly #wanted = new Map<string | number, Wanted<Spec, Message>>();
  readonly #deleted: Message[] = [];

  constructor(desired: Iterable<Spec>, rules: Rules<Spec, Message>) {
    this.#rules = rules;
    for (const spec of desired) {
      const id = rules.identity(spec);
      if (this.#wanted.has(id)) {
        throw new UsageError('OFP_DUPLICATE', `desired twice: ${describe(rules.add(spec))}`);
      }
      this.#wanted.set(id, { spec, isThere: false, change: undefined });
    }
  }

  see(spec: Spec): void {
    const wanted = this.#wanted.get(this.#rules.identity(spec));
    if (wanted === undefined) {
      this.#deleted.push(this.#rules.remove(spec));
      return;
    }
    wanted.isThere = true;
    wanted.change = this.#rules.change(spec, wanted.spec);
  }

  difference(): Difference<Message> {
    const difference: Difference<Message> = { added: [], changed: [], deleted: this.#deleted };
    for (const { spec, isThere, change } of this.#wanted.values()) {
      if (!isThere) difference.added.push(this.#rules.add(spec));
      else if (change !== undefined) difference.changed.push(change);
    }
    return difference;
  }
}

function compare<Spec, Message extends MessageInit>(
  current: Iterable<Spec>,
  desired: Iterable<Spec>,
  rules: Rules<Spec, Message>,
): Difference<Message> {
  const comparison = new Comparison(desired, rules);
  for (const spec of current) comparison.see(spec);
  return comparison.difference();
}

/** Flags that a switch keeps; RESET_COUNTS is an order, which some switches show all the same. */
const LASTING_FLAGS = ~FlowModFlag.RESET_COUNTS;

function changeFlow(from: FlowSpec, to: FlowSpec): FlowModInit | undefined {
  const sameFrame =
    toLong(from.cookie ?? 0).equals(toLong(to.cookie ?? 0)) &&
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

const FLOW_RULES: Rules<FlowSpec, FlowModInit> = {
  identity: flowIdentity,
  change: changeFlow,
  add: addFlow,
  remove: deleteFlow,
};
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
