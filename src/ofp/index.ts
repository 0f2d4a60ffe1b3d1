export {
  type Action,
  type ActionInit,
  type ActionName,
  decodeActions,
  encodeActions,
  type UnknownAction,
} from './actions/action.ts';
export type { FieldCopy } from './actions/field-copy.ts';
export type { NxBareAction } from './actions/nicira/bare.ts';
export type { NxClone, NxCloneInit } from './actions/nicira/clone.ts';
export type { NxConjunction } from './actions/nicira/conjunction.ts';
export { CtFlag, type NxCt, type NxCtInit } from './actions/nicira/conntrack.ts';
export type { NxController, NxControllerInit, NxDecTtlCntIds } from './actions/nicira/controller.ts';
export type { NxController2 } from './actions/nicira/controller2.ts';
export {
  type EncapProperty,
  type NxDecap,
  type NxEncap,
  type NxEncapInit,
  PacketType,
} from './actions/nicira/encap.ts';
export type { NxFinTimeout } from './actions/nicira/fin-timeout.ts';
export type { NiciraAction, NiciraActionInit } from './actions/nicira/index.ts';
export {
  LearnFlag,
  type NxLearn,
  type NxLearn2,
  type NxLearn2Init,
  type NxLearnInit,
} from './actions/nicira/learn.ts';
export type { LearnSpec, LearnSpecInit, LearnValue } from './actions/nicira/learn-spec.ts';
export type {
  NxMetadataAction,
  NxMetadataActionInit,
  NxSetQueue,
  NxSetTunnel,
  NxWriteMetadata,
} from './actions/nicira/metadata.ts';
export type {
  BundleAlgorithm,
  HashFields,
  MultipathAlgorithm,
  NxBundle,
  NxBundleLoad,
  NxMultipath,
  NxMultipathInit,
  NxSpreadAction,
  NxSpreadActionInit,
} from './actions/nicira/multipath.ts';
export { NatFlag, type NxNat, type NxNatInit } from './actions/nicira/nat.ts';
export type { NxNote } from './actions/nicira/note.ts';
export type {
  NxGroup,
  NxMplsTag,
  NxOpenFlow10Action,
  NxSetMplsLabel,
  NxSetMplsTc,
  NxSetMplsTtl,
} from './actions/nicira/openflow10.ts';
export type { NxOutputReg, NxOutputRegInit, NxOutputTrunc } from './actions/nicira/output.ts';
export type {
  NxCheckPktLarger,
  NxDeleteField,
  NxRegisterAction,
  NxRegisterActionInit,
  NxRegLoad,
  NxRegLoad2,
  NxRegMove,
} from './actions/nicira/register.ts';
export {
  CURRENT_TABLE,
  type NxResubmit,
  type NxResubmitTable,
  type NxResubmitTableInit,
} from './actions/nicira/resubmit.ts';
export type {
  NxSample,
  NxSample2,
  NxSample3,
  NxSample4,
  NxSampleAction,
  NxSampleActionInit,
  SampleDirection,
} from './actions/nicira/sample.ts';
export type { NxStackAction } from './actions/nicira/stack.ts';
export type { OnfAction, OnfActionInit, OnfCopyField } from './actions/onf.ts';
export type {
  OpenFlow11Action,
  SetDlAddr,
  SetMplsLabel,
  SetMplsTc,
  SetNwAddr,
  SetNwEcn,
  SetNwTos,
  SetTpPort,
  SetVlanPcp,
  SetVlanVid,
} from './actions/openflow11.ts';
export {
  type FieldWrite,
  type FieldWriteInit,
  type SetField,
  type SetFieldInit,
  setField,
} from './actions/set-field.ts';
export {
  type BareAction,
  type GroupAction,
  group,
  type Output,
  type OutputInit,
  output,
  type SetQueue,
  type SetTtl,
  type StandardAction,
  type TagAction,
  WHOLE_PACKET,
} from './actions/standard.ts';
export type { Bucket, BucketInit } from './bucket.ts';
export { EXPERIMENTER_ERROR, errorName } from './error-names.ts';
export type { FlowSpec, GroupSpec, MeterSpec, TableState } from './flow-spec.ts';
export type {
  ActionsInstruction,
  ClearActions,
  GotoTable,
  Instruction,
  InstructionInit,
  InstructionName,
  MeterInstruction,
  UnknownInstruction,
  WriteMetadata,
} from './instruction.ts';
export {
  decode,
  encode,
  encodeInto,
  type Message,
  type MessageInit,
  OFP_VERSION,
  type UnknownMessage,
} from './message.ts';
export type { AsyncConfig, GetAsyncReply, GetAsyncRequest, SetAsync } from './messages/async-config.ts';
export type { BarrierReply, BarrierRequest } from './messages/barrier.ts';
export type { EchoReply, EchoRequest } from './messages/echo.ts';
export type { ErrorInit, ErrorMessage } from './messages/error.ts';
export type { ExperimenterMessage } from './messages/experimenter.ts';
export {
  Capability,
  type FeaturesReply,
  type FeaturesRequest,
  type SwitchFeatures,
} from './messages/features.ts';
export {
  DEFAULT_PRIORITY,
  type FlowMod,
  type FlowModCommand,
  FlowModFlag,
  type FlowModInit,
} from './messages/flow-mod.ts';
export type { FlowRemoved, FlowRemovedInit, FlowRemovedReason } from './messages/flow-removed.ts';
export type { GroupMod, GroupModCommand, GroupModInit, GroupType } from './messages/group-mod.ts';
export type { Hello, HelloElement, HelloInit } from './messages/hello.ts';
export { MeterFlag, type MeterMod, type MeterModCommand, type MeterModInit } from './messages/meter-mod.ts';
export type { NiciraMessage, NiciraMessageInit } from './messages/nicira.ts';
export type {
  AsyncMask,
  AsyncProperty,
  NxSetAsyncConfig,
  NxSetAsyncConfig2,
} from './messages/nicira-async-config.ts';
export type { NxSetControllerId } from './messages/nicira-controller-id.ts';
export type { CtTuple, NxCtFlush, NxCtFlushZone } from './messages/nicira-ct-flush.ts';
export type { NxFlowAge } from './messages/nicira-flow-age.ts';
export type { CookieMatch, NxFlowMod, NxFlowModInit, NxFlowModTableId } from './messages/nicira-flow-mod.ts';
export type { NxFlowRemoved, NxFlowRemovedInit } from './messages/nicira-flow-removed.ts';
export type { NxPacketIn, NxPacketInInit } from './messages/nicira-packet-in.ts';
export type { NxSetPacketInFormat, PacketInFormat } from './messages/nicira-packet-in-format.ts';
export {
  type NxPacketIn2,
  type NxPacketIn2Init,
  type NxResume,
  type NxResumeInit,
  resume,
} from './messages/nicira-packet-in2.ts';
export type { NxRole, NxRoleReply, NxRoleRequest } from './messages/nicira-role.ts';
export type {
  NxTlvTableMod,
  NxTlvTableReply,
  NxTlvTableRequest,
  TlvMap,
  TlvTableModCommand,
} from './messages/nicira-tlv-table.ts';
export type { OnfMessage, OnfMessageInit } from './messages/onf.ts';
export {
  type BundleControlType,
  BundleFlag,
  type OnfBundleAddMessage,
  type OnfBundleAddMessageInit,
  type OnfBundleControl,
  type OnfBundleControlInit,
} from './messages/onf-bundle.ts';
export type {
  OnfFlowMonitorCancel,
  OnfFlowMonitorPaused,
  OnfFlowMonitorResumed,
} from './messages/onf-flow-monitor.ts';
export type { OnfRequestforward, OnfRequestforwardInit } from './messages/onf-requestforward.ts';
export type { OnfRoleStatus, OnfRoleStatusInit, RoleStatusReason } from './messages/onf-role-status.ts';
export { NO_BUFFER, type PacketIn, type PacketInInit, type PacketInReason } from './messages/packet-in.ts';
export type { PacketOut, PacketOutInit } from './messages/packet-out.ts';
export type { PortMod } from './messages/port-mod.ts';
export type { PortStatus, PortStatusReason } from './messages/port-status.ts';
export type {
  PacketQueue,
  QueueGetConfigReply,
  QueueGetConfigRequest,
  QueueProperty,
} from './messages/queue-config.ts';
export type {
  ControllerRole,
  RoleReply,
  RoleReplyInit,
  RoleRequest,
  RoleRequestInit,
} from './messages/role.ts';
export {
  ConfigFlag,
  type GetConfigReply,
  type GetConfigRequest,
  type SetConfig,
} from './messages/switch-config.ts';
export type { TableMod } from './messages/table-mod.ts';
export type { MeterBand } from './meter-band.ts';
export type { Description } from './multipart/description.ts';
export type { ExperimenterMultipart } from './multipart/experimenter.ts';
export {
  FlowMonitorFlag,
  type FlowMonitorRequest,
  type FlowMonitorRequestInit,
  type FlowUpdate,
  type FlowUpdateInit,
} from './multipart/flow-monitor.ts';
export type {
  AggregateStats,
  FlowStats,
  FlowStatsInit,
  FlowStatsRequest,
  FlowStatsRequestInit,
} from './multipart/flow-stats.ts';
export type {
  BucketCounter,
  GroupDesc,
  GroupFeatures,
  GroupStats,
  GroupStatsRequest,
} from './multipart/group.ts';
export type { IpfixStats } from './multipart/ipfix.ts';
export type {
  MeterBandStats,
  MeterConfig,
  MeterFeatures,
  MeterRequest,
  MeterStats,
} from './multipart/meter.ts';
export {
  MULTIPART_MORE,
  type MultipartBodies,
  type MultipartReply,
  type MultipartReplyInit,
  type MultipartRequest,
  type MultipartRequestInit,
  type MultipartType,
} from './multipart/multipart.ts';
export type { PortStats, PortStatsRequest } from './multipart/port.ts';
export { ALL_QUEUES, type QueueStats, type QueueStatsRequest } from './multipart/queue-stats.ts';
export type {
  ActionFeature,
  FeatureField,
  FeatureId,
  FieldFeature,
  InstructionFeature,
  NextTablesFeature,
  TableFeature,
} from './multipart/table-feature.ts';
export type { TableFeatures } from './multipart/table-features.ts';
export type { TableStats } from './multipart/table-stats.ts';
export type { Field, FieldKind, Maskability, Masked, Prerequisite } from './oxm/field.ts';
export {
  Experimenter,
  FIELDS,
  type FieldName,
  type InitOf,
  type Match,
  type MatchInit,
  OxmClass,
  type UnknownFieldName,
  type ValueOf,
} from './oxm/fields.ts';
export { checkMatch, normalizeMatch } from './oxm/prerequisites.ts';
export type { FieldBit, FieldReference, Subfield } from './oxm/subfield.ts';
export { isPortUp, type Port, PortConfig, PortState } from './port.ts';
export { ALL_TABLES, GroupNo, MeterNo, PortNo } from './ports.ts';
export type { BundleBuilder, BundleOptions } from './session/bundle.ts';
export { type ConnectSwitchOptions, connectSwitch } from './session/connect.ts';
export {
  Connection,
  type ConnectionHandlers,
  type ConnectionOptions,
  type ConnectionState,
} from './session/connection.ts';
export type { FlowMonitorEvent, FlowMonitorFilter, FlowMonitorOptions } from './session/flow-monitor.ts';
export { connectLanes, type LanesOptions, type SwitchLanes } from './session/lanes.ts';
export {
  limitPacketIns,
  type PacketInLimit,
  packetInMeter,
  toController,
} from './session/packet-in-limit.ts';
export type { AnyPacketIn, PacketInClass, PacketInQueueOptions } from './session/packet-in-queue.ts';
export type { PlanCounts } from './session/plan.ts';
export type { ReconcileOptions } from './session/reconcile.ts';
export type { RequestOptions } from './session/requests.ts';
export {
  OPENFLOW_PORT,
  OpenFlowServer,
  type OpenFlowServerEvents,
  type OpenFlowServerOptions,
} from './session/server.ts';
export { Switch } from './session/switch.ts';
export type { RequestError, SwitchEvents, SwitchOptions } from './session/switch-events.ts';
export {
  formatActions,
  formatFlow,
  formatGroup,
  formatInstructions,
  formatMatch,
  formatMessage,
  formatMeter,
  formatPacket,
  parseActions,
  parseFlow,
  parseGroup,
  parseMatch,
  parseMeter,
  TextError,
} from './text/index.ts';
export type { Enumerated } from './wire/enumeration.ts';
export { Framer } from './wire/framer.ts';
export type { UnknownProperty } from './wire/property.ts';
export type { UnknownProperties } from './wire/property-table.ts';
export type { WireView } from './wire/wire-view.ts';
export { Writer } from './wire/writer.ts';
