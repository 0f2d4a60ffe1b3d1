import type { ExperimenterCodec, WithoutXid } from './codec.ts';
import {
  type NxSetAsyncConfig,
  type NxSetAsyncConfig2,
  nxSetAsyncConfig,
  nxSetAsyncConfig2,
} from './nicira-async-config.ts';
import { type NxSetControllerId, nxSetControllerId } from './nicira-controller-id.ts';
import { type NxCtFlush, type NxCtFlushZone, nxCtFlush, nxCtFlushZone } from './nicira-ct-flush.ts';
import { type NxFlowAge, nxFlowAge } from './nicira-flow-age.ts';
import {
  type NxFlowMod,
  type NxFlowModInit,
  type NxFlowModTableId,
  nxFlowMod,
  nxFlowModTableId,
} from './nicira-flow-mod.ts';
import { type NxFlowRemoved, type NxFlowRemovedInit, nxFlowRemoved } from './nicira-flow-removed.ts';
import { type NxPacketIn, type NxPacketInInit, nxPacketIn } from './nicira-packet-in.ts';
import { type NxSetPacketInFormat, nxSetPacketInFormat } from './nicira-packet-in-format.ts';
import {
  type NxPacketIn2,
  type NxPacketIn2Init,
  type NxResume,
  type NxResumeInit,
  nxPacketIn2,
  nxResume,
} from './nicira-packet-in2.ts';
import { type NxRoleReply, type NxRoleRequest, nxRoleReply, nxRoleRequest } from './nicira-role.ts';
import {
  type NxTlvTableMod,
  type NxTlvTableReply,
  type NxTlvTableRequest,
  nxTlvTableMod,
  nxTlvTableReply,
  nxTlvTableRequest,
} from './nicira-tlv-table.ts';

type PlainNiciraMessage =
  | NxRoleRequest
  | NxRoleReply
  | NxFlowModTableId
  | NxSetPacketInFormat
  | NxFlowAge
  | NxSetAsyncConfig
  | NxSetControllerId
  | NxTlvTableMod
  | NxTlvTableRequest
  | NxTlvTableReply
  | NxSetAsyncConfig2
  | NxCtFlushZone
  | NxCtFlush;

/** The messages of Open vSwitch's extension (nicira-ext.h), under experimenter 0x2320, that it speaks over OpenFlow 1.3. */
export type NiciraMessage =
  | PlainNiciraMessage
  | NxFlowMod
  | NxFlowRemoved
  | NxPacketIn
  | NxResume
  | NxPacketIn2;

/** A {@link NiciraMessage} to be sent (nicira-ext.h). */
export type NiciraMessageInit =
  | WithoutXid<PlainNiciraMessage>
  | NxFlowModInit
  | NxFlowRemovedInit
  | NxPacketInInit
  | NxResumeInit
  | NxPacketIn2Init;

/** The codecs of {@link NiciraMessage}, in the order of their numbers. */
export const niciraMessages: readonly ExperimenterCodec[] = [
  nxRoleRequest,
  nxRoleReply,
  nxFlowMod,
  nxFlowRemoved,
  nxFlowModTableId,
  nxSetPacketInFormat,
  nxPacketIn,
  nxFlowAge,
  nxSetAsyncConfig,
  nxSetControllerId,
  nxTlvTableMod,
  nxTlvTableRequest,
  nxTlvTableReply,
  nxSetAsyncConfig2,
  nxResume,
  nxCtFlushZone,
  nxPacketIn2,
  nxCtFlush,
];
