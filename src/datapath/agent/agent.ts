import { decodeMessage, type Message, OFP_VERSION } from '../../ofp/message.ts';
import { Capability } from '../../ofp/messages/features.ts';
import { NO_BUFFER } from '../../ofp/messages/packet-in.ts';
import type { PortMod } from '../../ofp/messages/port-mod.ts';
import { ConfigFlag } from '../../ofp/messages/switch-config.ts';
import { ALL_QUEUES } from '../../ofp/multipart/queue-stats.ts';
import { PortConfig, PortState } from '../../ofp/port.ts';
import { PortNo } from '../../ofp/ports.ts';
import { demand, Refusal } from '../../ofp/text/check/refusal.ts';
import { keyOfMatch } from '../../ofp/text/match-key.ts';
import { checkBundleAdd, checkMessage, identifyMessage } from '../../ofp/text/message-format.ts';
import type { FoundForm } from '../../ofp/text/messages/forms.ts';
import { toLong, type U64 } from '../../util/u64.ts';
import { isFlushedBy } from '../connections/connection-flush.ts';
import { TLV_FIELDS, TLV_SPACE } from '../packet/tlv-table.ts';
import type { Pipeline } from '../pipeline.ts';
import { readFlowFrame, readNxFlowFrame } from '../tables/check-flow-mod.ts';
import type { FlowOrder } from '../tables/flow.ts';
import { TABLE_COUNT } from '../tables/flow-tables.ts';
import { Journal } from '../tables/journal.ts';
import { readContinuation } from '../traversal/continuation.ts';
import type { Verdict } from '../traversal/verdict.ts';
import { BundleDesk } from './bundle-desk.ts';
import type { ControllerLink } from './controller-link.ts';
import { type MessageFrame, versionOf, xidOf } from './frame.ts';
import { MultipartDesk } from './multipart-desk.ts';
import type { Notices } from './notices.ts';
import { decodeMeterMod, type Order } from './orders.ts';
import type { PacketBuffers } from './packet-buffers.ts';
import { type PacketOutOrder, readPacketOut } from './packet-out-order.ts';
import { Roles } from './roles.ts';
import { queuesOf, type Self } from './statistics.ts';

/** What an {@link Agent} speaks for. */
export interface AgentOptions {
  readonly datapathId: U64;
  readonly links: Iterable<ControllerLink>;
  readonly notices: Notices;
  readonly buffers: PacketBuffers;
  readonly self: Self;
  /** Flows, or what waits for the rest of something, may have come or gone. */
  readonly onChanged: () => void;
}

type Type = Message['type'];
type Handler<T extends Type> = (
  link: ControllerLink,
  message: Extract<Message, { type: T }>,
  frame: MessageFrame,
) => void;
type Handlers = { readonly [T in Type]?: Handler<T> };

/** What slaves must not send, by the names of the messages (OpenFlow 1.3.5, 6.3.4, and Open vSwitch). */
const MASTER_ONLY: ReadonlySet<string> = new Set([
  'OFPT_PACKET_OUT',
  'OFPT_FLOW_MOD',
  'NXT_FLOW_MOD',
  'OFPT_GROUP_MOD',
  'OFPT_PORT_MOD',
  'OFPT_TABLE_MOD',
  'OFPT_METER_MOD',
  'NXT_TLV_TABLE_MOD',
  'ONFT_BUNDLE_CONTROL',
  'ONFT_BUNDLE_ADD_MESSAGE',
]);

const CAPABILITIES =
  Capability.FLOW_STATS |
  Capability.TABLE_STATS |
  Capability.PORT_STATS |
  Capability.GROUP_STATS |
  Capability.QUEUE_STATS;
const PORT_CONFIG = PortConfig.PORT_DOWN | PortConfig.NO_RECV | PortConfig.NO_FWD | PortConfig.NO_PACKET_IN;
/** OFPT_ERROR, which is good in any version. */
const ERROR = 1;

