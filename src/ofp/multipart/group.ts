import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import { type Bucket, type BucketInit, decodeBuckets, encodeBuckets } from '../bucket.ts';
import { type GroupType, groupTypes } from '../messages/group-mod.ts';
import { GroupNo } from '../ports.ts';
import type { Enumerated } from '../wire/enumeration.ts';
import { struct, u64 } from '../wire/struct.ts';
import { badLength, need, readLength, type WireView } from '../wire/wire-view.ts';
import { type BodyCodec, type MultipartCodec, noBody } from './codec.ts';

/** Which group OFPMP_GROUP asks for (OpenFlow 1.3.5, 7.3.5.9). */
export interface GroupStatsRequest {
  /** A group, or OFPG_ALL. */
  readonly groupId: number;
}

/** What went through a group: ofp_group_stats (OpenFlow 1.3.5, 7.3.5.9). */
export interface GroupStats<Value = Long> {
  readonly groupId: number;
  /** How many flows and groups hand to it. */
  readonly refCount: number;
  readonly packetCount: Value;
  readonly byteCount: Value;
  readonly durationSec: number;
  /** Nanoseconds beyond `durationSec`. */
  readonly durationNsec: number;
  /** One entry a bucket, in their order. */
  readonly bucketStats: readonly BucketCounter<Value>[];
}

/** What went through a bucket: ofp_bucket_counter (OpenFlow 1.3.5, 7.3.5.9). */
export interface BucketCounter<Value = Long> {
  readonly packetCount: Value;
  readonly byteCount: Value;
}

/** A group as the switch has it: ofp_group_desc (OpenFlow 1.3.5, 7.3.5.10). */
export interface GroupDesc<B = Bucket> {
  readonly groupType: Enumerated<GroupType>;
  readonly groupId: number;
  readonly buckets: readonly B[];
}

/** What groups a switch can do: ofp_group_features (OpenFlow 1.3.5, 7.3.5.11); lists are by group type. */
export interface GroupFeatures {
  /** Bits 1 << OFPGT_. */
  readonly types: number;
  /** Bits OFPGFC_. */
  readonly capabilities: number;
  readonly maxGroups: readonly [number, number, number, number];
  /** Bits 1 << OFPAT_. */
  readonly actions: readonly [number, number, number, number];
}

const STATS_SIZE = 40;
const DESC_SIZE = 8;

const counters = struct<BucketCounter>('ofp_bucket_counter', u64('packetCount'), u64('byteCount'));

const request: BodyCodec<GroupStatsRequest, Partial<GroupStatsRequest> | undefined> = {
  size: 8,
  decode: ({ view }, start) => ({ groupId: view.getUint32(start) }),
  encode(writer, { groupId = GroupNo.ALL } = {}) {
    writer.u32(groupId);
    writer.zeros(4);
  },
};

const statsReply: BodyCodec<GroupStats[], readonly GroupStats<U64>[]> = {
  size: 0,
  decode: (wire, start, end) => decodeSized(wire, 'group statistics', STATS_SIZE, start, end, decodeStats),
  encode(writer, groups) {
    for (const group of groups) {
      const start = writer.offset;
      writer.u32(0);
      writer.u32(group.groupId);
      writer.u32(group.refCount);
      writer.zeros(4);
      writer.u64(group.packetCount);
      writer.u64(group.byteCount);
      writer.u32(group.durationSec);
      writer.u32(group.durationNsec);
      for (const { packetCount, byteCount } of group.bucketStats) {
        writer.u64(packetCount);
        writer.u64(byteCount);
      }
      writer.patchLength(start, 0);
    }
  },
};

const descReply: BodyCodec<GroupDesc[], readonly GroupDesc<BucketInit>[]> = {
  size: 0,
  decode: (wire, start, end) =>
    decodeSized(wire, 'group description', DESC_SIZE, start, end, (at, next) => ({
      groupType: groupTypes.name(wire.view.getUint8(at + 2)),
      groupId: wire.view.getUint32(at + 4),
      buckets: decodeBuckets(wire, at + DESC_SIZE, next),
    })),
  encode(writer, groups) {
    for (const { groupType, groupId, buckets } of groups) {
      const start = writer.offset;
      writer.u16(0);
      writer.u8(groupTypes.code(groupType));
      writer.u8(0);
      writer.u32(groupId);
      encodeBuckets(writer, buckets);
      writer.patchLength(start, 0);
    }
  },
};

const features: BodyCodec<GroupFeatures> = {
  size: 40,
  decode({ view }, start) {
    const four = (at: number) =>
      [view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12)] as const;
    return {
      types: view.getUint32(start),
      capabilities: view.getUint32(start + 4),
      maxGroups: four(start + 8),
      actions: four(start + 24),
    };
  },
  encode(writer, { types, capabilities, maxGroups, actions }) {
    for (const value of [types, capabilities, ...maxGroups, ...actions]) writer.u32(value);
  },
};

/** OFPMP_GROUP. */
export const groupStats: MultipartCodec = { type: 'group', code: 6, request, reply: statsReply };

/** OFPMP_GROUP_DESC. */
export const groupDesc: MultipartCodec = { type: 'groupDesc', code: 7, request: noBody, reply: descReply };

/** OFPMP_GROUP_FEATURES. */
export const groupFeatures: MultipartCodec = {
  type: 'groupFeatures',
  code: 8,
  request: noBody,
  reply: features,
};

function decodeSized<T>(
  wire: WireView,
  what: string,
  least: number,
  start: number,
  end: number,
  decode: (at: number, next: number, wire: WireView) => T,
): T[] {
  const entries: T[] = [];
  for (let at = start; at < end; ) {
    need(what, least, at, end);
    const length = readLength(wire, what, at, least, at, end);
    entries.push(decode(at, at + length, wire));
    at += length;
  }
  return entries;
}

function decodeStats(start: number, end: number, wire: WireView): GroupStats {
  const { view } = wire;
  if ((end - start - STATS_SIZE) % counters.size !== 0) {
    throw badLength('group statistics', end - start, STATS_SIZE, end - start);
  }
  return {
    groupId: view.getUint32(start + 4),
    refCount: view.getUint32(start + 8),
    packetCount: readU64(view, start + 16),
    byteCount: readU64(view, start + 24),
    durationSec: view.getUint32(start + 32),
    durationNsec: view.getUint32(start + 36),
    bucketStats: counters.decodeAll(wire, start + STATS_SIZE, end),
  };
}
