import type { FlowStatsInit, FlowStatsRequest } from '../../ofp/multipart/flow-stats.ts';
import type { MultipartBodies, MultipartRequest } from '../../ofp/multipart/multipart.ts';
import { ALL_QUEUES } from '../../ofp/multipart/queue-stats.ts';
import { PortNo } from '../../ofp/ports.ts';
import { demand, Refusal } from '../../ofp/text/check/refusal.ts';
import { toBigInt } from '../../util/u64.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Ports, SwitchPort } from '../ports.ts';
import type { PortQueue } from '../queues.ts';
import type { Flow } from '../tables/flow.ts';
import { flowMatch } from '../tables/flow-match.ts';

/** What a switch says of itself beside what its pipeline has. */
export type Self = MultipartBodies['desc']['reply'];

type Type = Exclude<MultipartRequest['multipartType'], 'unknown'>;
type RequestOf<T extends Type> = MultipartBodies[T]['request'];
type Answer<T extends Type> = (
  pipeline: Pipeline,
  request: RequestOf<T>,
  self: Self,
) => MultipartBodies[T]['replyInit'];

/**
 * The body of the reply to a multipart request (OpenFlow 1.3.5, 7.3.5); lists are split into parts later.
 * @throws Refusal for requests of types that the switch does not have, or of what is not there
 */
export function multipartBody(pipeline: Pipeline, request: MultipartRequest, self: Self): unknown {
  const { multipartType } = request;
  const answer = multipartType === 'unknown' ? undefined : ANSWERS[multipartType];
  if (answer === undefined)
    throw new Refusal('OFPBRC_BAD_STAT', `the software switch does not have multipart ${multipartType}`);
  return (answer as (pipeline: Pipeline, request: unknown, self: Self) => unknown)(
    pipeline,
    request.body,
    self,
  );
}

/** A counter that the switch does not keep. */
const UNKNOWN = 0xffff_ffff_ffff_ffffn;
const GROUP_TYPES = 0xf;
/** OFPGFC_SELECT_WEIGHT, SELECT_LIVENESS and CHAINING. */
const GROUP_CAPABILITIES = 0x7;
const MAX_GROUPS = 0xffffff00;
/** Bits 1 << OFPAT_ of output, TTLs, tags, labels, queue, group and set-field. */
const GROUP_ACTIONS = 0x3ff8001;
/** Bit 1 << OFPMBT_DROP. */
const BAND_TYPES = 1 << 1;
const METER_CAPABILITIES = 0xf;

const ANSWERS: { readonly [T in Type]?: Answer<T> } = {
  desc: (_pipeline, _request, self) => self,
  flow: (pipeline, request) => selectFlows(pipeline, request).map((flow) => flowStats(flow, pipeline.nowMs)),
  aggregate(pipeline, request) {
    const flows = selectFlows(pipeline, request);
    const sum = (count: (flow: Flow) => number) => flows.reduce((total, flow) => total + count(flow), 0);
    return {
      packetCount: sum(({ packets }) => packets),
      byteCount: sum(({ bytes }) => bytes),
      flowCount: flows.length,
    };
  },
  table: ({ tables }) =>
    tables.tables.map(({ tableId, size, lookups, matched }) => ({
      tableId,
      activeCount: size,
      lookupCount: lookups,
      matchedCount: matched,
    })),
  portStats: ({ ports, nowMs }, { portNo }) =>
    [...ports]
      .filter(({ port }) => portNo === PortNo.ANY || port.portNo === portNo)
      .map((port) => portStats(port, nowMs)),
  portDesc: ({ ports }) => [...ports].map(({ port }) => port),
  queue: ({ ports, nowMs }, { portNo, queueId }) =>
    queuesOf(ports, portNo, queueId).map(([port, { txBytes, txPackets, txErrors, createdMs, ...queue }]) => ({
      portNo: port,
      queueId: queue.queueId,
      txBytes,
      txPackets,
      txErrors,
      ...duration(createdMs, nowMs),
    })),
  group: ({ groups, tables, nowMs }, { groupId }) =>
    groups.select(groupId).map((group) => ({
      groupId: group.groupId,
      refCount: tables.users.groupReferences(group.groupId),
      packetCount: group.packets,
      byteCount: group.bytes,
      ...duration(group.createdMs, nowMs),
      bucketStats: group.buckets.map(({ packets, bytes }) => ({ packetCount: packets, byteCount: bytes })),
    })),
  groupDesc: ({ groups }) =>
    groups.select(PortNo.ANY).map(({ groupId, type, buckets }) => ({
      groupId,
      groupType: type,
      buckets: buckets.map(({ bucket }) => bucket),
    })),
  groupFeatures: () => ({
    types: GROUP_TYPES,
    capabilities: GROUP_CAPABILITIES,
    maxGroups: [MAX_GROUPS, MAX_GROUPS, MAX_GROUPS, MAX_GROUPS],
    actions: [GROUP_ACTIONS, GROUP_ACTIONS, GROUP_ACTIONS, GROUP_ACTIONS],
  }),
  meter: ({ meters, tables, nowMs }, { meterId }) =>
    meters.select(meterId).map((meter) => ({
      meterId: meter.meterId,
      flowCount: tables.users.ofMeter(meter.meterId).length,
      packetInCount: meter.packets,
      byteInCount: meter.bytes,
      ...duration(meter.createdMs, nowMs),
      bandStats: meter.bands.map(({ packets, bytes }) => ({
        packetBandCount: packets,
        byteBandCount: bytes,
      })),
    })),
  meterConfig: ({ meters }, request) =>
    meters.select(request.meterId).map(({ meterId, flags, bands }) => ({
      meterId,
      flags,
      bands: bands.map(({ band }) => band),
    })),
  meterFeatures: ({ meters }) => ({
    maxMeter: meters.capacity,
    bandTypes: BAND_TYPES,
    capabilities: METER_CAPABILITIES,
    maxBands: 8,
    maxColor: 0,
  }),
};

