export {
  type Action,
  type ActionInit,
  decodeActions,
  encodeActions,
  type UnknownAction,
} from './actions/action.ts';
export type { NxController2 } from './actions/nicira/controller2.ts';
export type { NiciraAction, NiciraActionInit } from './actions/nicira/index.ts';
export { type SetField, type SetFieldInit, setField } from './actions/set-field.ts';
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
export { isPortUp, type Port, PortConfig, PortState } from './port.ts';
export { ALL_TABLES, GroupNo, MeterNo, PortNo } from './ports.ts';
export { type ConnectSwitchOptions, connectSwitch } from './session/connect.ts';
export {
  Connection,
  type ConnectionHandlers,
  type ConnectionOptions,
  type ConnectionState,
} from './session/connection.ts';
export type { RequestOptions } from './session/requests.ts';
export {
  OPENFLOW_PORT,
  OpenFlowServer,
  type OpenFlowServerEvents,
  type OpenFlowServerOptions,
} from './session/server.ts';
export { type RequestError, Switch, type SwitchEvents, type SwitchOptions } from './session/switch.ts';
export type { Enumerated } from './wire/enumeration.ts';
export { Framer } from './wire/framer.ts';
export type { UnknownProperty } from './wire/property.ts';
export type { WireView } from './wire/wire-view.ts';
export { Writer } from './wire/writer.ts';
