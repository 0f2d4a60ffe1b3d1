import { BundleFlag, type OnfBundleControl } from '../../ofp/messages/onf-bundle.ts';
import { NO_BUFFER } from '../../ofp/messages/packet-in.ts';
import type { PortMod } from '../../ofp/messages/port-mod.ts';
import { demand, Refusal } from '../../ofp/text/check/refusal.ts';
import { identifyMessage } from '../../ofp/text/message-format.ts';
import type { Pipeline } from '../pipeline.ts';
import { readFlowFrame, readNxFlowFrame } from '../tables/check-flow-mod.ts';
import { Journal } from '../tables/journal.ts';
import type { BundleEntry } from './bundles.ts';
import type { ControllerLink } from './controller-link.ts';
import { type MessageFrame, xidOf } from './frame.ts';
import { type BundledOrder, type Order, readFrame } from './orders.ts';
import { type PacketOutOrder, readPacketOut, type TakeBuffered } from './packet-out-order.ts';

/** What bundles need of the agent. */
export interface BundleDeskOptions {
  readonly takeBuffered: TakeBuffered;
  /** @throws Refusal */
  readonly checkPortMod: (mod: PortMod) => void;
  readonly portMod: (link: ControllerLink, mod: PortMod) => void;
  /** Something has been done. */
  readonly ordered: (link: ControllerLink, order: Order, frame: MessageFrame) => void;
  /** Checks a packet-out. @returns what does it @throws Refusal */
  readonly packetOut: (order: PacketOutOrder) => () => void;
  readonly onChanged: () => void;
}

/** Answers what is said of bundles (ONF extension 230). */
export class BundleDesk {
  readonly #pipeline: Pipeline;
  readonly #options: BundleDeskOptions;

  constructor(pipeline: Pipeline, options: BundleDeskOptions) {
    this.#pipeline = pipeline;
    this.#options = options;
  }

  /** Puts a message into a bundle, whose own fields begin at `body`. @throws Refusal */
  add(link: ControllerLink, frame: MessageFrame, body: number): void {
    const { wire } = frame;
    const start = body + 8;
    const inner = { wire, start, end: start + wire.view.getUint16(start + 2) };
    const order = this.#read(link, inner);
    const [bundleId, flags] = [wire.view.getUint32(body), wire.view.getUint16(body + 6)];
    link.bundles.add(bundleId, flags, { order, frame }, this.#pipeline.nowMs);
  }

  /** Does what is asked of a bundle. @throws Refusal */
  control(link: ControllerLink, message: OnfBundleControl, frame: MessageFrame): void {
    const { xid, bundleId } = message;
    const { nowMs } = this.#pipeline;
    const reply = (controlType: OnfBundleControl['controlType']) =>
      link.send({ type: 'onfBundleControl', xid, bundleId, controlType });
    switch (message.controlType) {
      case 'openRequest':
        link.bundles.open(message, frame, nowMs);
        return reply('openReply');
      case 'closeRequest':
        link.bundles.close(message, nowMs);
        return reply('closeReply');
      case 'commitRequest':
        this.#commit(link, link.bundles.take(message), message.flags);
        return reply('commitReply');
      case 'discardRequest':
        link.bundles.discard(bundleId);
        return reply('discardReply');
      default:
        throw new Refusal('OFPBFC_BAD_TYPE', `no request to a bundle is ${message.controlType}`);
    }
  }

  #read(link: ControllerLink, frame: MessageFrame): BundledOrder {
    const found = identifyMessage(frame.wire, frame.start, frame.end);
    switch (found.form.name) {
      case 'OFPT_FLOW_MOD':
      case 'NXT_FLOW_MOD': {
        const isStandard = found.form.name === 'OFPT_FLOW_MOD';
        const order = isStandard
          ? readFlowFrame(frame, this.#pipeline.options)
          : readNxFlowFrame(frame, found.body, link.hasTableIds, this.#pipeline.options);
        this.#pipeline.tables.check(order);
        const { bufferId = NO_BUFFER, command } = order;
        const isUnbuffered = bufferId === NO_BUFFER || command === 'delete' || command === 'deleteStrict';
        demand(isUnbuffered, 'OFPBRC_BUFFER_UNKNOWN', 'flows of bundles take no packets that wait');
        return { type: 'flow', order };
      }
      case 'OFPT_PACKET_OUT':
        return { type: 'packetOut', order: readPacketOut(frame, this.#options.takeBuffered) };
      default:
        return readOther(frame);
    }
  }

  /** Does all of the messages or none of them; packets leave, and ports change, once all else is done. */
  #commit(link: ControllerLink, entries: readonly BundleEntry[], flags: number): void {
    const journal = new Journal();
    for (const { order, frame } of entries) {
      try {
        journal.requester = { link, xid: xidOf(frame) };
        this.#begin(link, order, frame, flags, journal);
      } catch (error) {
        journal.rollback();
        link.refuse(frame, error);
        throw new Refusal('OFPBFC_MSG_FAILED', `${order.type} failed`);
      }
    }
    journal.commit();
    this.#options.onChanged();
  }

  #begin(
    link: ControllerLink,
    order: BundledOrder,
    frame: MessageFrame,
    flags: number,
    journal: Journal,
  ): void {
    switch (order.type) {
      case 'packetOut':
        return journal.tell(this.#options.packetOut(order.order));
      case 'port':
        demand((flags & BundleFlag.ATOMIC) === 0, 'OFPBFC_MSG_FAILED', 'ports do not change atomically');
        this.#options.checkPortMod(order.mod);
        return journal.tell(() => this.#options.portMod(link, order.mod));
      default:
        this.#pipeline.obey(order, journal);
        journal.tell(() => this.#options.ordered(link, order, frame));
    }
  }
}

function readOther(frame: MessageFrame): BundledOrder {
  const mod = readFrame(frame);
  if (mod.type === 'groupMod') return { type: 'group', mod };
  if (mod.type === 'portMod') return { type: 'port', mod };
  throw new Refusal('OFPBFC_MSG_UNSUP', `${mod.type} cannot be part of a bundle`);
}
