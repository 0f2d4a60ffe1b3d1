import { decodeMessage, encode } from '../../ofp/message.ts';
import type { FlowMod } from '../../ofp/messages/flow-mod.ts';
import type { GroupMod } from '../../ofp/messages/group-mod.ts';
import { type MeterMod, meterModCommands } from '../../ofp/messages/meter-mod.ts';
import type { PortMod } from '../../ofp/messages/port-mod.ts';
import { checkMessage, identifyMessage } from '../../ofp/text/message-format.ts';
import { wireView } from '../../ofp/wire/wire-view.ts';
import type { TlvTable } from '../packet/tlv-table.ts';
import { readFlowMod } from '../tables/check-flow-mod.ts';
import type { FlowOrder } from '../tables/flow.ts';
import type { MessageFrame } from './frame.ts';
import type { PacketOutOrder } from './packet-out-order.ts';

/** What changes tables, groups and meters, as Open vSwitch would take it at sight. */
export type Order =
  | { readonly type: 'flow'; readonly order: FlowOrder }
  | { readonly type: 'group'; readonly mod: GroupMod }
  | { readonly type: 'meter'; readonly mod: MeterMod };

/** What a bundle may have. */
export type BundledOrder =
  | Exclude<Order, { type: 'meter' }>
  | { readonly type: 'packetOut'; readonly order: PacketOutOrder }
  | { readonly type: 'port'; readonly mod: PortMod };

/** Reads an order. @throws Refusal */
export function readOrder(mod: FlowMod | GroupMod | MeterMod, options: TlvTable): Order {
  if (mod.type === 'flowMod') return { type: 'flow', order: readFlowMod(mod, options) };
  const bytes = encode(mod);
  checkFrame({ wire: wireView(bytes), start: 0, end: bytes.length });
  return mod.type === 'groupMod' ? { type: 'group', mod } : { type: 'meter', mod };
}

/** Decodes a message that Open vSwitch takes at sight. @throws Refusal */
export function readFrame(frame: MessageFrame) {
  checkFrame(frame);
  return decodeMessage(frame.wire, frame.start, frame.end);
}

function checkFrame({ wire, start, end }: MessageFrame): void {
  checkMessage(wire, start, end, identifyMessage(wire, start, end));
}

const DELETE = meterModCommands.code('delete');

/** A meter-mod, of which a delete has no bands whatever stands there. */
export function decodeMeterMod({ wire, start, end }: MessageFrame): MeterMod {
  const { view } = wire;
  if (view.getUint16(start + 8) !== DELETE) return decodeMessage(wire, start, end) as MeterMod;
  const [xid, meterId] = [view.getUint32(start + 4), view.getUint32(start + 12)];
  return { type: 'meterMod', xid, command: 'delete', meterId, flags: 0, bands: [] };
}
