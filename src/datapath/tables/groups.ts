import type { Bucket } from '../../ofp/bucket.ts';
import type { GroupMod, GroupType } from '../../ofp/messages/group-mod.ts';
import { GroupNo, PortNo } from '../../ofp/ports.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import { toldActions } from '../../ofp/told/told-actions.ts';
import { type ActionSet, compileActionSet } from '../actions/action-set.ts';
import { Counted, type Ledger } from './counted.ts';
import type { Journal } from './journal.ts';

/** A bucket with what its actions do, and what went through it. */
export class GroupBucket extends Counted {
  readonly bucket: Bucket;
  readonly actions: ActionSet;

  constructor(bucket: Bucket, ledger: Ledger) {
    super(ledger);
    this.bucket = { ...bucket, actions: toldActions(bucket.actions) };
    this.actions = compileActionSet(bucket.actions);
  }
}

/** A group (OpenFlow 1.3.5, 5.6). */
export class Group extends Counted {
  readonly groupId: number;
  readonly type: GroupType;
  readonly buckets: readonly GroupBucket[];
  readonly createdMs: number;

  constructor({ groupId, groupType, buckets }: GroupMod, createdMs: number, ledger: Ledger) {
    super(ledger);
    this.groupId = groupId;
    this.type = groupType as GroupType;
    this.buckets = buckets.map((bucket) => new GroupBucket(bucket, ledger));
    this.createdMs = createdMs;
  }
}

/** Whether a port can be sent out of. */
export type IsPortLive = (portNo: number) => boolean;

/** The groups of a switch (OpenFlow 1.3.5, 6.5). */
export class Groups {
  readonly #groups = new Map<number, Group>();
  readonly #maxGroups: number;
  readonly #isPortLive: IsPortLive;
  readonly #ledger: Ledger;

  /** @param ledger holds counts back */
  constructor(maxGroups: number, isPortLive: IsPortLive, ledger: Ledger) {
    this.#maxGroups = maxGroups;
    this.#isPortLive = isPortLive;
    this.#ledger = ledger;
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

  /** How many groups there are. */
  get size(): number {
    return this.#groups.size;
  }

  /**
   * Does what a group-mod orders, which has been found to be one that Open vSwitch takes. Groups may lead to
   * themselves, as there: how far packets follow them is bounded.
   * @returns the groups that are gone
   * @throws Refusal
   */
  apply(mod: GroupMod, nowMs: number, journal: Journal): readonly number[] {
    const { command, groupId } = mod;
    if (command === 'delete') return this.#delete(groupId, journal);
    const before = this.#groups.get(groupId);
    if (command === 'add') demand(before === undefined, 'OFPGMFC_GROUP_EXISTS', `group ${groupId} is there`);
    else if (command !== 'addOrModify')
      demand(before !== undefined, 'OFPGMFC_UNKNOWN_GROUP', `there is no group ${groupId}`);
    const hasRoom = before !== undefined || this.#groups.size < this.#maxGroups;
    demand(hasRoom, 'OFPGMFC_OUT_OF_GROUPS', 'no room for a group');
    demand(groupId <= GroupNo.MAX, 'OFPGMFC_INVALID_GROUP', `no group has the number ${groupId}`);
    const wanted = before === undefined ? mod : changedMod(mod, before);
    journal.set(this.#groups, groupId, new Group(wanted, before?.createdMs ?? nowMs, this.#ledger));
    return [];
  }

  #delete(groupId: number, journal: Journal): readonly number[] {
    const gone = groupId === GroupNo.ALL ? [...this.#groups.keys()] : [groupId];
    for (const each of gone) journal.delete(this.#groups, each);
    return gone;
  }
}

/** OpenFlow 1.5's commands on single buckets, whose numbers Open vSwitch knows in 1.3 too, without saying which bucket. */
const INSERT_BUCKET = 3;
const REMOVE_BUCKET = 5;

/** What a group-mod makes of a group that is there. */
function changedMod(mod: GroupMod, before: Group): GroupMod {
  if (mod.command !== INSERT_BUCKET && mod.command !== REMOVE_BUCKET) return mod;
  const old = before.buckets.map(({ bucket }) => bucket);
  if (mod.command === REMOVE_BUCKET) return { ...mod, groupType: before.type, buckets: [] };
  // Buckets are numbered from 0 on in every message, so that none can come to those that are there.
  const isClear = mod.buckets.length === 0 || old.length === 0;
  demand(isClear, 'OFPGMFC_BUCKET_EXISTS', 'the group has a bucket of this number');
  return { ...mod, groupType: before.type, buckets: [...old, ...mod.buckets] };
}

/** Groups that watch each other are not followed further than packets are. */
const MAX_WATCH_DEPTH = 64;
