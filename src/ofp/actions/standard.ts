import { PortNo } from '../ports.ts';
import { type Writer, writeU16, writeU32 } from '../wire/writer.ts';
import type { Action } from './action.ts';
import { type ActionCodec, actionCodec } from './codec.ts';

/** OFPAT_OUTPUT: sends the packet out of a port (OpenFlow 1.3.5, 7.2.5). */
export interface Output {
  readonly type: 'output';
  readonly port: number;
  /** Bytes of the packet that go to the controller, when that is the port; 0xffff for all of it. */
  readonly maxLen: number;
}

/**
 * An {@link Output} to be sent; `maxLen` is 0xffff for the controller and 0 for other ports unless given (OpenFlow
 * 1.3.5, 7.2.5).
 */
export interface OutputInit {
  readonly type: 'output';
  readonly port: number;
  readonly maxLen?: number;
}

/** OFPCML_NO_BUFFER: the whole packet goes to the controller (OpenFlow 1.3.5, 7.2.5). */
export const WHOLE_PACKET = 0xffff;

/** Actions that are told by their type alone (OpenFlow 1.3.5, 7.2.5). */
export interface BareAction {
  readonly type: 'copyTtlOut' | 'copyTtlIn' | 'decMplsTtl' | 'popVlan' | 'decNwTtl' | 'popPbb';
}

/** OFPAT_SET_MPLS_TTL and OFPAT_SET_NW_TTL (OpenFlow 1.3.5, 7.2.5). */
export interface SetTtl {
  readonly type: 'setMplsTtl' | 'setNwTtl';
  readonly ttl: number;
}

/** OFPAT_PUSH_VLAN, OFPAT_PUSH_MPLS, OFPAT_POP_MPLS and OFPAT_PUSH_PBB (OpenFlow 1.3.5, 7.2.5). */
export interface TagAction {
  readonly type: 'pushVlan' | 'pushMpls' | 'popMpls' | 'pushPbb';
  readonly ethType: number;
}

/** OFPAT_SET_QUEUE (OpenFlow 1.3.5, 7.2.5). */
export interface SetQueue {
  readonly type: 'setQueue';
  readonly queueId: number;
}

/** OFPAT_GROUP: hands the packet to a group (OpenFlow 1.3.5, 7.2.5). */
export interface GroupAction {
  readonly type: 'group';
  readonly groupId: number;
}

/** The actions of OpenFlow 1.3.5 (7.2.5), without set-field and experimenters (OpenFlow 1.3.5, 7.2.5). */
export type StandardAction = Output | BareAction | SetTtl | TagAction | SetQueue | GroupAction;

/** Bytes of an output, all of them. */
const OUTPUT_SIZE = 16;

/** The codecs of {@link StandardAction}, in the order of their codes. */
export const standardActions: readonly ActionCodec[] = [
  actionCodec<Output>({
    type: 'output',
    code: 0,
    size: OUTPUT_SIZE,
    fixed: true,
    decode: ({ view }, start) => ({
      type: 'output',
      port: view.getUint32(start + 4),
      maxLen: view.getUint16(start + 8),
    }),
    encode: (writer, action) => writeOutput(writer.view, writer.reserve(OUTPUT_SIZE - 4), action),
  }),
  bare('copyTtlOut', 11),
  bare('copyTtlIn', 12),
  ttl('setMplsTtl', 15),
  bare('decMplsTtl', 16),
  tag('pushVlan', 17),
  bare('popVlan', 18),
  tag('pushMpls', 19),
  tag('popMpls', 20),
  actionCodec<SetQueue>({
    type: 'setQueue',
    code: 21,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'setQueue', queueId: view.getUint32(start + 4) }),
    encode: (writer, { queueId }) => writer.u32(queueId),
  }),
  actionCodec<GroupAction>({
    type: 'group',
    code: 22,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type: 'group', groupId: view.getUint32(start + 4) }),
    encode: (writer, { groupId }) => writer.u32(groupId),
  }),
  ttl('setNwTtl', 23),
  bare('decNwTtl', 24),
  tag('pushPbb', 26),
  bare('popPbb', 27),
];

/**
 * Writes all of an output. Nearly every list has one, so that it goes without the look-up and the call through the
 * table, which cost twice as much as the writing.
 */
export function encodeOutput(writer: Writer, action: OutputInit): void {
  const start = writer.reserve(OUTPUT_SIZE);
  writer.view.setUint32(start, OUTPUT_SIZE);
  writeOutput(writer.view, start + 4, action);
}

/** Writes the twelve bytes behind the header of an output. */
function writeOutput(view: DataView, at: number, { port, maxLen }: OutputInit): void {
  view.setFloat64(at + 4, 0);
  writeU32(view, at, port);
  writeU16(view, at + 4, maxLen ?? (port === PortNo.CONTROLLER ? WHOLE_PACKET : 0));
}

function bare(type: BareAction['type'], code: number): ActionCodec {
  const action: BareAction = { type };
  return actionCodec<BareAction>({
    type,
    code,
    size: 8,
    fixed: true,
    decode: () => action,
    encode: (writer) => writer.zeros(4),
  });
}

function ttl(type: SetTtl['type'], code: number): ActionCodec {
  return actionCodec<SetTtl>({
    type,
    code,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type, ttl: view.getUint8(start + 4) }),
    encode(writer, action) {
      writer.u8(action.ttl);
      writer.zeros(3);
    },
  });
}

function tag(type: TagAction['type'], code: number): ActionCodec {
  return actionCodec<TagAction>({
    type,
    code,
    size: 8,
    fixed: true,
    decode: ({ view }, start) => ({ type, ethType: view.getUint16(start + 4) }),
    encode(writer, action) {
      writer.u16(action.ethType);
      writer.zeros(2);
    },
  });
}

/** Makes the action that sends a packet out of `port` (OpenFlow 1.3.5, 7.2.5). */
export function output(port: number, maxLen?: number): OutputInit & Action {
  return { type: 'output', port, maxLen: maxLen ?? (port === PortNo.CONTROLLER ? WHOLE_PACKET : 0) };
}

/** Makes the action that hands a packet to the group `groupId` (OpenFlow 1.3.5, 7.2.5). */
export function group(groupId: number): GroupAction {
  return { type: 'group', groupId };
}
