import { PortNo } from '../../ports.ts';
import { formatActions } from '../actions/format.ts';
import { readActions } from '../check/actions.ts';
import { readMatch } from '../check/match.ts';
import { demand } from '../check/refusal.ts';
import { FlowKey } from '../flow-key.ts';
import { formatKey } from '../match-format.ts';
import { isReservedPort, packetInReason } from '../names.ts';
import { formatPacket } from '../packet/format.ts';
import { type Form, open, type WireMessage } from './form.ts';
import { checkPort } from './ports.ts';

/** How messages with packets are written, by OFPT_ number. */
export const packetForms: Readonly<Record<number, Form>> = {
  10: open('OFPT_PACKET_IN', 16, 1, printPacketIn),
  13: open('OFPT_PACKET_OUT', 16, 1, printPacketOut),
};

const NO_BUFFER = 0xffffffff;
const NO_COOKIE = 0xffff_ffff_ffff_ffffn;

/** What is said of a packet that comes to the controller. */
export interface ReceivedPacket {
  readonly key: FlowKey;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly reason: number;
  readonly totalLen: number;
  readonly bufferId: number;
  readonly data: Uint8Array;
}

function* printPacketIn({ wire, body, end }: WireMessage): Iterable<string> {
  const { view, bytes } = wire;
  const { key, end: next } = readMatch(wire, body + 16, end, { loose: true });
  demand(end - next >= 2, 'OFPBRC_BAD_LEN', 'the padding before the packet is missing');
  yield* printReceived({
    key,
    tableId: view.getUint8(body + 7),
    cookie: view.getBigUint64(body + 8),
    reason: view.getUint8(body + 6),
    totalLen: view.getUint16(body + 4),
    bufferId: view.getUint32(body),
    data: bytes.subarray(next + 2, end),
  });
}

/** Writes what is said of a packet, and the packet itself behind what `between` has to say. */
export function* printReceived(packet: ReceivedPacket, between: Iterable<string> = []): Iterable<string> {
  const { key, tableId, cookie, reason, totalLen, bufferId, data } = packet;
  if (tableId !== 0) yield ` table_id=${tableId}`;
  if (cookie !== NO_COOKIE) yield ` cookie=0x${cookie.toString(16)}`;
  yield ` total_len=${totalLen} ${formatKey(key)} (via ${packetInReason(reason)}) data_len=${data.length}`;
  if (bufferId === NO_BUFFER) {
    yield ` (unbuffered)${totalLen === data.length ? '' : ' (***total_len != data_len***)'}`;
  } else {
    yield ` buffer=0x${bufferId.toString(16).padStart(8, '0')}`;
    if (totalLen < data.length) yield ' (***total_len < data_len***)';
  }
  yield '\n';
  yield* between;
  yield `${formatPacket(data, key.number('packetType'))}\n`;
}

function* printPacketOut({ wire, body, end }: WireMessage): Iterable<string> {
  const { view, bytes } = wire;
  const bufferId = view.getUint32(body);
  const inPort = view.getUint32(body + 4);
  checkPort(inPort);
  const actionsEnd = body + 16 + view.getUint16(body + 8);
  demand(view.getUint16(body + 8) % 8 === 0 && actionsEnd <= end, 'OFPBRC_BAD_LEN', 'no length of actions');
  const actions = readActions(wire, body + 16, actionsEnd);
  const isSource = !isReservedPort(inPort) || SOURCES.includes(inPort);
  demand(isSource, 'OFPBRC_BAD_PORT', 'no packet can come from this port');
  const key = new FlowKey();
  key.setExact('packetType', 0);
  key.setExact('inPort', inPort);
  yield ` ${formatKey(key)} actions=${formatActions(actions)}`;
  if (bufferId !== NO_BUFFER) {
    yield ` buffer=0x${bufferId.toString(16).padStart(8, '0')}`;
    return;
  }
  const data = bytes.subarray(actionsEnd, end);
  yield ` data_len=${data.length}`;
  if (data.length > 0) yield `\n${formatPacket(data)}\n`;
}

const SOURCES: readonly number[] = [PortNo.LOCAL, PortNo.ANY, PortNo.CONTROLLER];
