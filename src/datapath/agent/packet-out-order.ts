import type { Action } from '../../ofp/actions/action.ts';
import { NO_BUFFER } from '../../ofp/messages/packet-in.ts';
import { PortNo } from '../../ofp/ports.ts';
import { readActions } from '../../ofp/text/check/actions.ts';
import { checkConsistency } from '../../ofp/text/check/consistency.ts';
import { PacketState } from '../../ofp/text/check/packet-state.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import { FlowKey, type Place } from '../../ofp/text/flow-key.ts';
import { checkPort } from '../../ofp/text/messages/ports.ts';
import { isReservedPort } from '../../ofp/text/names.ts';
import { readRun, wordRun } from '../packet/layout.ts';
import { Packet } from '../packet/packet.ts';
import type { MessageFrame } from './frame.ts';

/** A packet that a controller sends out (OpenFlow 1.3.5, 7.3.7). */
export interface PacketOutOrder {
  readonly inPort: number;
  readonly data: Uint8Array;
  readonly actions: readonly Action[];
}

/** Takes a packet out of the switch's buffers; undefined when there is none of that number. */
export type TakeBuffered = (bufferId: number) => { readonly data: Uint8Array } | undefined;

const SOURCES: ReadonlySet<number> = new Set([PortNo.CONTROLLER, PortNo.LOCAL, PortNo.ANY]);
const FIXED_SIZE = 24;

/** Reads OFPT_PACKET_OUT as Open vSwitch does. @throws Refusal */
export function readPacketOut({ wire, start, end }: MessageFrame, buffered: TakeBuffered): PacketOutOrder {
  const { view, bytes } = wire;
  const bufferId = view.getUint32(start + 8);
  const inPort = view.getUint32(start + 12);
  checkPort(inPort);
  const size = view.getUint16(start + 16);
  const data = start + FIXED_SIZE + size;
  demand(size % 8 === 0 && data <= end, 'OFPBRC_BAD_LEN', 'no length of actions');
  const actions = readActions(wire, start + FIXED_SIZE, data);
  const isSource = !isReservedPort(inPort) || SOURCES.has(inPort);
  demand(isSource, 'OFPBRC_BAD_PORT', `a packet cannot come from port ${inPort}`);
  const packet = bufferId === NO_BUFFER ? { data: bytes.subarray(data, end) } : buffered(bufferId);
  demand(packet !== undefined, 'OFPBRC_BUFFER_UNKNOWN', `no packet is buffered as ${bufferId}`);
  if (!actions.every(({ type }) => FITS_ALL.has(type))) checkFits(actions, packet.data, inPort);
  return { inPort, data: packet.data, actions };
}

/** Actions that fit every packet. */
const FITS_ALL: ReadonlySet<string> = new Set<Action['type']>([
  'output',
  'group',
  'nxController',
  'nxController2',
]);

/** What the prerequisites of actions ask of a packet. */
const PLACES: readonly (readonly [place: Place, bits: number])[] = [
  ['packetType', 32],
  ['inPort', 32],
  ['dlType', 16],
  ['vlanTci', 16],
  ['nwProto', 8],
  ['nwFrag', 2],
  ['tpSrc', 16],
  ['tpDst', 16],
  ['ctState', 8],
];

/** Refuses actions that do not fit this very packet. */
function checkFits(actions: readonly Action[], data: Uint8Array, inPort: number): void {
  const { words } = Packet.receive(data, inPort);
  const key = new FlowKey();
  for (const [place, bits] of PLACES) key.setExact(place, readRun(words, wordRun(place, 0, bits)));
  checkConsistency(actions, new PacketState(key));
}
