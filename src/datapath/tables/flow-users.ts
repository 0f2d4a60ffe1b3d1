import type { Flow } from './flow.ts';
import { groupsOf } from './flow-targets.ts';

/** Which flows hand to which groups and meters, so that none has to be looked for among all. */
export class FlowUsers {
  /** How often each flow hands to the group. */
  readonly #ofGroups = new Map<number, Map<Flow, number>>();
  readonly #ofMeters = new Map<number, Set<Flow>>();

  add(flow: Flow): void {
    const { meterId } = flow.program;
    if (meterId !== undefined) entryOf(this.#ofMeters, meterId, () => new Set<Flow>()).add(flow);
    for (const groupId of groupsOf(flow.instructions)) {
      const users = entryOf(this.#ofGroups, groupId, () => new Map<Flow, number>());
      users.set(flow, (users.get(flow) ?? 0) + 1);
    }
  }

  delete(flow: Flow): void {
    const { meterId } = flow.program;
    if (meterId !== undefined) forget(this.#ofMeters, meterId, flow);
    for (const groupId of groupsOf(flow.instructions)) forget(this.#ofGroups, groupId, flow);
  }

  /** The flows that hand to a group. */
  ofGroup(groupId: number): readonly Flow[] {
    return [...(this.#ofGroups.get(groupId)?.keys() ?? [])];
  }

  /** The flows that hand to a meter. */
  ofMeter(meterId: number): readonly Flow[] {
    return [...(this.#ofMeters.get(meterId) ?? [])];
  }

  /** How often flows hand to a group. */
  groupReferences(groupId: number): number {
    let count = 0;
    for (const references of this.#ofGroups.get(groupId)?.values() ?? []) count += references;
    return count;
  }
}

function entryOf<V>(map: Map<number, V>, key: number, make: () => V): V {
  const entry = map.get(key) ?? make();
  map.set(key, entry);
  return entry;
}

function forget(
  map: Map<number, { delete(flow: Flow): boolean; readonly size: number }>,
  key: number,
  flow: Flow,
): void {
  const users = map.get(key);
  users?.delete(flow);
  if (users?.size === 0) map.delete(key);
}
