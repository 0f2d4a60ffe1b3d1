import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import type { MessageBase, MessageCodec } from './codec.ts';

/** OFPCR_ROLE_: what a controller may do to a switch (OpenFlow 1.3.5, 6.3.4). */
export type ControllerRole = 'noChange' | 'equal' | 'master' | 'slave';

/** The numbers of {@link ControllerRole}. */
export const controllerRoles = enumeration<ControllerRole>('OFPCR_ROLE', {
  noChange: 0,
  equal: 1,
  master: 2,
  slave: 3,
});

interface RoleFields<Value> {
  readonly role: Enumerated<ControllerRole>;
  /** Grows with each election of a master; the switch refuses an older one (OFPRRFC_STALE). */
  readonly generationId: Value;
}

/** OFPT_ROLE_REQUEST (OpenFlow 1.3.5, 7.3.9). */
export interface RoleRequest extends MessageBase<'roleRequest'>, RoleFields<Long> {}

/** OFPT_ROLE_REPLY (OpenFlow 1.3.5, 6.3.4). */
export interface RoleReply extends MessageBase<'roleReply'>, RoleFields<Long> {}

/** A {@link RoleRequest} to be sent (OpenFlow 1.3.5, 6.3.4). */
export interface RoleRequestInit extends RoleFields<U64> {
  readonly type: 'roleRequest';
  readonly xid?: number;
}

/** A {@link RoleReply} to be sent (OpenFlow 1.3.5, 6.3.4). */
export interface RoleReplyInit extends RoleFields<U64> {
  readonly type: 'roleReply';
  readonly xid?: number;
}

/** The codec of {@link RoleRequest}. */
export const roleRequest: MessageCodec<RoleRequest, RoleRequestInit> = role('roleRequest', 24);

/** The codec of {@link RoleReply}. */
export const roleReply: MessageCodec<RoleReply, RoleReplyInit> = role('roleReply', 25);

function role<Type extends 'roleRequest' | 'roleReply'>(
  type: Type,
  code: number,
): MessageCodec<MessageBase<Type> & RoleFields<Long>, RoleFields<U64>> {
  return {
    type,
    code,
    size: 24,
    decode: ({ view }, start, _end, xid) => ({
      type,
      xid,
      role: controllerRoles.name(view.getUint32(start + 8)),
      generationId: readU64(view, start + 16),
    }),
    encode(writer, message) {
      writer.u32(controllerRoles.code(message.role));
      writer.zeros(4);
      writer.u64(message.generationId);
    },
  };
}
