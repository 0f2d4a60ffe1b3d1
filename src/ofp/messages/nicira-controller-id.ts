import { Experimenter } from '../oxm/fields.ts';
import { type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';

/**
 * NXT_SET_CONTROLLER_ID: the id of this connection, which actions name that send packets to some controllers only
 * (nicira-ext.h).
 */
export interface NxSetControllerId extends MessageBase<'nxSetControllerId'> {
  readonly controllerId: number;
}

/** The codec of {@link NxSetControllerId}. */
export const nxSetControllerId: ExperimenterCodec = experimenterCodec<NxSetControllerId>({
  type: 'nxSetControllerId',
  experimenter: Experimenter.NICIRA,
  expType: 20,
  size: 24,
  decode: ({ view }, start, _end, xid) => ({
    type: 'nxSetControllerId',
    xid,
    controllerId: view.getUint16(start + 22),
  }),
  encode(writer, { controllerId }) {
    writer.zeros(6);
    writer.u16(controllerId);
  },
});
