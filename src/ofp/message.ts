import { WireError } from '../util/errors.ts';
import {
  type GetAsyncReply,
  type GetAsyncRequest,
  getAsyncReply,
  getAsyncRequest,
  type SetAsync,
  setAsync,
} from './messages/async-config.ts';
import { type BarrierReply, type BarrierRequest, barrierReply, barrierRequest } from './messages/barrier.ts';
import type { ExperimenterCodec, MessageCodec, NestedMessages, WithoutXid } from './messages/codec.ts';
import { type EchoReply, type EchoRequest, echoReply, echoRequest } from './messages/echo.ts';
import { type ErrorInit, type ErrorMessage, error } from './messages/error.ts';
import { type ExperimenterMessage, experimenter } from './messages/experimenter.ts';
import {
  type FeaturesReply,
  type FeaturesRequest,
  featuresReply,
  featuresRequest,
} from './messages/features.ts';
import { type FlowMod, type FlowModInit, flowMod } from './messages/flow-mod.ts';
import { type FlowRemoved, type FlowRemovedInit, flowRemoved } from './messages/flow-removed.ts';
import { type GroupMod, type GroupModInit, groupMod } from './messages/group-mod.ts';
import { type Hello, type HelloInit, hello } from './messages/hello.ts';
import { type MeterMod, type MeterModInit, meterMod } from './messages/meter-mod.ts';
import { type NiciraMessage, type NiciraMessageInit, niciraMessages } from './messages/nicira.ts';
import { type OnfMessage, type OnfMessageInit, onfMessages } from './messages/onf.ts';
import { type PacketIn, type PacketInInit, packetIn } from './messages/packet-in.ts';
import { type PacketOut, type PacketOutInit, packetOut } from './messages/packet-out.ts';
import { type PortMod, portMod } from './messages/port-mod.ts';
import { type PortStatus, portStatus } from './messages/port-status.ts';
import {
  type QueueGetConfigReply,
  type QueueGetConfigRequest,
  queueGetConfigReply,
  queueGetConfigRequest,
} from './messages/queue-config.ts';
import {
  type RoleReply,
  type RoleReplyInit,
  type RoleRequest,
  type RoleRequestInit,
  roleReply,
  roleRequest,
} from './messages/role.ts';
import {
  type GetConfigReply,
  type GetConfigRequest,
  getConfigReply,
  getConfigRequest,
  type SetConfig,
  setConfig,
} from './messages/switch-config.ts';
import { type TableMod, tableMod } from './messages/table-mod.ts';
import {
  type MultipartReply,
  type MultipartReplyInit,
  type MultipartRequest,
  type MultipartRequestInit,
  multipartReply,
  multipartRequest,
} from './multipart/multipart.ts';
import { HEADER_SIZE } from './wire/framer.ts';
import { need, readLength, type WireView, wireView } from './wire/wire-view.ts';
import { checkUnsigned, Writer, writeU32 } from './wire/writer.ts';

/** A message of a type that is not known here: all behind its header as it came (OpenFlow 1.3.5, 7.1). */
export interface UnknownMessage {
  readonly type: 'unknown';
  readonly xid: number;
  readonly code: number;
  readonly raw: Uint8Array;
}

/** A decoded message (OpenFlow 1.3.5, 7.1). */
export type Message =
  | Hello
  | ErrorMessage
  | EchoRequest
  | EchoReply
  | ExperimenterMessage
  | FeaturesRequest
  | FeaturesReply
  | GetConfigRequest
  | GetConfigReply
  | SetConfig
  | PacketIn
  | FlowRemoved
  | PortStatus
  | PacketOut
  | FlowMod
  | GroupMod
  | PortMod
  | TableMod
  | MultipartRequest
  | MultipartReply
  | BarrierRequest
  | BarrierReply
  | QueueGetConfigRequest
  | QueueGetConfigReply
  | RoleRequest
  | RoleReply
  | GetAsyncRequest
  | GetAsyncReply
  | SetAsync
  | MeterMod
  | NiciraMessage
  | OnfMessage
  | UnknownMessage;

/**
 * A message to be sent: any {@link Message}, or one with less said where the specification has a usual value (OpenFlow
 * 1.3.5, 7.1).
 */
export type MessageInit =
  | HelloInit
  | ErrorInit
  | FlowModInit
  | FlowRemovedInit
  | GroupModInit
  | MeterModInit
  | MultipartReplyInit
  | MultipartRequestInit
  | NiciraMessageInit
  | OnfMessageInit
  | PacketInInit
  | PacketOutInit
  | RoleReplyInit
  | RoleRequestInit
  | WithoutXid<Message>;

/** The version byte of OpenFlow 1.3 (OpenFlow 1.3.5, 7.1). */
export const OFP_VERSION = 4;

/** Every message type, in the order of their numbers. */
export const messageCodecs: readonly MessageCodec[] = [
  hello,
  error,
  echoRequest,
  echoReply,
  experimenter,
  featuresRequest,
  featuresReply,
  getConfigRequest,
  getConfigReply,
  setConfig,
  packetIn,
  flowRemoved,
  portStatus,
  packetOut,
  flowMod,
  groupMod,
  portMod,
  tableMod,
  multipartRequest,
  multipartReply,
  barrierRequest,
  barrierReply,
  queueGetConfigRequest,
  queueGetConfigReply,
  roleRequest,
  roleReply,
  getAsyncRequest,
  getAsyncReply,
  setAsync,
  meterMod,
] as unknown as readonly MessageCodec[];

/** Every message of an experimenter that is known here. */
export const experimenterCodecs: readonly ExperimenterCodec[] = [...niciraMessages, ...onfMessages];

/** Messages may hold a message (a bundle's, a forwarded request): how deep is bounded, so that none can exhaust the stack. */
const MAX_DEPTH = 4;

