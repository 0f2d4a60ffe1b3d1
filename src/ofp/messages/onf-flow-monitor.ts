import { Experimenter } from '../oxm/fields.ts';
import {
  bareExperimenter,
  EXPERIMENTER_BODY,
  type ExperimenterCodec,
  experimenterCodec,
  type MessageBase,
} from './codec.ts';

/**
 * ONFT_FLOW_MONITOR_CANCEL (ONF extension 187): ends a monitor that a multipart request `onfFlowMonitor` began
 * (EXT-187).
 */
export interface OnfFlowMonitorCancel extends MessageBase<'onfFlowMonitorCancel'> {
  readonly monitorId: number;
}

/**
 * ONFT_FLOW_MONITOR_PAUSED: the switch has more updates than it may hold, and leaves out some until it resumes
 * (EXT-187).
 */
export type OnfFlowMonitorPaused = MessageBase<'onfFlowMonitorPaused'>;

/** ONFT_FLOW_MONITOR_RESUMED: what was left out has been made good (EXT-187). */
export type OnfFlowMonitorResumed = MessageBase<'onfFlowMonitorResumed'>;

/** The codec of {@link OnfFlowMonitorCancel}. */
export const onfFlowMonitorCancel: ExperimenterCodec = experimenterCodec<OnfFlowMonitorCancel>({
  type: 'onfFlowMonitorCancel',
  experimenter: Experimenter.ONF,
  expType: 1870,
  size: EXPERIMENTER_BODY + 4,
  decode: ({ view }, start, _end, xid) => ({
    type: 'onfFlowMonitorCancel',
    xid,
    monitorId: view.getUint32(start + EXPERIMENTER_BODY),
  }),
  encode: (writer, { monitorId }) => writer.u32(monitorId),
});

/** The codec of {@link OnfFlowMonitorPaused}. */
export const onfFlowMonitorPaused: ExperimenterCodec = bareExperimenter(
  'onfFlowMonitorPaused',
  Experimenter.ONF,
  1871,
);

/** The codec of {@link OnfFlowMonitorResumed}. */
export const onfFlowMonitorResumed: ExperimenterCodec = bareExperimenter(
  'onfFlowMonitorResumed',
  Experimenter.ONF,
  1872,
);