/**
 * Answers what controllers say (OpenFlow 1.3.5, 7.3), as Open vSwitch does: first what kind of message it is and
 * whether its length is right, then whether this controller may send it, then what is in it. Everything is done at
 * once, so that barriers have nothing to wait for.
 */
export class Agent {
  readonly #pipeline: Pipeline;
  readonly #options: AgentOptions;
  readonly #roles = new Roles();
  readonly #bundles: BundleDesk;
  readonly #multiparts: MultipartDesk;

  constructor(pipeline: Pipeline, options: AgentOptions) {
    this.#pipeline = pipeline;
    this.#options = options;
    this.#bundles = new BundleDesk(pipeline, {
      takeBuffered: (id) => options.buffers.take(id),
      checkPortMod: (mod) => void this.#portOf(mod),
      portMod: (link, mod) => this.#portMod(link, mod),
      ordered: (link, order, frame) => this.#ordered(link, order, frame),
      packetOut: (order) => this.#packetOut(order),
      onChanged: options.onChanged,
    });
    this.#multiparts = new MultipartDesk(pipeline, options.self);
  }

  /** Does what a message says. @throws Refusal with the name of the error to answer with */
  handle(link: ControllerLink, frame: MessageFrame): void {
    const { wire, start, end } = frame;
    // Open vSwitch answers errors with errors, which might never end.
    if (wire.bytes[start + 1] === ERROR) return;
    const isOurs = versionOf(frame) === OFP_VERSION;
    demand(isOurs, 'OFPBRC_BAD_VERSION', `the connection is one of version ${OFP_VERSION}`);
    const found = identifyMessage(wire, start, end);
    const { name } = found.form;
    const isAllowed = link.role !== 'slave' || !MASTER_ONLY.has(name);
    demand(isAllowed, 'OFPBRC_IS_SECONDARY', `a slave must not send ${name}`);
    const { options } = this.#pipeline;
    switch (name) {
      case 'OFPT_FLOW_MOD':
        return this.#flowMod(link, readFlowFrame(frame, options), frame);
      case 'NXT_FLOW_MOD':
        return this.#flowMod(link, readNxFlowFrame(frame, found.body, link.hasTableIds, options), frame);
      case 'OFPT_PACKET_OUT':
        return this.#packetOut(readPacketOut(frame, (id) => this.#options.buffers.take(id)))();
      case 'OFPT_METER_MOD':
        checkMessage(wire, start, end, found);
        return this.#obey(link, { type: 'meter', mod: decodeMeterMod(frame) }, frame);
      case 'ONFT_BUNDLE_ADD_MESSAGE':
        checkBundleAdd(wire, start, found.body, end);
        this.#bundles.add(link, frame, found.body);
        return this.#options.onChanged();
      default:
        return this.#handleOther(link, frame, found);
    }
  }

  /** True while anything waits for more: {@link expire} gives it up in the end. */
  get isWaiting(): boolean {
    for (const { bundles, multiparts } of this.#options.links)
      if (bundles.isWaiting || multiparts.isWaiting) return true;
    return false;
  }

  /** Gives up what waits for more that does not come. */
  expire(): void {
    const { nowMs } = this.#pipeline;
    for (const link of this.#options.links) {
      for (const frame of link.bundles.expire(nowMs))
        link.refuse(frame, new Refusal('OFPBFC_TIMEOUT', 'nothing came for the bundle'));
      for (const frame of link.multiparts.expire(nowMs))
        link.refuse(frame, new Refusal('OFPBRC_MULTIPART_REQUEST_TIMEOUT', 'the next part did not come'));
    }
  }

  #handleOther(link: ControllerLink, frame: MessageFrame, found: FoundForm): void {
    const { wire, start, end } = frame;
    checkMessage(wire, start, end, found);
    const message = decodeMessage(wire, start, end);
    const handler = this.#handlers[message.type];
    if (handler === undefined)
      throw new Refusal('OFPBRC_BAD_TYPE', `switches do not take ${found.form.name}`);
    (handler as Handler<Type>)(link, message, frame);
  }

  readonly #handlers: Handlers = {
    featuresRequest: (link, { xid }) =>
      link.send({
        type: 'featuresReply',
        xid,
        datapathId: toLong(this.#options.datapathId),
        nBuffers: this.#options.buffers.capacity,
        nTables: TABLE_COUNT,
        auxiliaryId: 0,
        capabilities: CAPABILITIES,
        reserved: 0,
      }),
    getConfigRequest: (link, { xid }) =>
      link.send({
        type: 'getConfigReply',
        xid,
        flags: this.#pipeline.fragments,
        missSendLen: link.missSendLen,
      }),
    setConfig: (link, { flags, missSendLen }) => {
      // Nothing here puts fragments together: who asks for that keeps what there is.
      if (link.role !== 'slave' && flags !== ConfigFlag.FRAG_REASM) this.#pipeline.fragments = flags;
      link.missSendLen = missSendLen;
    },
    barrierRequest: (link, { xid }) => link.send({ type: 'barrierReply', xid }),
    groupMod: (link, mod, frame) => this.#obey(link, { type: 'group', mod }, frame),
    portMod: (link, mod) => this.#portMod(link, mod),
    tableMod: (_link, { tableId }) => {
      demand(tableId !== TABLE_COUNT, 'OFPTMFC_EPERM', `table ${TABLE_COUNT} is the switch's own`);
    },
    multipartRequest: (link, message, frame) => {
      this.#multiparts.answer(link, message, frame);
      if (link.multiparts.isWaiting) this.#options.onChanged();
    },
    queueGetConfigRequest: (link, { xid, port }) => {
      const queues = queuesOf(this.#pipeline.ports, port, ALL_QUEUES).map(([portNo, queue]) => ({
        queueId: queue.queueId,
        port: portNo,
        properties: queue.properties,
      }));
      link.send({ type: 'queueGetConfigReply', xid, port, queues });
    },
    roleRequest: (link, { xid, role, generationId }) => {
      if (role !== 'noChange') this.#changeRole(link, role as ControllerLink['role'], generationId);
      link.send({ type: 'roleReply', xid, role: link.role, generationId: this.#roles.generation });
    },
    nxRoleRequest: (link, { xid, role }) => {
      this.#changeRole(link, role === 'other' ? 'equal' : (role as ControllerLink['role']), undefined);
      link.send({ type: 'nxRoleReply', xid, role: link.role === 'equal' ? 'other' : link.role });
    },
    getAsyncRequest: (link, { xid }) => link.send({ ...link.async.config, type: 'getAsyncReply', xid }),
    setAsync: (link, config) => link.async.replace(config),
    nxSetAsyncConfig: (link, config) => link.async.replace(config),
    nxSetAsyncConfig2: (link, { properties }) => link.async.change(properties),
    nxSetControllerId(link, { controllerId }, frame) {
      demandZeros(frame, 6);
      link.controllerId = controllerId;
    },
    nxSetPacketInFormat(link, { format }) {
      link.packetInFormat = format as ControllerLink['packetInFormat'];
    },
    nxFlowModTableId(link, { set }) {
      link.hasTableIds = set;
    },
    nxFlowAge() {},
    nxCtFlush: (_link, message) => this.#pipeline.connections.flush(isFlushedBy(message)),
    nxCtFlushZone: (_link, { zoneId }, frame) => {
      demandZeros(frame, 6);
      this.#pipeline.connections.flush(({ zone }) => zone === zoneId);
    },
    nxResume: (_link, { data, match, continuation }) => {
      const read = readContinuation(continuation ?? new Uint8Array());
      this.#tell(this.#pipeline.resume(data, keyOfMatch(match), read));
    },
    nxTlvTableMod: (_link, mod) => this.#pipeline.mapOptions(mod),
    nxTlvTableRequest: (link, { xid }) =>
      link.send({
        type: 'nxTlvTableReply',
        xid,
        maxOptionSpace: TLV_SPACE,
        maxFields: TLV_FIELDS,
        maps: this.#pipeline.options.maps,
      }),
    onfFlowMonitorCancel: (link, { monitorId }) => link.monitors.cancel(monitorId),
    onfBundleControl: (link, message, frame) => {
      this.#bundles.control(link, message, frame);
      if (link.bundles.isWaiting) this.#options.onChanged();
    },
  };

  #flowMod(link: ControllerLink, order: FlowOrder, frame: MessageFrame): void {
    this.#pipeline.tables.check(order);
    const { bufferId = NO_BUFFER, command } = order;
    const isBuffered = bufferId !== NO_BUFFER && command !== 'delete' && command !== 'deleteStrict';
    const buffered = isBuffered ? this.#options.buffers.take(bufferId) : undefined;
    demand(!isBuffered || buffered !== undefined, 'OFPBRC_BUFFER_UNKNOWN', 'no packet is buffered so');
    this.#obey(link, { type: 'flow', order }, frame);
    if (buffered === undefined) return;
    const actions = [{ type: 'output', port: PortNo.TABLE, maxLen: 0 } as const];
    this.#packetOut({ ...buffered, actions })();
  }

  #obey(link: ControllerLink, order: Order, frame: MessageFrame): void {
    const journal = new Journal();
    journal.requester = { link, xid: xidOf(frame) };
    try {
      this.#pipeline.obey(order, journal);
    } catch (error) {
      journal.rollback();
      throw error;
    }
    journal.commit();
    this.#ordered(link, order, frame);
    this.#options.onChanged();
  }

  /** Tells the other controllers of what one has ordered. */
  #ordered(link: ControllerLink, order: Order, frame: MessageFrame): void {
    if (order.type !== 'flow') this.#options.notices.tellRequest(link, order.type, order.mod, xidOf(frame));
    this.#options.notices.flushMonitors();
  }

  /** Checks a packet-out. @returns what does it */
  #packetOut(order: PacketOutOrder): () => void {
    const send = this.#pipeline.preparePacketOut(order);
    return () => this.#tell(send());
  }

  /** Tells what a packet has led to, other than to leave. */
  #tell({ packetIns }: Verdict): void {
    this.#options.notices.tellPacketIns(packetIns);
    this.#options.notices.flushMonitors();
    this.#options.onChanged();
  }

  #portOf({ portNo, hwAddr }: PortMod) {
    const entry = this.#pipeline.ports.get(portNo);
    demand(entry !== undefined, 'OFPPMFC_BAD_PORT', `there is no port ${portNo}`);
    demand(entry.port.hwAddr === hwAddr, 'OFPPMFC_BAD_HW_ADDR', `port ${portNo} has another address`);
    return entry;
  }

  #portMod(link: ControllerLink, mod: PortMod): void {
    const entry = this.#portOf(mod);
    const mask = mod.mask & PORT_CONFIG;
    const config = (entry.port.config & ~mask) | (mod.config & mask);
    if (config === entry.port.config) return;
    const isDown = (config & PortConfig.PORT_DOWN) !== 0 || (entry.port.state & PortState.LINK_DOWN) !== 0;
    const state = isDown ? entry.port.state & ~PortState.LIVE : entry.port.state | PortState.LIVE;
    entry.port = { ...entry.port, config, state };
    // Who ordered it knows: only OpenFlow 1.5 tells it all the same.
    this.#options.notices.tellPort('modify', entry.port, link);
  }

  #changeRole(link: ControllerLink, role: ControllerLink['role'], generationId: U64 | undefined): void {
    for (const demoted of this.#roles.request(link, this.#options.links, role, generationId))
      demoted.send({
        type: 'onfRoleStatus',
        role: 'slave',
        reason: 'masterRequest',
        generationId: this.#roles.generation,
      });
  }
}

/** Where the body of an experimenter's message begins. */
const BODY = 16;

/** Refuses a message of Open vSwitch's whose body does not begin with so many zeros. @throws Refusal */
function demandZeros({ wire, start }: MessageFrame, count: number): void {
  const isClear = wire.bytes.subarray(start + BODY, start + BODY + count).every((byte) => byte === 0);
  demand(isClear, 'NXBRC_MUST_BE_ZERO', 'reserved bytes are not zero');
}
