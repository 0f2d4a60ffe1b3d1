import { Experimenter } from '../oxm/fields.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import { EXPERIMENTER_BODY, type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';

/** NX_ROLE_: `other` is what OpenFlow 1.2 calls equal (nicira-ext.h). */
export type NxRole = 'other' | 'master' | 'slave';

/** The numbers of {@link NxRole}. */
const nxRoles = enumeration<NxRole>('NX_ROLE', { other: 0, master: 1, slave: 2 });

/** NXT_ROLE_REQUEST: asks for a role without a generation (nicira-ext.h). */
export interface NxRoleRequest extends MessageBase<'nxRoleRequest'> {
  readonly role: Enumerated<NxRole>;
}

/** NXT_ROLE_REPLY (nicira-ext.h). */
export interface NxRoleReply extends MessageBase<'nxRoleReply'> {
  readonly role: Enumerated<NxRole>;
}

/** The codec of {@link NxRoleRequest}. */
export const nxRoleRequest: ExperimenterCodec = role('nxRoleRequest', 10);

/** The codec of {@link NxRoleReply}. */
export const nxRoleReply: ExperimenterCodec = role('nxRoleReply', 11);

function role(type: 'nxRoleRequest' | 'nxRoleReply', expType: number): ExperimenterCodec {
  return experimenterCodec<NxRoleRequest | NxRoleReply>({
    type,
    experimenter: Experimenter.NICIRA,
    expType,
    size: EXPERIMENTER_BODY + 4,
    decode: ({ view }, start, _end, xid) => ({
      type,
      xid,
      role: nxRoles.name(view.getUint32(start + EXPERIMENTER_BODY)),
    }),
    encode: (writer, message) => writer.u32(nxRoles.code(message.role)),
  });
}
