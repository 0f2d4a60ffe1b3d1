import type { Switch } from '../../ofp/index.ts';
import type { Member } from '../hosts/host-view.ts';
import { type VswitchInterface, vswitchMembers } from '../hosts/vswitch-members.ts';
import { compile, OWNED } from '../pipeline/compile.ts';
import { joinParts } from '../pipeline/part.ts';
import { readMaxMeter } from './meters.ts';
import { PlanIntents } from './pod-intents.ts';
import { NO_PLAN, type PodPlan } from './pod-plan.ts';

/** What a virtual switch's flows follow from. */
export function vswitchPlan(host: string, members: readonly Member[]): PodPlan {
  return { ...NO_PLAN, host, members };
}

/**
 * Makes the flows of a virtual switch what they should be, for commands that run while no controller does.
 * @throws as Switch.reconcile
 */
export async function realiseVswitch(
  session: Switch,
  name: string,
  interfaces: readonly VswitchInterface[],
): Promise<void> {
  const plan = vswitchPlan('', vswitchMembers(name, interfaces));
  const intents = new PlanIntents(await readMaxMeter(session)).of(plan);
  await session.reconcile(joinParts(intents.map(compile)), OWNED);
}
