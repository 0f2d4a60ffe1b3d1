import { type Bucket, type BucketInit, decodeBuckets, encodeBuckets } from '../bucket.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import type { MessageBase, MessageCodec } from './codec.ts';

/** OFPGC_, and Open vSwitch's own command that adds a group or replaces it (OpenFlow 1.3.5, 7.3.4.2). */
export type GroupModCommand = 'add' | 'modify' | 'delete' | 'addOrModify';

/** The numbers of {@link GroupModCommand}. */
export const groupModCommands = enumeration<GroupModCommand>('OFPGC', {
  add: 0,
  modify: 1,
  delete: 2,
  addOrModify: 0x8000,
});

/** OFPGT_: how a group chooses among its buckets (OpenFlow 1.3.5, 7.3.4.2). */
export type GroupType = 'all' | 'select' | 'indirect' | 'fastFailover';

/** The numbers of {@link GroupType}. */
export const groupTypes = enumeration<GroupType>('OFPGT', {
  all: 0,
  select: 1,
  indirect: 2,
  fastFailover: 3,
});

/** OFPT_GROUP_MOD (OpenFlow 1.3.5, 7.3.4.2): adds, changes or deletes a group. */
export interface GroupMod extends MessageBase<'groupMod'> {
  readonly command: Enumerated<GroupModCommand>;
  readonly groupType: Enumerated<GroupType>;
  readonly groupId: number;
  readonly buckets: readonly Bucket[];
}

/** A {@link GroupMod} to be sent: an `all` group without buckets unless given (OpenFlow 1.3.5, 7.3.4.2). */
export interface GroupModInit {
  readonly type: 'groupMod';
  readonly xid?: number;
  readonly command: Enumerated<GroupModCommand>;
  readonly groupType?: Enumerated<GroupType>;
  readonly groupId: number;
  readonly buckets?: readonly BucketInit[];
}

/** The codec of {@link GroupMod}. */
export const groupMod: MessageCodec<GroupMod, GroupModInit> = {
  type: 'groupMod',
  code: 15,
  size: 16,
  decode: (wire, start, end, xid) => ({
    type: 'groupMod',
    xid,
    command: groupModCommands.name(wire.view.getUint16(start + 8)),
    groupType: groupTypes.name(wire.bytes[start + 10]!),
    groupId: wire.view.getUint32(start + 12),
    buckets: decodeBuckets(wire, start + 16, end),
  }),
  encode(writer, { command, groupType = 'all', groupId, buckets = [] }) {
    writer.u16(groupModCommands.code(command));
    writer.u8(groupTypes.code(groupType));
    writer.u8(0);
    writer.u32(groupId);
    encodeBuckets(writer, buckets);
  },
};
