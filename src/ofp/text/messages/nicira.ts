import { flowModCommands } from '../../messages/flow-mod.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { formatInstructions } from '../actions/format.ts';
import { type MatchOptions, readNxMatch } from '../check/match.ts';
import { exactProperty, readProperties } from '../check/properties.ts';
import { demand, Refusal } from '../check/refusal.ts';
import { formatModWords } from '../flow-format.ts';
import { formatKey } from '../match-format.ts';
import { portFrom16 } from '../names.ts';
import { allowedReasons, printAsync, printAsyncMasks, roleName } from './control.ts';
import { printCtFlush } from './ct-flush.ts';
import { type FlowModBody, formatRemoved, readFlow } from './flows.ts';
import { decoded, type Form, fixed, open, type WireMessage } from './form.ts';
import { printPacketIn2 } from './packet-in2.ts';
import { printReceived } from './packets.ts';
import { printTlvTableMod, printTlvTableReply } from './tlv-table.ts';

/** How the messages of Open vSwitch's extension are written, by NXT_ number. */
export const niciraForms: Readonly<Record<number, Form>> = {
  10: fixed('NXT_ROLE_REQUEST', 4, printRole),
  11: fixed('NXT_ROLE_REPLY', 4, printRole),
  13: open('NXT_FLOW_MOD', 32, 8, printFlowMod),
  14: open('NXT_FLOW_REMOVED', 40, 8, printFlowRemoved),
  15: fixed('NXT_FLOW_MOD_TABLE_ID', 8, ({ wire, body }) => [
    wire.view.getUint8(body) !== 0 ? ' enable' : ' disable',
  ]),
  16: fixed('NXT_SET_PACKET_IN_FORMAT', 4, printFormat),
  17: open('NXT_PACKET_IN', 24, 1, printPacketIn),
  18: fixed('NXT_FLOW_AGE', 0),
  19: fixed('NXT_SET_ASYNC_CONFIG', 24, (message) => printAsync(decoded(message, 'nxSetAsyncConfig'))),
  20: fixed('NXT_SET_CONTROLLER_ID', 8, ({ wire, body }) => [` id=${wire.view.getUint16(body + 6)}`]),
  24: open('NXT_TLV_TABLE_MOD', 8, 8, printTlvTableMod),
  25: fixed('NXT_TLV_TABLE_REQUEST', 0),
  26: open('NXT_TLV_TABLE_REPLY', 16, 8, printTlvTableReply),
  27: open('NXT_SET_ASYNC_CONFIG2', 0, 8, printAsync2),
  28: open('NXT_RESUME', 0, 8, printPacketIn2),
  29: fixed('NXT_CT_FLUSH_ZONE', 8, ({ wire, body }) => [` zone_id=${wire.view.getUint16(body + 6)}`]),
  30: open('NXT_PACKET_IN2', 0, 8, printPacketIn2),
  32: open('NXT_CT_FLUSH', 8, 8, printCtFlush),
};

/** NX_ROLE_ counts from `other`, which is equal. */
const MAX_ROLE = 2;

function* printRole({ wire, body }: WireMessage): Iterable<string> {
  const role = wire.view.getUint32(body);
  demand(role <= MAX_ROLE, 'OFPRRFC_BAD_ROLE', `no role has the number ${role}`);
  yield ` role=${roleName(role + 1)}`;
}

const FORMATS = ['standard', 'nxt_packet_in', 'nxt_packet_in2'];

function* printFormat({ wire, body }: WireMessage): Iterable<string> {
  const format = FORMATS[wire.view.getUint32(body)];
  demand(format !== undefined, 'OFPBRC_EPERM', 'no packet-in has this format');
  yield ` format=${format}`;
}

const ADD = 0;

/** NXT_FLOW_MOD, but for its numbers: `cookie` and `cookieMask` choose flows, and are part of the match there. */
export interface NxFlowModBody extends FlowModBody {
  readonly cookie: bigint;
  readonly cookieMask: bigint;
}

