import { WireError } from '../../util/errors.ts';
import type { U64 } from '../../util/u64.ts';
import type { BucketInit } from '../bucket.ts';
import type { MessageBase, MessageCodec, WithoutXid } from '../messages/codec.ts';
import type { Port } from '../port.ts';
import { need, type WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import type { ExperimenterMultipartCodec, MultipartCodec } from './codec.ts';
import { type Description, description } from './description.ts';
import { type ExperimenterMultipart, experimenterMultipart } from './experimenter.ts';
import {
  type FlowMonitorRequest,
  type FlowMonitorRequestInit,
  type FlowUpdate,
  type FlowUpdateInit,
  flowMonitor,
} from './flow-monitor.ts';
import {
  type AggregateStats,
  aggregateStats,
  type FlowStats,
  type FlowStatsInit,
  type FlowStatsRequest,
  type FlowStatsRequestInit,
  flowStats,
} from './flow-stats.ts';
import {
  type GroupDesc,
  type GroupFeatures,
  type GroupStats,
  type GroupStatsRequest,
  groupDesc,
  groupFeatures,
  groupStats,
} from './group.ts';
import { type IpfixStats, ipfixBridge, ipfixFlow } from './ipfix.ts';
import {
  type MeterConfig,
  type MeterFeatures,
  type MeterRequest,
  type MeterStats,
  meterConfig,
  meterFeatures,
  meterStats,
} from './meter.ts';
import { type PortStats, type PortStatsRequest, portDesc, portStats } from './port.ts';
import { type QueueStats, type QueueStatsRequest, queueStats } from './queue-stats.ts';
import { type TableFeatures, tableFeatures } from './table-features.ts';
import { type TableStats, tableStats } from './table-stats.ts';

/**
 * The bodies of each multipart type: decoded, and as taken for sending (OpenFlow 1.3.5, 7.3.5). Replies that are lists
 * come in parts.
 */
export interface MultipartBodies {
  desc: Bodies<undefined, Description>;
  flow: Bodies<FlowStatsRequest, FlowStats[], FlowStatsRequestInit | undefined, readonly FlowStatsInit[]>;
  aggregate: Bodies<FlowStatsRequest, AggregateStats, FlowStatsRequestInit | undefined, AggregateStats<U64>>;
  table: Bodies<undefined, TableStats[], undefined, readonly TableStats<U64>[]>;
  portStats: Bodies<
    PortStatsRequest,
    PortStats[],
    Partial<PortStatsRequest> | undefined,
    readonly PortStats<U64>[]
  >;
  queue: Bodies<
    QueueStatsRequest,
    QueueStats[],
    Partial<QueueStatsRequest> | undefined,
    readonly QueueStats<U64>[]
  >;
  group: Bodies<
    GroupStatsRequest,
    GroupStats[],
    Partial<GroupStatsRequest> | undefined,
    readonly GroupStats<U64>[]
  >;
  groupDesc: Bodies<undefined, GroupDesc[], undefined, readonly GroupDesc<BucketInit>[]>;
  groupFeatures: Bodies<undefined, GroupFeatures>;
  meter: Bodies<MeterRequest, MeterStats[], Partial<MeterRequest> | undefined, readonly MeterStats<U64>[]>;
  meterConfig: Bodies<MeterRequest, MeterConfig[], Partial<MeterRequest> | undefined, readonly MeterConfig[]>;
  meterFeatures: Bodies<undefined, MeterFeatures>;
  /** A request without a body, or with an empty one, asks for the features; one with tables orders them. */
  tableFeatures: Bodies<
    TableFeatures[],
    TableFeatures[],
    readonly TableFeatures<U64>[] | undefined,
    readonly TableFeatures<U64>[]
  >;
  portDesc: Bodies<undefined, Port[], undefined, readonly Port[]>;
  onfFlowMonitor: Bodies<
    FlowMonitorRequest[],
    FlowUpdate[],
    readonly FlowMonitorRequestInit[],
    readonly FlowUpdateInit[]
  >;
  nxIpfixBridge: Bodies<undefined, IpfixStats, undefined, IpfixStats<U64>>;
  nxIpfixFlow: Bodies<undefined, IpfixStats[], undefined, readonly IpfixStats<U64>[]>;
  experimenter: Bodies<ExperimenterMultipart, ExperimenterMultipart>;
}

interface Bodies<Request, Reply, RequestInit = Request, ReplyInit = Reply> {
  request: Request;
  reply: Reply;
  requestInit: RequestInit;
  replyInit: ReplyInit;
}

/** The name of a multipart type: OFPMP_ in camelCase, or an experimenter's (OpenFlow 1.3.5, 7.3.5). */
export type MultipartType = keyof MultipartBodies;

/** OFPMPF_REPLY_MORE and OFPMPF_REQ_MORE: another part follows (OpenFlow 1.3.5, 7.3.5). */
export const MULTIPART_MORE = 1;

/** A multipart message of a type that is not known here. */
interface UnknownMultipart<Type extends string> extends MessageBase<Type> {
  readonly multipartType: 'unknown';
  readonly flags: number;
  readonly code: number;
  readonly body: Uint8Array;
}

interface Part<Type extends string, T extends MultipartType, Body> extends MessageBase<Type> {
  readonly multipartType: T;
  /** Bit {@link MULTIPART_MORE}. */
  readonly flags: number;
  readonly body: Body;
}

interface PartInit<Type extends string, T extends MultipartType> {
  readonly type: Type;
  readonly xid?: number;
  readonly multipartType: T;
  readonly flags?: number;
}

type OptionalBody<Body> = undefined extends Body ? { readonly body?: Body } : { readonly body: Body };

/** OFPT_MULTIPART_REQUEST (OpenFlow 1.3.5, 7.3.5). */
export type MultipartRequest =
  | { [T in MultipartType]: Part<'multipartRequest', T, MultipartBodies[T]['request']> }[MultipartType]
  | UnknownMultipart<'multipartRequest'>;

/**
 * OFPT_MULTIPART_REPLY: one part of it, as it comes; Switch.multipart puts the parts together (OpenFlow 1.3.5, 7.3.5).
 */
export type MultipartReply =
  | { [T in MultipartType]: Part<'multipartReply', T, MultipartBodies[T]['reply']> }[MultipartType]
  | UnknownMultipart<'multipartReply'>;

/** A {@link MultipartRequest} to be sent (OpenFlow 1.3.5, 7.3.5). */
export type MultipartRequestInit =
  | {
      [T in MultipartType]: PartInit<'multipartRequest', T> & OptionalBody<MultipartBodies[T]['requestInit']>;
    }[MultipartType]
  | WithoutXid<UnknownMultipart<'multipartRequest'>>;

/** A {@link MultipartReply} to be sent (OpenFlow 1.3.5, 7.3.5). */
export type MultipartReplyInit =
  | {
      [T in MultipartType]: PartInit<'multipartReply', T> & OptionalBody<MultipartBodies[T]['replyInit']>;
    }[MultipartType]
  | WithoutXid<UnknownMultipart<'multipartReply'>>;

/** Every multipart type, in the order of their numbers. */
export const multipartCodecs: readonly MultipartCodec[] = [
  description,
  flowStats,
  aggregateStats,
  tableStats,
  portStats,
  queueStats,
  groupStats,
  groupDesc,
  groupFeatures,
  meterStats,
  meterConfig,
  meterFeatures,
  tableFeatures,
  portDesc,
  experimenterMultipart,
];

/** Every multipart type of an experimenter that is known here. */
export const experimenterMultipartCodecs: readonly ExperimenterMultipartCodec[] = [
  flowMonitor,
  ipfixBridge,
  ipfixFlow,
];

const byCode = new Map(multipartCodecs.map((codec) => [codec.code, codec]));
const byType = new Map<string, MultipartCodec | ExperimenterMultipartCodec>();
for (const codec of [...multipartCodecs, ...experimenterMultipartCodecs]) byType.set(codec.type, codec);
if (
  byCode.size !== multipartCodecs.length ||
  byType.size !== multipartCodecs.length + experimenterMultipartCodecs.length
) {
  throw new Error('a multipart type is registered twice');
}

const BODY_OFFSET = 16;
/** Experimenter and type, before the body of an experimenter's. */
const EXPERIMENTER_HEADER_SIZE = 8;

/** The codec of {@link MultipartRequest}. */
export const multipartRequest = multipart<MultipartRequest, MultipartRequestInit>(
  'multipartRequest',
  18,
  'request',
);

/** The codec of {@link MultipartReply}. */
export const multipartReply = multipart<MultipartReply, MultipartReplyInit>('multipartReply', 19, 'reply');

function multipart<
  T extends MultipartRequest | MultipartReply,
  Init extends MultipartRequestInit | MultipartReplyInit,
>(type: T['type'], code: number, direction: 'request' | 'reply'): MessageCodec<T, Init> {
  return {
    type,
    code,
    size: BODY_OFFSET,
    decode: (wire, start, end, xid) => decodePart(wire, start, end, xid, type, direction) as T,
    encode: (writer, message) => encodePart(writer, message, direction),
  };
}

function decodePart(
  wire: WireView,
  start: number,
  end: number,
  xid: number,
  type: string,
  direction: 'request' | 'reply',
): unknown {
  const code = wire.view.getUint16(start + 8);
  const flags = wire.view.getUint16(start + 10);
  const codec = byCode.get(code);
  const bodyStart = start + BODY_OFFSET;
  if (codec === undefined) {
    return { type, xid, multipartType: 'unknown', flags, code, body: wire.bytes.subarray(bodyStart, end) };
  }
  need(`multipart ${codec.type} ${direction}`, codec[direction].size, bodyStart, end);
  const known = code === experimenterMultipart.code ? experimenterCodec(wire, bodyStart) : undefined;
  if (known === undefined) {
    return {
      type,
      xid,
      multipartType: codec.type,
      flags,
      body: codec[direction].decode(wire, bodyStart, end),
    };
  }
  const knownStart = bodyStart + EXPERIMENTER_HEADER_SIZE;
  need(`multipart ${known.type} ${direction}`, known[direction].size, knownStart, end);
  return {
    type,
    xid,
    multipartType: known.type,
    flags,
    body: known[direction].decode(wire, knownStart, end),
  };
}

/**
 * Reads a reply but for its body, which stays as it came, for those who compare bytes.
 * @throws WireError `OFP_TRUNCATED`
 */
export function undecodedReply(wire: WireView, start: number, end: number): MultipartReply {
  const { view, bytes } = wire;
  need('message multipartReply', BODY_OFFSET, start, end);
  return {
    type: 'multipartReply',
    xid: view.getUint32(start + 4),
    multipartType: 'unknown',
    flags: view.getUint16(start + 10),
    code: view.getUint16(start + 8),
    body: bytes.subarray(start + BODY_OFFSET, end),
  };
}

function experimenterCodec({ view }: WireView, start: number): ExperimenterMultipartCodec | undefined {
  const experimenter = view.getUint32(start);
  const expType = view.getUint32(start + 4);
  return experimenterMultipartCodecs.find(
    (codec) => codec.experimenter === experimenter && codec.expType === expType,
  );
}

function encodePart(
  writer: Writer,
  message: MultipartRequestInit | MultipartReplyInit,
  direction: 'request' | 'reply',
): void {
  const unknown = message.multipartType === 'unknown';
  const codec = unknown ? undefined : byType.get(message.multipartType);
  if (!unknown && codec === undefined) {
    throw new WireError('OFP_BAD_VALUE', `no multipart type is called '${message.multipartType}'`);
  }
  if (codec === undefined) writer.u16((message as UnknownMultipart<string>).code);
  else writer.u16('code' in codec ? codec.code : experimenterMultipart.code);
  writer.u16(message.flags ?? 0);
  writer.zeros(4);
  if (codec === undefined) return writer.raw((message as UnknownMultipart<string>).body);
  if ('experimenter' in codec) {
    writer.u32(codec.experimenter);
    writer.u32(codec.expType);
  }
  codec[direction].encode(writer, message.body as never);
}