function selectFlows({ tables }: Pipeline, request: FlowStatsRequest): readonly Flow[] {
  const filter = {
    cookie: toBigInt(request.cookie),
    cookieMask: toBigInt(request.cookieMask),
    outPort: request.outPort,
    outGroup: request.outGroup,
  };
  return [...tables.select(request.tableId, flowMatch(request.match), filter)];
}

function flowStats(flow: Flow, nowMs: number): FlowStatsInit {
  const { tableId, priority, idleTimeout, hardTimeout, flags, cookie, packets, bytes, told } = flow;
  return {
    tableId,
    ...duration(flow.createdMs, nowMs),
    priority,
    idleTimeout,
    hardTimeout,
    flags,
    cookie,
    packetCount: packets,
    byteCount: bytes,
    match: flow.matchFields,
    instructions: told,
  };
}

/**
 * The queues that a request names, with their ports.
 * @param queueId or OFPQ_ALL
 * @throws Refusal
 */
export function queuesOf(
  ports: Ports,
  portNo: number,
  queueId: number,
): [portNo: number, queue: PortQueue][] {
  const entry = portNo === PortNo.ANY ? undefined : ports.get(portNo);
  demand(portNo === PortNo.ANY || entry !== undefined, 'OFPQOFC_BAD_PORT', `there is no port ${portNo}`);
  const chosen = entry === undefined ? [...ports] : [entry];
  const found = chosen.flatMap(({ port, queues }) =>
    [...queues]
      .filter((queue) => queueId === ALL_QUEUES || queue.queueId === queueId)
      .map((queue): [number, PortQueue] => [port.portNo, queue]),
  );
  const isThere = found.length > 0 || (queueId === ALL_QUEUES && chosen.length > 0);
  demand(isThere, 'OFPQOFC_BAD_QUEUE', `there is no queue ${queueId}`);
  return found;
}

function portStats(entry: SwitchPort, nowMs: number): MultipartBodies['portStats']['replyInit'][number] {
  const { rxPackets, rxBytes, rxDropped, txPackets, txBytes, txDropped } = entry;
  return {
    portNo: entry.port.portNo,
    rxPackets,
    txPackets,
    rxBytes,
    txBytes,
    rxDropped,
    txDropped,
    rxErrors: 0,
    txErrors: 0,
    rxFrameErr: UNKNOWN,
    rxOverErr: UNKNOWN,
    rxCrcErr: UNKNOWN,
    collisions: UNKNOWN,
    ...duration(entry.createdMs, nowMs),
  };
}

/** The time since something was made. */
export function duration(sinceMs: number, nowMs: number): { durationSec: number; durationNsec: number } {
  const ms = Math.max(0, nowMs - sinceMs);
  return { durationSec: Math.floor(ms / 1000), durationNsec: Math.floor((ms % 1000) * 1e6) };
}