/** Reads NXT_FLOW_MOD as Open vSwitch does. @param body where its own fields begin @throws Refusal */
export function readNxFlowMod(
  wire: WireView,
  body: number,
  end: number,
  options: MatchOptions = {},
): NxFlowModBody {
  const { view } = wire;
  const [command, tableId] = [view.getUint8(body + 9), view.getUint8(body + 8)];
  let [cookie, cookieMask] = [0n, 0n];
  const onCookie = (value: bigint, mask: bigint) => ([cookie, cookieMask] = [value, mask]);
  const size = view.getUint16(body + 24);
  const { key, end: next } = readNxMatch(wire, body + 32, size, end, { ...options, onCookie });
  demand(
    command !== ADD || cookieMask === 0n,
    'NXBRC_NXM_INVALID',
    'a flow that is added has no cookie to look for',
  );
  const instructions = readFlow(wire, key, command, view.getUint16(body + 22), tableId, next, end);
  return { key, instructions, cookie, cookieMask };
}

function* printFlowMod({ wire, body, end }: WireMessage): Iterable<string> {
  const { view } = wire;
  const { key, instructions, cookie, cookieMask } = readNxFlowMod(wire, body, end);
  const [command, tableId] = [view.getUint8(body + 9), view.getUint8(body + 8)];
  const flags = view.getUint16(body + 22);
  const newCookie = view.getBigUint64(body);
  const isNew = command === ADD || (newCookie !== 0n && newCookie !== NO_COOKIE);
  const fields = {
    type: 'flowMod',
    command: flowModCommands.name(command),
    tableId,
    cookie,
    cookieMask,
    idleTimeout: view.getUint16(body + 10),
    hardTimeout: view.getUint16(body + 12),
    bufferId: view.getUint32(body + 16),
    outPort: portFrom16(view.getUint16(body + 20)),
    flags,
  } as const;
  const match = formatKey(key, view.getUint16(body + 14));
  const words = formatModWords(fields, withCookie(match, isNew ? newCookie : 0n));
  yield ` ${words}${formatInstructions(instructions)}`;
}

const NO_COOKIE = 0xffff_ffff_ffff_ffffn;

/** The cookie that a flow gets stands behind its match, whatever cookie is looked for. */
function withCookie(match: string, cookie: bigint): string {
  if (cookie === 0n || cookie === NO_COOKIE) return match;
  return `${match}${match === '' ? '' : ' '}cookie:0x${cookie.toString(16)}`;
}

function* printFlowRemoved({ wire, body, end }: WireMessage): Iterable<string> {
  const { view } = wire;
  const { key, end: next } = readNxMatch(wire, body + 40, view.getUint16(body + 22), end);
  demand(next === end, 'OFPBRC_BAD_LEN', 'something follows the match');
  const table = view.getUint8(body + 11);
  yield formatRemoved({
    match: formatKey(key, view.getUint16(body + 8)),
    reason: view.getUint8(body + 10),
    tableId: table === 0 ? 0xff : table - 1,
    cookie: view.getBigUint64(body),
    durationSec: view.getUint32(body + 12),
    durationNsec: view.getUint32(body + 16),
    idleTimeout: view.getUint16(body + 20),
    hardTimeout: 0,
    packetCount: view.getBigUint64(body + 24),
    byteCount: view.getBigUint64(body + 32),
  });
}

function* printPacketIn({ wire, body, end }: WireMessage): Iterable<string> {
  const { view, bytes } = wire;
  const { key, end: next } = readNxMatch(wire, body + 24, view.getUint16(body + 16), end, { loose: true });
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

/** The number from which on properties of an async configuration are experimenters'. */
const FIRST_EXPERIMENTER = 0xfffe;
const KINDS = 6;

function* printAsync2({ wire, body, end }: WireMessage): Iterable<string> {
  const masks = { primary: Array<number>(KINDS).fill(0), secondary: Array<number>(KINDS).fill(0) };
  const take = (type: number, at: number, next: number, experimenter: number) => {
    const kind = type >>> 1;
    if (experimenter !== 0) throw new Refusal('OFPBPC_BAD_EXP_TYPE', 'no experimenter has such properties');
    demand(kind < KINDS, 'OFPACFC_UNSUPPORTED', `no property has the number ${type}`);
    const mask = wire.view.getUint32(exactProperty(at, next, 4));
    demand((mask & ~allowedReasons(kind)) === 0, 'OFPACFC_INVALID', 'no such reasons');
    masks[(type & 1) === 1 ? 'primary' : 'secondary'][kind] = mask;
  };
  readProperties(wire, body, end, take, FIRST_EXPERIMENTER);
  yield* printAsyncMasks(masks);
}
