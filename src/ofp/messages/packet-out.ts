import { type Action, type ActionInit, decodeActions, encodeActions } from '../actions/action.ts';
import { PortNo } from '../ports.ts';
import { HEADER_SIZE } from '../wire/framer.ts';
import { badLength } from '../wire/wire-view.ts';
import { writeU32 } from '../wire/writer.ts';
import type { MessageBase, MessageCodec } from './codec.ts';
import { NO_BUFFER } from './packet-in.ts';

/** OFPT_PACKET_OUT (OpenFlow 1.3.5, 7.3.7): sends a packet from the switch. */
export interface PacketOut extends MessageBase<'packetOut'> {
  /** The switch's buffer that holds the packet, or NO_BUFFER when `data` is it. */
  readonly bufferId: number;
  /** Where the packet is taken to have come from; OFPP_CONTROLLER for nowhere. */
  readonly inPort: number;
  readonly actions: readonly Action[];
  readonly data: Uint8Array;
}

/**
 * A {@link PacketOut} to be sent: no buffer, from the controller, no actions and no data unless given (OpenFlow 1.3.5,
 * 7.3.7).
 */
export interface PacketOutInit {
  readonly type: 'packetOut';
  readonly xid?: number;
  readonly bufferId?: number;
  readonly inPort?: number;
  readonly actions?: readonly ActionInit[];
  readonly data?: Uint8Array;
}

const ACTIONS_OFFSET = 24;

/** The codec of {@link PacketOut}. */
export const packetOut: MessageCodec<PacketOut, PacketOutInit> = {
  type: 'packetOut',
  code: 13,
  size: ACTIONS_OFFSET,
  decode(wire, start, end, xid) {
    const actionsSize = wire.view.getUint16(start + 16);
    const actionsEnd = start + ACTIONS_OFFSET + actionsSize;
    if (actionsEnd > end) throw badLength('packet-out actions', actionsSize, 0, end - start - ACTIONS_OFFSET);
    return {
      type: 'packetOut',
      xid,
      bufferId: wire.view.getUint32(start + 8),
      inPort: wire.view.getUint32(start + 12),
      actions: decodeActions(wire, start + ACTIONS_OFFSET, actionsEnd),
      data: wire.bytes.subarray(actionsEnd, end),
    };
  },
  encode(writer, { bufferId, inPort = PortNo.CONTROLLER, actions, data }) {
    // At fixed offsets, as in a flow-mod: with one, it is what most packet-ins are answered with.
    const start = writer.reserve(ACTIONS_OFFSET - HEADER_SIZE) - HEADER_SIZE;
    const { view } = writer;
    if (bufferId === undefined) view.setInt32(start + 8, NO_BUFFER);
    else writeU32(view, start + 8, bufferId);
    writeU32(view, start + 12, inPort);
    view.setFloat64(start + 16, 0);
    if (actions !== undefined) {
      encodeActions(writer, actions);
      writer.view.setUint16(start + 16, writer.offset - start - ACTIONS_OFFSET);
    }
    if (data !== undefined) writer.raw(data);
  },
};
