import type { Action } from '../ofp/actions/action.ts';
import type { Bucket } from '../ofp/bucket.ts';
import { type GroupMod, type GroupType, groupModCommands } from '../ofp/messages/group-mod.ts';
import { GroupNo, PortNo } from '../ofp/ports.ts';
import { demand } from '../ofp/text/check/refusal.ts';
import { type ActionSet, compileActionSet } from './action-set.ts';
import type { Journal } from './journal.ts';

/** A bucket with what its actions do, and what went through it. */
export interface GroupBucket {
  readonly bucket: Bucket;
  readonly actions: ActionSet;
  packets: number;
  bytes: number;
}

/** A group (OpenFlow 1.3.5, 5.6). */
export interface Group {
  readonly groupId: number;
  readonly type: GroupType;
  readonly buckets: readonly GroupBucket[];
  readonly createdMs: number;
  packets: number;
  bytes: number;
}

/** Whether a port can be sent out of. */
export type IsPortLive = (portNo: number) => boolean;

/** The groups of a switch (OpenFlow 1.3.5, 6.5). */
export class Groups {
  readonly #groups = new Map<number, Group>();
  readonly #maxGroups: number;
  readonly #isPortLive: IsPortLive;

  constructor(maxGroups: number, isPortLive: IsPortLive) {
    this.#maxGroups = maxGroups;
    this.#isPortLive = isPortLive;
  }

  get(groupId: number): Group | undefined {
    return this.#groups.get(groupId);
  }

  /** The groups in the order of their numbers: all of them for OFPG_ALL. */
  select(groupId: number): readonly Group[] {
    if (groupId === GroupNo.ALL || groupId === GroupNo.ANY)
      return [...this.#groups.values()].sort((a, b) => a.groupId - b.groupId);
    const group = this.#groups.get(groupId);
    return group === undefined ? [] : [group];
  }

  /** The first bucket of the group that what it watches leaves alive. */
  liveBucket(group: Group, depth = 0): GroupBucket | undefined {
    return group.buckets.find((bucket) => this.isLive(bucket, depth));
  }

  /** True when what the bucket watches is alive, or it watches nothing. */
  isLive({ bucket: { watchPort, watchGroup } }: GroupBucket, depth = 0): boolean {
    if (watchPort === PortNo.ANY && watchGroup === GroupNo.ANY) return true;
    if (watchPort !== PortNo.ANY && this.#isPortLive(watchPort)) return true;
    const watched = watchGroup === GroupNo.ANY ? undefined : this.#groups.get(watchGroup);
    return (
      watched !== undefined && depth < MAX_WATCH_DEPTH && this.liveBucket(watched, depth + 1) !== undefined
    );
  }

  /** Does what a group-mod orders. @returns the groups that are gone @throws Refusal */
  apply(mod: GroupMod, nowMs: number, journal: Journal): readonly number[] {
    const { groupId } = mod;
    if (mod.command === 'delete') return this.#delete(mod, journal);
    demand(
      mod.command === 'add' || mod.command === 'modify' || mod.command === 'addOrModify',
      'OFPGMFC_BAD_COMMAND',
      `no command has the number ${groupModCommands.code(mod.command)}`,
    );
    demand(groupId <= GroupNo.MAX, 'OFPGMFC_INVALID_GROUP', `no group has the number ${groupId}`);
    checkBuckets(mod);
    const before = this.#groups.get(groupId);
    demand(
      mod.command !== 'add' || before === undefined,
      'OFPGMFC_GROUP_EXISTS',
      `group ${groupId} is there`,
    );
    demand(
      mod.command !== 'modify' || before !== undefined,
      'OFPGMFC_UNKNOWN_GROUP',
      `there is no group ${groupId}`,
    );
    demand(
      before !== undefined || this.#groups.size < this.#maxGroups,
      'OFPGMFC_OUT_OF_GROUPS',
      'no room for a group',
    );
    demand(!this.#leadsTo(mod.buckets, groupId), 'OFPGMFC_LOOP', `group ${groupId} would lead to itself`);
    journal.set(this.#groups, groupId, makeGroup(mod, before?.createdMs ?? nowMs));
    return [];
  }

  #delete({ groupId, buckets }: GroupMod, journal: Journal): readonly number[] {
    demand(buckets.length === 0, 'OFPGMFC_INVALID_GROUP', 'a group to delete has no buckets');
    const gone = groupId === GroupNo.ALL ? [...this.#groups.keys()] : [groupId];
    for (const each of gone) journal.delete(this.#groups, each);
    return gone;
  }

  #leadsTo(buckets: readonly Bucket[], groupId: number): boolean {
    const seen = new Set<number>();
    const open = buckets.flatMap(({ actions }) => groupsIn(actions));
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      if (next === groupId) return true;
      if (seen.has(next)) continue;
      seen.add(next);
      for (const { bucket } of this.#groups.get(next)?.buckets ?? []) open.push(...groupsIn(bucket.actions));
    }
    return false;
  }
}

/** Groups that watch each other are not followed further than packets are. */
const MAX_WATCH_DEPTH = 64;

function groupsIn(actions: readonly Action[]): number[] {
  return actions.flatMap((action) => (action.type === 'group' ? [action.groupId] : []));
}

function checkBuckets({ groupType, buckets }: GroupMod): void {
  demand(typeof groupType === 'string', 'OFPGMFC_BAD_TYPE', `no type of group has the number ${groupType}`);
  const isSingle = buckets.length === 1;
  demand(groupType !== 'indirect' || isSingle, 'OFPGMFC_INVALID_GROUP', 'an indirect group has one bucket');
  for (const { weight, watchPort, watchGroup } of buckets) {
    demand(
      weight === 0 || groupType === 'select',
      'OFPGMFC_INVALID_GROUP',
      'only select groups have weights',
    );
    const isWatching = watchPort !== PortNo.ANY || watchGroup !== GroupNo.ANY;
    if (groupType === 'fastFailover') demand(isWatching, 'OFPGMFC_INVALID_GROUP', 'a bucket watches nothing');
    else if (groupType !== 'select')
      demand(!isWatching, 'OFPGMFC_WATCH_UNSUPPORTED', 'only some groups watch');
  }
}

function makeGroup({ groupId, groupType, buckets }: GroupMod, createdMs: number): Group {
  return {
    groupId,
    type: groupType as GroupType,
    buckets: buckets.map((bucket) => ({
      bucket,
      actions: compileActionSet(bucket.actions),
      packets: 0,
      bytes: 0,
    })),
    createdMs,
    packets: 0,
    bytes: 0,
  };
}
