import type { Message } from '../ofp/message.ts';
import { Capability } from '../ofp/messages/features.ts';
import type { OnfBundleAddMessage, OnfBundleControl } from '../ofp/messages/onf-bundle.ts';
import { NO_BUFFER } from '../ofp/messages/packet-in.ts';
import type { PacketOut } from '../ofp/messages/packet-out.ts';
import type { PortMod } from '../ofp/messages/port-mod.ts';
import { type Port, PortConfig } from '../ofp/port.ts';
import { PortNo } from '../ofp/ports.ts';
import { demand, Refusal } from '../ofp/text/check/refusal.ts';
import { toLong, type U64 } from '../util/u64.ts';
import type { BundledMessage } from './bundles.ts';
import type { ControllerLink } from './controller-link.ts';
import { TABLE_COUNT } from './flow-tables.ts';
import { Journal } from './journal.ts';
import { partsOf } from './multipart-parts.ts';
import type { Pipeline } from './pipeline.ts';
import { Roles } from './roles.ts';
import { multipartBody, type Self } from './statistics.ts';
import type { Verdict } from './traversal.ts';

/** What an {@link Agent} speaks for. */
export interface AgentOptions {
  readonly datapathId: U64;
  readonly links: Iterable<ControllerLink>;
  readonly self: Self;
  /** A packet-out has been done. */
  readonly onVerdict: (verdict: Verdict) => void;
  readonly onPortChanged: (port: Port) => void;
  /** Flows may have come or gone. */
  readonly onChanged: () => void;
}

type Type = Message['type'];
type Handlers = {
  readonly [T in Type]?: (link: ControllerLink, message: Extract<Message, { type: T }>) => void;
};

/** What slaves must not send (OpenFlow 1.3.5, 6.3.4). */
const MASTER_ONLY: ReadonlySet<Type> = new Set<Type>([
  'packetOut',
  'flowMod',
  'groupMod',
  'portMod',
  'tableMod',
  'meterMod',
  'onfBundleControl',
  'onfBundleAddMessage',
]);

const CAPABILITIES =
  Capability.FLOW_STATS |
  Capability.TABLE_STATS |
  Capability.PORT_STATS |
  Capability.GROUP_STATS |
  Capability.QUEUE_STATS;
/** OFPC_FRAG_MASK. */
const FRAGMENT_FLAGS = 3;
const PORT_CONFIG = PortConfig.PORT_DOWN | PortConfig.NO_RECV | PortConfig.NO_FWD | PortConfig.NO_PACKET_IN;

/** Answers what controllers say (OpenFlow 1.3.5, 7.3). Everything is done at once, so that barriers have nothing to wait for. */
export class Agent {
  readonly #pipeline: Pipeline;
  readonly #options: AgentOptions;
  readonly #roles = new Roles();

  constructor(pipeline: Pipeline, options: AgentOptions) {
    this.#pipeline = pipeline;
    this.#options = options;
  }

  /** Does what a message says. @throws Refusal with the name of the error to answer with */
  handle(link: ControllerLink, message: Message): void {
    demand(
      link.role !== 'slave' || !MASTER_ONLY.has(message.type),
      'OFPBRC_IS_SECONDARY',
      `a slave must not send ${message.type}`,
    );
    const handler = this.#handlers[message.type];
    if (handler !== undefined)
      return (handler as (link: ControllerLink, message: Message) => void)(link, message);
    if (ANSWERS.has(message.type)) return;
    const isExtension = /^(nx|onf|experimenter)/.test(message.type);
    throw new Refusal(
      isExtension ? 'OFPBRC_BAD_SUBTYPE' : 'OFPBRC_BAD_TYPE',
      `the software switch does not take ${message.type}`,
    );
  }

