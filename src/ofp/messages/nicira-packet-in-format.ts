import { Experimenter } from '../oxm/fields.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import { EXPERIMENTER_BODY, type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';

/** The message that packets come to the controller in (nicira-ext.h). */
export type PacketInFormat = 'packetIn' | 'nxPacketIn' | 'nxPacketIn2';

/** The numbers of {@link PacketInFormat}. */
const packetInFormats = enumeration<PacketInFormat>('NXPIF', {
  packetIn: 0,
  nxPacketIn: 1,
  nxPacketIn2: 2,
});

/** NXT_SET_PACKET_IN_FORMAT (nicira-ext.h). */
export interface NxSetPacketInFormat extends MessageBase<'nxSetPacketInFormat'> {
  readonly format: Enumerated<PacketInFormat>;
}

/** The codec of {@link NxSetPacketInFormat}. */
export const nxSetPacketInFormat: ExperimenterCodec = experimenterCodec<NxSetPacketInFormat>({
  type: 'nxSetPacketInFormat',
  experimenter: Experimenter.NICIRA,
  expType: 16,
  size: EXPERIMENTER_BODY + 4,
  decode: ({ view }, start, _end, xid) => ({
    type: 'nxSetPacketInFormat',
    xid,
    format: packetInFormats.name(view.getUint32(start + EXPERIMENTER_BODY)),
  }),
  encode: (writer, { format }) => writer.u32(packetInFormats.code(format)),
});
