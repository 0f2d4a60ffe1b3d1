import type { U64 } from '../../util/u64.ts';
import type { GroupSpec, MeterSpec, TableState } from '../flow-spec.ts';
import type { Conversation } from './conversation.ts';
import { FlowComparison } from './flow-comparison.ts';
import { isEmptyPlan, type Plan, type PlanCounts, plan, planWith } from './plan.ts';
import type { RequestOptions } from './requests.ts';

/** Which flows, groups and meters of the switch {@link Switch.reconcile} may touch (OpenFlow 1.3.5, 6.4). */
export interface ReconcileOptions extends RequestOptions {
  /** Flows with this cookie, under the mask. */
  readonly cookie: U64;
  readonly cookieMask: U64;
  /** Groups have no cookie. Default: those that are desired, so that none is deleted. */
  readonly ownsGroup?: (groupId: number) => boolean;
  /** Meters have none either. Default: those that are desired. */
  readonly ownsMeter?: (meterId: number) => boolean;
}

/** The session, as far as reconciling uses it. */
type Session = Pick<Conversation, 'multipart' | 'flowEntries' | 'bundle' | 'sendAll'>;

/** Reads what is there under the cookie, and makes it what is desired. */
export async function reconcile(
  session: Session,
  desired: Partial<TableState>,
  options: ReconcileOptions,
): Promise<PlanCounts> {
  const { flows = [], groups = [], meters = [] } = desired;
  const wanted = { flows, groups: [...groups], meters: [...meters] };
  return carryOut(session, await planFor(session, wanted, options), options);
}

/** Makes the switch, which is `current`, `desired`. */
export async function applyChange(
  session: Session,
  current: TableState,
  desired: TableState,
  options: RequestOptions = {},
): Promise<PlanCounts> {
  return carryOut(session, plan(current, desired), options);
}

async function carryOut(session: Session, change: Plan, options: RequestOptions): Promise<PlanCounts> {
  if (isEmptyPlan(change)) return change.counts;
  const { metersBefore, bundle, metersAfter } = change;
  // Open vSwitch takes no meters in bundles, and flows that name a meter need it to be there.
  if (metersBefore.length > 0) await session.sendAll(metersBefore, options);
  if (bundle.length > 0) {
    await session.bundle((add) => {
      for (const message of bundle) add.send(message);
    }, options);
  }
  if (metersAfter.length > 0) await session.sendAll(metersAfter, options);
  return change.counts;
}

/** Compares flows while the switch still lists them. */
async function planFor(
  session: Session,
  wanted: TableState & { readonly groups: readonly GroupSpec[]; readonly meters: readonly MeterSpec[] },
  { cookie, cookieMask, ownsGroup, ownsMeter, ...options }: ReconcileOptions,
): Promise<Plan> {
  const groupIds = new Set(wanted.groups.map(({ groupId }) => groupId));
  const meterIds = new Set(wanted.meters.map(({ meterId }) => meterId));
  const isOurGroup = ownsGroup ?? ((groupId: number) => groupIds.has(groupId));
  const isOurMeter = ownsMeter ?? ((meterId: number) => meterIds.has(meterId));
  const readsGroups = ownsGroup !== undefined || groupIds.size > 0;
  const readsMeters = ownsMeter !== undefined || meterIds.size > 0;
  const flows = new FlowComparison(wanted.flows);
  const [, groups, meters] = await Promise.all([
    session.flowEntries({ cookie, cookieMask }, options, (wire, start, end) =>
      flows.seeEntry(wire, start, end),
    ),
    readsGroups ? session.multipart('groupDesc', undefined, options) : [],
    readsMeters ? session.multipart('meterConfig', {}, options) : [],
  ]);
  const current = {
    groups: groups.filter(({ groupId }) => isOurGroup(groupId)),
    meters: meters.filter(({ meterId }) => isOurMeter(meterId)),
  };
  return planWith(flows.difference(), current, wanted);
}