/** How a message is found by its type; `known` is set for those of experimenters. */
interface Registered {
  readonly codec: MessageCodec;
  readonly known: ExperimenterCodec | undefined;
}

const byCode: (MessageCodec | undefined)[] = [];
const byType = new Map<string, Registered>();
for (const codec of messageCodecs) {
  if (byCode[codec.code] !== undefined || byType.has(codec.type))
    throw new Error(`${codec.type} is registered twice`);
  byCode[codec.code] = codec;
  byType.set(codec.type, { codec, known: undefined });
}

const FLOW_MOD = byType.get('flowMod');
const PACKET_OUT = byType.get('packetOut');

const byExperimenter = new Map<number, Map<number, ExperimenterCodec>>();
for (const known of experimenterCodecs) {
  const types = byExperimenter.get(known.experimenter) ?? new Map<number, ExperimenterCodec>();
  if (types.has(known.expType) || byType.has(known.type))
    throw new Error(`${known.type} is registered twice`);
  byExperimenter.set(known.experimenter, types.set(known.expType, known));
  byType.set(known.type, { codec: byCode[experimenter.code]!, known });
}

const levels: NestedMessages[] = Array.from({ length: MAX_DEPTH }, (_, depth) => ({
  decode: (wire, start, end) => decodeAt(wire, start, end, depth + 1),
  encode: (writer, message, xid) => encodeAt(writer, message, xid, depth + 1),
}));

/**
 * Decodes the message that begins at `offset`; what follows it is not looked at (OpenFlow 1.3.5, 7.1).
 * @throws WireError `OFP_TRUNCATED`, `OFP_BAD_LENGTH`, `OFP_BAD_VERSION`, and those of what is in the message
 */
export function decode(bytes: Uint8Array, offset = 0): Message {
  const wire = wireView(bytes);
  need('a message header', 8, offset, bytes.length);
  const length = readLength(wire, 'message', offset + 2, 8, offset, bytes.length);
  return decodeMessage(wire, offset, offset + length);
}

/** Decodes the message that fills `start` to `end`, whose length has been checked. */
export function decodeMessage(wire: WireView, start: number, end: number): Message {
  return decodeAt(wire, start, end, 0);
}

function decodeAt(wire: WireView, start: number, end: number, depth: number): Message {
  const version = wire.bytes[start]!;
  const code = wire.bytes[start + 1]!;
  const xid = wire.view.getUint32(start + 4);
  const codec = byCode[code];
  if (version !== OFP_VERSION && codec !== hello && codec !== error) {
    throw new WireError('OFP_BAD_VERSION', `expected version ${OFP_VERSION} (OpenFlow 1.3), got ${version}`);
  }
  if (codec === undefined) return { type: 'unknown', xid, code, raw: wire.bytes.subarray(start + 8, end) };
  need(`message ${codec.type}`, codec.size, start, end);
  if (code === experimenter.code) {
    const { view } = wire;
    const known = byExperimenter.get(view.getUint32(start + 8))?.get(view.getUint32(start + 12));
    if (known !== undefined) {
      need(`message ${known.type}`, known.size, start, end);
      return known.decode(wire, start, end, xid, level(depth)) as Message;
    }
  }
  return codec.decode(wire, start, end, xid) as Message;
}

/**
 * Encodes a message into bytes of its own; without `xid` it is 0 (OpenFlow 1.3.5, 7.1).
 * @throws WireError when a value cannot be written
 */
export function encode(message: MessageInit): Buffer {
  const writer = new Writer(256);
  encodeInto(writer, message, message.xid ?? 0);
  return writer.bytes.subarray(0, writer.offset);
}

/**
 * Encodes a message behind what the writer already has; one that cannot be written leaves the writer as it was
 * (OpenFlow 1.3.5, 7.1).
 * @throws WireError
 */
export function encodeInto(writer: Writer, message: MessageInit, xid: number): void {
  const start = writer.offset;
  try {
    encodeAt(writer, message, xid, 0);
  } catch (cause) {
    writer.offset = start;
    throw cause;
  }
}

function encodeAt(writer: Writer, message: MessageInit, xid: number, depth: number): void {
  const registered = registeredFor(message.type);
  if (registered === undefined) return encodeUnknown(writer, message as UnknownMessage, xid);
  const { codec, known } = registered;
  const start = writeHeader(writer, codec.code, xid);
  if (known === undefined) codec.encode(writer, message);
  else {
    writer.u32(known.experimenter);
    writer.u32(known.expType);
    known.encode(writer, message, level(depth), xid);
  }
  writer.patchLength(start);
}

/** Those that there are most of are found without a look-up. */
function registeredFor(type: string): Registered | undefined {
  if (type === 'flowMod') return FLOW_MOD;
  return type === 'packetOut' ? PACKET_OUT : byType.get(type);
}

/** Writes a header, all but the length. @returns where it begins */
function writeHeader(writer: Writer, code: number, xid: number): number {
  const start = writer.reserve(HEADER_SIZE);
  writer.view.setInt32(start, (OFP_VERSION << 24) | (code << 16));
  writeU32(writer.view, start + 4, xid);
  return start;
}

function encodeUnknown(writer: Writer, { type, code, raw }: UnknownMessage, xid: number): void {
  if (type !== 'unknown') throw new WireError('OFP_BAD_VALUE', `no message is called '${type}'`);
  const start = writeHeader(writer, checkUnsigned('the code of a message', code, 8), xid);
  writer.raw(raw);
  writer.patchLength(start);
}

function level(depth: number): NestedMessages {
  const nested = levels[depth];
  if (nested !== undefined) return nested;
  throw new WireError('OFP_TOO_DEEP', `messages are nested over ${MAX_DEPTH} deep`);
}
