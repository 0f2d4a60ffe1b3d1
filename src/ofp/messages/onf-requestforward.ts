import type { Message, MessageInit } from '../message.ts';
import { Experimenter } from '../oxm/fields.ts';
import { badLength, readLength } from '../wire/wire-view.ts';
import { EXPERIMENTER_BODY, type ExperimenterCodec, experimenterCodec, type MessageBase } from './codec.ts';

/** ONFT_REQUESTFORWARD (ONF extension 235; OpenFlow 1.4.1, 7.4.6): another controller changed a group or a meter. */
export interface OnfRequestforward extends MessageBase<'onfRequestforward'> {
  /** What that controller sent. */
  readonly request: Message;
}

/** An {@link OnfRequestforward} to be sent (OpenFlow 1.4.1, 7.4.6). */
export interface OnfRequestforwardInit {
  readonly type: 'onfRequestforward';
  readonly xid?: number;
  readonly request: MessageInit;
}

/** The codec of {@link OnfRequestforward}. */
export const onfRequestforward: ExperimenterCodec = experimenterCodec<
  OnfRequestforward,
  OnfRequestforwardInit
>({
  type: 'onfRequestforward',
  experimenter: Experimenter.ONF,
  expType: 2350,
  size: EXPERIMENTER_BODY + 8,
  decode(wire, start, end, xid, nested) {
    const at = start + EXPERIMENTER_BODY;
    const length = readLength(wire, 'forwarded request', at + 2, 8, at, end);
    if (length !== end - at) throw badLength('forwarded request', length, end - at, end - at);
    return { type: 'onfRequestforward', xid, request: nested.decode(wire, at, end) };
  },
  encode: (writer, { request }, nested, xid) => nested.encode(writer, request, request.xid ?? xid),
});
