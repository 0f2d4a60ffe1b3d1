import type Long from 'long';
import { readU64, type U64 } from '../../util/u64.ts';
import { Experimenter } from '../oxm/fields.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import { decodeUnknownProperties, encodeUnknownProperty, type UnknownProperty } from '../wire/property.ts';
import { type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';
import { type ControllerRole, controllerRoles } from './role.ts';

/** OFPCRR_: why a controller's role changed (OpenFlow 1.4.1, 7.4.4). */
export type RoleStatusReason = 'masterRequest' | 'config' | 'experimenter';

/** The numbers of {@link RoleStatusReason}. */
const roleStatusReasons = enumeration<RoleStatusReason>('OFPCRR', {
  masterRequest: 0,
  config: 1,
  experimenter: 2,
});

interface RoleStatusFields<Value> {
  /** The role that the controller now has. */
  readonly role: Enumerated<ControllerRole>;
  readonly reason: Enumerated<RoleStatusReason>;
  readonly generationId: Value;
}

/** ONFT_ROLE_STATUS (ONF extension 191; OpenFlow 1.4.1, 7.4.4): another has taken the role of master, or the switch was told. */
export interface OnfRoleStatus extends MessageBase<'onfRoleStatus'>, RoleStatusFields<Long> {
  readonly properties: readonly UnknownProperty[];
}

/** An {@link OnfRoleStatus} to be sent: without properties unless given (OpenFlow 1.4.1, 7.4.4). */
export interface OnfRoleStatusInit extends RoleStatusFields<U64> {
  readonly type: 'onfRoleStatus';
  readonly xid?: number;
  readonly properties?: readonly UnknownProperty[];
}

const SIZE = 32;

/** The codec of {@link OnfRoleStatus}. */
export const onfRoleStatus: ExperimenterCodec = experimenterCodec<OnfRoleStatus, OnfRoleStatusInit>({
  type: 'onfRoleStatus',
  experimenter: Experimenter.ONF,
  expType: 1911,
  size: SIZE,
  decode: (wire, start, end, xid) => ({
    type: 'onfRoleStatus',
    xid,
    role: controllerRoles.name(wire.view.getUint32(start + 16)),
    reason: roleStatusReasons.name(wire.view.getUint8(start + 20)),
    generationId: readU64(wire.view, start + 24),
    properties: decodeUnknownProperties(wire, start + SIZE, end),
  }),
  encode(writer, { role, reason, generationId, properties = [] }) {
    writer.u32(controllerRoles.code(role));
    writer.u8(roleStatusReasons.code(reason));
    writer.zeros(3);
    writer.u64(generationId);
    for (const property of properties) encodeUnknownProperty(writer, property);
  },
});
