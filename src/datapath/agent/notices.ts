import type { MessageInit } from '../../ofp/message.ts';
import { FlowModFlag } from '../../ofp/messages/flow-mod.ts';
import { type FlowRemovedReason, flowRemovedReasons } from '../../ofp/messages/flow-removed.ts';
import type { GroupMod } from '../../ofp/messages/group-mod.ts';
import type { MeterMod } from '../../ofp/messages/meter-mod.ts';
import type { PacketInFormat } from '../../ofp/messages/nicira-packet-in-format.ts';
import { NO_BUFFER, type PacketInInit, packetInReasons } from '../../ofp/messages/packet-in.ts';
import { type PortStatusReason, portStatusReasons } from '../../ofp/messages/port-status.ts';
import type { Port } from '../../ofp/port.ts';
import { MeterNo } from '../../ofp/ports.ts';
import { type FlowWords, WORD_OF } from '../packet/layout.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Flow, NO_COOKIE } from '../tables/flow.ts';
import type { FlowEvent } from '../tables/flow-event.ts';
import type { Requester } from '../tables/journal.ts';
import type { PacketInRequest } from '../traversal/verdict.ts';
import type { ControllerLink } from './controller-link.ts';
import type { PacketBuffers } from './packet-buffers.ts';
import { nxPacketInMatch, packetInMatch } from './packet-in-match.ts';
import { duration } from './statistics.ts';

const LAST_REASON = packetInReasons.code('invalidTtl');
const ACTION_REASON = packetInReasons.code('action');
/** OFPCML_NO_BUFFER: the packet is wanted whole. */
const WHOLE_PACKET = 0xffff;
/** OFPRFR_GROUP_MOD and OFPRFR_METER_MOD. */
const FORWARD_REASONS = { group: 0, meter: 1 } as const;

/** What a switch tells its controllers without being asked (OpenFlow 1.3.5, 7.4): to each what it wants to hear. */
export class Notices {
  readonly #pipeline: () => Pipeline;
  readonly #links: Iterable<ControllerLink>;
  readonly #buffers: PacketBuffers;

  constructor(links: Iterable<ControllerLink>, buffers: PacketBuffers, pipeline: () => Pipeline) {
    this.#links = links;
    this.#buffers = buffers;
    this.#pipeline = pipeline;
  }

  /** @param orderedBy whose port-mod it was: it is not told */
  tellPort(reason: PortStatusReason, port: Port, orderedBy?: ControllerLink): void {
    for (const link of this.#links) {
      if (link !== orderedBy && link.wants('portStatus', portStatusReasons.code(reason)))
        link.send({ type: 'portStatus', reason, port });
    }
  }

  tellRemoved(flow: Flow, name: FlowRemovedReason, nowMs: number): void {
    if ((flow.flags & FlowModFlag.SEND_FLOW_REM) === 0) return;
    const code = flowRemovedReasons.code(name);
    // OpenFlow 1.3 has no reason for the end of a meter or an eviction: they are deletions to it.
    const reason = code > flowRemovedReasons.code('groupDelete') ? 'delete' : name;
    for (const link of this.#links) {
      if (!link.wants('flowRemoved', code)) continue;
      link.send({
        type: 'flowRemoved',
        cookie: flow.cookie,
        priority: flow.priority,
        reason,
        tableId: flow.tableId,
        ...duration(flow.createdMs, nowMs),
        idleTimeout: flow.idleTimeout,
        hardTimeout: flow.hardTimeout,
        packetCount: flow.packets,
        byteCount: flow.bytes,
        match: flow.matchFields,
      });
    }
  }

  /** Notes what happened to a flow for the monitors: {@link flushMonitors} tells it. */
  noteFlow(event: FlowEvent, requester: Requester | undefined): void {
    for (const { monitors } of this.#links) monitors.report(event, requester);
  }

  flushMonitors(): void {
    for (const { monitors } of this.#links) monitors.flush();
  }

  /** Tells the other controllers what one has changed of groups and meters (ONF extension 235). */
  tellRequest(source: ControllerLink, kind: 'group' | 'meter', mod: GroupMod | MeterMod, xid: number): void {
    // Open vSwitch tells of a group that was added or modified that it was added.
    const command = mod.command === 'addOrModify' ? 'add' : mod.command;
    const request = { ...mod, command, xid } as GroupMod | MeterMod;
    for (const link of this.#links) {
      if (link !== source && link.wants('requestforward', FORWARD_REASONS[kind]))
        link.send({ type: 'onfRequestforward', request });
    }
  }

  tellPacketIns(packetIns: readonly PacketInRequest[]): void {
    const pipeline = this.#pipeline();
    for (const request of packetIns) {
      // A meter that is not there is none; the switch's own then stands for all.
      const meterId =
        pipeline.meters.get(request.meterId ?? 0) === undefined ? MeterNo.CONTROLLER : request.meterId!;
      if (pipeline.passesMeter(meterId, request.frame.length)) this.#tellPacketIn(request);
    }
  }

  #tellPacketIn(request: PacketInRequest): void {
    const code = packetInReasons.code(request.reason);
    const links = [...this.#links].filter(
      (link) => link.controllerId === request.controllerId && link.wants('packetIn', code),
    );
    if (links.length === 0) return;
    const { frame, maxLen, tableId, cookie, words } = request;
    // OpenFlow 1.3 has three reasons only: the others are actions to it.
    const reason = code > LAST_REASON ? ACTION_REASON : code;
    const inPort = words[WORD_OF.inPort]!;
    const isPaused = request.continuation !== undefined;
    const mayCut = maxLen < frame.length && maxLen !== WHOLE_PACKET && !isPaused;
    const bufferId = mayCut ? this.#buffers.store({ data: frame, inPort }) : NO_BUFFER;
    // What is not kept here goes out whole.
    const data = bufferId === NO_BUFFER ? frame : frame.subarray(0, maxLen);
    const body = { bufferId, reason, totalLen: frame.length, tableId, cookie, data };
    for (const link of links) link.send(packetInOf(link.packetInFormat, body, words, request));
  }
}

type PacketInBody = Omit<PacketInInit, 'type' | 'match'>;

/** A packet-in in the form that a controller has chosen. */
function packetInOf(
  type: PacketInFormat,
  body: PacketInBody,
  words: FlowWords,
  { userdata, continuation }: PacketInRequest,
): MessageInit {
  if (type === 'packetIn') return { ...body, type, match: packetInMatch(words) };
  if (type === 'nxPacketIn') return { ...body, type, match: nxPacketInMatch(words) };
  const { bufferId, totalLen, cookie, ...rest } = body;
  return {
    ...rest,
    type,
    match: packetInMatch(words),
    ...(totalLen !== body.data.length && { totalLen }),
    ...(bufferId !== NO_BUFFER && { bufferId }),
    ...(cookie !== NO_COOKIE && { cookie }),
    ...(continuation !== undefined && { continuation }),
    ...(userdata !== undefined && userdata.length > 0 && { userdata }),
  };
}