  readonly #handlers: Handlers = {
    featuresRequest: (link, { xid }) =>
      link.send({
        type: 'featuresReply',
        xid,
        datapathId: toLong(this.#options.datapathId),
        nBuffers: 0,
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
      demand((flags & ~FRAGMENT_FLAGS) === 0, 'OFPSCFC_BAD_FLAGS', 'unknown flags');
      this.#pipeline.fragments = flags;
      link.missSendLen = missSendLen;
    },
    barrierRequest: (link, { xid }) => link.send({ type: 'barrierReply', xid }),
    flowMod: (_link, message) => this.#apply(message),
    groupMod: (_link, message) => this.#apply(message),
    meterMod: (_link, message) => this.#apply(message),
    packetOut: (_link, message) => this.#preparePacketOut(message)(),
    portMod: (_link, message) => this.#portMod(message),
    tableMod: (_link, { tableId }) =>
      demand(tableId < TABLE_COUNT || tableId === 0xff, 'OFPTMFC_BAD_TABLE', `there is no table ${tableId}`),
    multipartRequest: (link, message) => {
      const body = multipartBody(this.#pipeline, message, this.#options.self);
      for (const part of partsOf(message.multipartType, message.xid, body)) link.send(part);
    },
    queueGetConfigRequest: (link, { xid, port }) => {
      const isPort = port === PortNo.ANY || this.#pipeline.ports.get(port) !== undefined;
      demand(isPort, 'OFPQOFC_BAD_PORT', `there is no port ${port}`);
      link.send({ type: 'queueGetConfigReply', xid, port, queues: [] });
    },
    roleRequest: (link, message) => {
      this.#roles.request(link, this.#options.links, message);
      link.send({
        type: 'roleReply',
        xid: message.xid,
        role: link.role,
        generationId: this.#roles.generation,
      });
    },
    getAsyncRequest: (link, { xid }) => link.send({ ...link.async, type: 'getAsyncReply', xid }),
    setAsync(link, { type: _type, xid: _xid, ...masks }) {
      link.async = masks;
    },
    nxSetControllerId(link, { controllerId }) {
      link.controllerId = controllerId;
    },
    onfBundleControl: (link, message) => this.#controlBundle(link, message),
    onfBundleAddMessage: (link, message: OnfBundleAddMessage) => link.bundles.add(message),
  };

  #apply(message: Parameters<Pipeline['apply']>[0]): void {
    this.#pipeline.apply(message);
    this.#options.onChanged();
  }

  /** Checks a packet-out. @returns what does it */
  #preparePacketOut({ bufferId, inPort, actions, data }: PacketOut): () => void {
    demand(bufferId === NO_BUFFER, 'OFPBRC_BUFFER_UNKNOWN', 'the switch does not buffer packets');
    const isPort = inPort <= PortNo.MAX || RESERVED_SOURCES.has(inPort);
    demand(isPort, 'OFPBRC_BAD_PORT', `a packet cannot come from port ${inPort}`);
    const send = this.#pipeline.preparePacketOut(data, inPort, actions);
    return () => {
      this.#options.onVerdict(send());
      this.#options.onChanged();
    };
  }

  #portMod({ portNo, hwAddr, config, mask }: PortMod): void {
    const entry = this.#pipeline.ports.get(portNo);
    demand(entry !== undefined, 'OFPPMFC_BAD_PORT', `there is no port ${portNo}`);
    demand(entry.port.hwAddr === hwAddr, 'OFPPMFC_BAD_HW_ADDR', `port ${portNo} has another address`);
    demand(((config | mask) & ~PORT_CONFIG) === 0, 'OFPPMFC_BAD_CONFIG', 'unknown bits');
    const changed = (entry.port.config & ~mask) | (config & mask);
    if (changed === entry.port.config) return;
    entry.port = { ...entry.port, config: changed };
    this.#options.onPortChanged(entry.port);
  }

  #controlBundle(link: ControllerLink, message: OnfBundleControl): void {
    const { xid, bundleId, flags } = message;
    const reply = (controlType: OnfBundleControl['controlType']) =>
      link.send({ type: 'onfBundleControl', xid, bundleId, flags, controlType });
    switch (message.controlType) {
      case 'openRequest':
        link.bundles.open(message);
        return reply('openReply');
      case 'closeRequest':
        link.bundles.close(message);
        return reply('closeReply');
      case 'commitRequest':
        this.#commit(link, link.bundles.take(message));
        return reply('commitReply');
      case 'discardRequest': {
        const isThere = link.bundles.discard(bundleId);
        demand(isThere, 'OFPBFC_BAD_ID', `there is no bundle ${bundleId}`);
        return reply('discardReply');
      }
      default:
        throw new Refusal('OFPBFC_BAD_TYPE', `no request to a bundle is ${message.controlType}`);
    }
  }

  /** Does all of the messages or none of them; packets leave once all else is done. */
  #commit(link: ControllerLink, messages: readonly BundledMessage[]): void {
    const journal = new Journal();
    for (const message of messages) {
      try {
        if (message.type === 'packetOut') journal.tell(this.#preparePacketOut(message));
        else this.#pipeline.change(message, journal);
      } catch (error) {
        journal.rollback();
        link.refuse(message, error);
        throw new Refusal('OFPBFC_MSG_FAILED', `${message.type} failed`);
      }
    }
    journal.commit();
    this.#options.onChanged();
  }
}

const RESERVED_SOURCES: ReadonlySet<number> = new Set([PortNo.CONTROLLER, PortNo.LOCAL, PortNo.ANY]);

/** What only switches send, or what answers a question that was not asked: passed over. */
const ANSWERS: ReadonlySet<Type> = new Set<Type>(['hello', 'error', 'echoReply']);
