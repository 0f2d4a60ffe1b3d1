import type { ExperimenterCodec, WithoutXid } from './codec.ts';
import {
  type OnfBundleAddMessage,
  type OnfBundleAddMessageInit,
  type OnfBundleControl,
  type OnfBundleControlInit,
  onfBundleAddMessage,
  onfBundleControl,
} from './onf-bundle.ts';
import {
  type OnfFlowMonitorCancel,
  type OnfFlowMonitorPaused,
  type OnfFlowMonitorResumed,
  onfFlowMonitorCancel,
  onfFlowMonitorPaused,
  onfFlowMonitorResumed,
} from './onf-flow-monitor.ts';
import {
  type OnfRequestforward,
  type OnfRequestforwardInit,
  onfRequestforward,
} from './onf-requestforward.ts';
import { type OnfRoleStatus, type OnfRoleStatusInit, onfRoleStatus } from './onf-role-status.ts';

type PlainOnfMessage = OnfFlowMonitorCancel | OnfFlowMonitorPaused | OnfFlowMonitorResumed;

/**
 * The messages of the ONF's extensions to OpenFlow 1.3, under experimenter 0x4f4e4600: what OpenFlow 1.4 made its own
 * (OpenFlow 1.4.1, 7.5.4).
 */
export type OnfMessage =
  | PlainOnfMessage
  | OnfRoleStatus
  | OnfBundleControl
  | OnfBundleAddMessage
  | OnfRequestforward;

/** An {@link OnfMessage} to be sent (OpenFlow 1.4.1, 7.5.4). */
export type OnfMessageInit =
  | WithoutXid<PlainOnfMessage>
  | OnfRoleStatusInit
  | OnfBundleControlInit
  | OnfBundleAddMessageInit
  | OnfRequestforwardInit;

/** The codecs of {@link OnfMessage}, in the order of their numbers. */
export const onfMessages: readonly ExperimenterCodec[] = [
  onfFlowMonitorCancel,
  onfFlowMonitorPaused,
  onfFlowMonitorResumed,
  onfRoleStatus,
  onfBundleControl,
  onfBundleAddMessage,
  onfRequestforward,
];
