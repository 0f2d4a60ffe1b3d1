import type { Action } from '../../actions/action.ts';
import { bytesToBits } from '../../oxm/field-bits.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { formatActions } from '../actions/format.ts';
import { readActions } from '../check/actions.ts';
import { readFields } from '../check/match.ts';
import { exactProperty, propertyBody, readProperties } from '../check/properties.ts';
import { demand } from '../check/refusal.ts';
import { FlowKey } from '../flow-key.ts';
import { dottedHex, hex } from '../numbers.ts';
import type { WireMessage } from './form.ts';
import { printReceived, type ReceivedPacket } from './packets.ts';

/** NXPINT_ numbers. */
const Property = {
  PACKET: 0,
  FULL_LEN: 1,
  BUFFER_ID: 2,
  TABLE_ID: 3,
  COOKIE: 4,
  REASON: 5,
  METADATA: 6,
  USERDATA: 7,
  CONTINUATION: 8,
} as const;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Writes NXT_PACKET_IN2 and NXT_RESUME. */
export function* printPacketIn2({ wire, body, end }: WireMessage): Iterable<string> {
  const { view, bytes } = wire;
  const packet: Writable<ReceivedPacket> = {
    key: new FlowKey(),
    tableId: 0,
    cookie: 0xffff_ffff_ffff_ffffn,
    reason: 0,
    totalLen: 0,
    bufferId: 0xffffffff,
    data: new Uint8Array(),
  };
  let userdata: Uint8Array = new Uint8Array();
  let continuation: readonly [start: number, end: number] | undefined;
  readProperties(wire, body, end, (type, at, next) => {
    const sized = (size: number) => propertyBody(at, next, size);
    const exact = (size: number) => exactProperty(at, next, size);
    if (type === Property.PACKET) packet.data = bytes.subarray(at, next);
    else if (type === Property.FULL_LEN) packet.totalLen = view.getUint32(exact(4));
    else if (type === Property.BUFFER_ID) packet.bufferId = view.getUint32(exact(4));
    else if (type === Property.TABLE_ID) packet.tableId = view.getUint8(sized(1));
    else if (type === Property.COOKIE) packet.cookie = view.getBigUint64(exact(12) + 4);
    else if (type === Property.REASON) packet.reason = view.getUint8(sized(1));
    else if (type === Property.METADATA) packet.key = readFields(wire, at, next, { loose: true });
    else if (type === Property.USERDATA) userdata = bytes.subarray(at, next);
    else if (type === Property.CONTINUATION) continuation = [sized(4) + 4, next];
  });
  demand(packet.data.length > 0, 'OFPBRC_BAD_LEN', 'there is no packet in it');
  if (packet.totalLen === 0) packet.totalLen = packet.data.length;
  demand(packet.totalLen >= packet.data.length, 'OFPBRC_BAD_LEN', 'the packet is longer than it says');
  const rest = continuation === undefined ? [] : [...printContinuation(wire, ...continuation)];
  yield* printReceived(packet, [
    ...(userdata.length > 0 ? [` userdata=${dottedHex(userdata)}\n`] : []),
    ...rest,
  ]);
}

/** NXCPT_ numbers: what a switch keeps of a packet's way through it, which may change with its version. */
const Kept = {
  BRIDGE: 0x8000,
  STACK: 0x8001,
  MIRRORS: 0x8002,
  CONNTRACKED: 0x8003,
  TABLE_ID: 0x8004,
  COOKIE: 0x8005,
  ACTIONS: 0x8006,
  ACTION_SET: 0x8007,
  ODP_PORT: 0x8008,
} as const;

const UUID_SIZE = 16;
const MAX_STACKED = 128;

function printContinuation(wire: WireView, start: number, end: number): string[] {
  const { view, bytes } = wire;
  const stack: string[] = [];
  const actionSet: Action[] = [];
  let [bridge, mirrors, odpPort, conntracked] = ['', 0, 0, false];
  let [tableId, cookie] = [0, 0n];
  const unrolls: string[] = [];
  readProperties(wire, start, end, (type, at, next) => {
    if (type === Kept.BRIDGE) {
      demand(next - at === UUID_SIZE, 'OFPBPC_BAD_LEN', 'a UUID has 16 bytes');
      bridge = formatUuid(bytes.subarray(at, next));
    } else if (type === Kept.STACK) {
      demand(next - at <= MAX_STACKED, 'OFPBPC_BAD_LEN', 'a value on the stack is too long');
      stack.push(hex(bytesToBits(bytes.subarray(at, next))));
    } else if (type === Kept.MIRRORS) mirrors = view.getUint32(exactProperty(at, next, 4));
    else if (type === Kept.CONNTRACKED) conntracked = true;
    else if (type === Kept.TABLE_ID) tableId = view.getUint8(propertyBody(at, next, 1));
    else if (type === Kept.COOKIE) cookie = view.getBigUint64(exactProperty(at, next, 12) + 4);
    else if (type === Kept.ACTIONS) {
      const actions = readActions(wire, propertyBody(at, next, 4) + 4, next);
      const inner = actions.length === 0 ? '' : `,${formatActions(actions)}`;
      unrolls.push(`unroll_xlate(table=${tableId}, cookie=${cookie})${inner}`);
    } else if (type === Kept.ACTION_SET)
      actionSet.push(...readActions(wire, propertyBody(at, next, 4) + 4, next));
    else if (type === Kept.ODP_PORT) odpPort = view.getUint32(exactProperty(at, next, 4));
  });
  return [
    bridge.replace(/[0-]/g, '') === '' ? '' : ` continuation.bridge=${bridge}\n`,
    stack.length === 0 ? '' : ` continuation.stack=(top) ${stack.join(' ')} (bottom)\n`,
    mirrors === 0 ? '' : ` continuation.mirrors=0x${mirrors.toString(16)}\n`,
    conntracked ? ' continuation.conntracked=true\n' : '',
    unrolls.length === 0 ? '' : ` continuation.actions=${unrolls.join(',')}\n`,
    actionSet.length === 0 ? '' : ` continuation.action_set=${formatActions(actionSet)}\n`,
    odpPort === 0 ? '' : ` continuation.odp_port=${odpPort}\n`,
  ];
}

/** A UUID as Open vSwitch keeps it in memory: four words in the byte order of usual machines, which is little-endian. */
function formatUuid(bytes: Uint8Array): string {
  const digits = Buffer.from(bytes).swap32().toString('hex');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
