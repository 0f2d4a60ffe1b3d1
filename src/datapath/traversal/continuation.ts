import { type Action, encodeActions } from '../../ofp/actions/action.ts';
import { PortNo } from '../../ofp/ports.ts';
import { readActions } from '../../ofp/text/check/actions.ts';
import { exactProperty, propertyBody, readProperties } from '../../ofp/text/check/properties.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import { encodeNestedProperty, encodeProperty } from '../../ofp/wire/property.ts';
import { wireView } from '../../ofp/wire/wire-view.ts';
import { Writer } from '../../ofp/wire/writer.ts';
import { WireError } from '../../util/errors.ts';
import { toLong } from '../../util/u64.ts';
import type { Program } from '../actions/program.ts';
import type { ControllerRequest } from '../actions/walk.ts';

/** Part of what is left to do with a packet that has paused. */
export interface Remainder {
  /** To do the actions; to write them into the action set; to clear that before. */
  readonly type: 'apply' | 'write' | 'clear';
  readonly actions: readonly Action[];
  /** The table and the cookie of the flow that they are of. */
  readonly tableId: number;
  readonly cookie: bigint;
}

/** What a packet that has paused goes on with, beside its bytes and fields (nicira-ext.h, NXT_RESUME). */
export interface Continuation {
  /** Which switch the packet is in: another one, or the same after a restart, does not let it go on. */
  readonly bridge: Uint8Array;
  /** The top comes last. */
  readonly stack: readonly bigint[];
  readonly isTracked: boolean;
  readonly remainders: readonly Remainder[];
  /** The actions of the action set, in the order in which they were written. */
  readonly written: readonly Action[];
}

/** A packet's way that pauses: it is left, list after list from the inside out, until it is left altogether. */
export class Pause {
  readonly request: ControllerRequest;
  readonly remainders: Remainder[] = [];

  constructor(request: ControllerRequest) {
    this.request = request;
  }

  /** Leaves a list of actions. @param actions those that are still to be done */
  leave(actions: readonly Action[], tableId: number, cookie: bigint): void {
    if (actions.length > 0) this.remainders.push({ type: 'apply', actions, tableId, cookie });
  }

  /** Leaves a flow, whose list of actions has been left. */
  leaveFlow({ clears, write, metadata, gotoTable }: Program, tableId: number, cookie: bigint): void {
    const of = { tableId, cookie };
    if (clears) this.remainders.push({ type: 'clear', actions: [], ...of });
    if (write.length > 0) this.remainders.push({ type: 'write', actions: write, ...of });
    const actions: Action[] = [];
    // What instructions do, actions do as well.
    if (metadata !== undefined) {
      const { value, mask } = metadata;
      actions.push({ type: 'nxRegLoad2', field: 'metadata', value: toLong(value), mask: toLong(mask) });
    }
    if (gotoTable !== undefined)
      actions.push({ type: 'nxResubmitTable', inPort: PortNo.IN_PORT, tableId: gotoTable });
    this.leave(actions, tableId, cookie);
  }
}

/** NXCPT_ numbers, and two of our own: Open vSwitch has none for what these stand for. */
const Kept = {
  BRIDGE: 0x8000,
  STACK: 0x8001,
  CONNTRACKED: 0x8003,
  TABLE_ID: 0x8004,
  COOKIE: 0x8005,
  ACTIONS: 0x8006,
  ACTION_SET: 0x8007,
  WRITE: 0x9000,
  CLEAR: 0x9001,
} as const;
const KINDS = { apply: Kept.ACTIONS, write: Kept.WRITE, clear: Kept.CLEAR } as const;

const BRIDGE_SIZE = 16;
/** What leaves room for the packet in a message. */
const MAX_SIZE = 0x8000;
/** Bytes of a value on the stack. */
const MAX_STACKED = 128;

/** Writes a continuation for the controller to keep; undefined when it is too long for a message. */
export function encodeContinuation(continuation: Continuation): Uint8Array | undefined {
  const writer = new Writer(256);
  try {
    write(writer, continuation);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
  return writer.offset > MAX_SIZE ? undefined : writer.bytes.slice(0, writer.offset);
}

function write(writer: Writer, continuation: Continuation): void {
  encodeProperty(writer, Kept.BRIDGE, () => writer.raw(continuation.bridge));
  for (const value of continuation.stack.toReversed())
    encodeProperty(writer, Kept.STACK, () => writer.raw(bytesOf(value)));
  if (continuation.isTracked) encodeProperty(writer, Kept.CONNTRACKED, () => {});
  let [tableId, cookie] = [0, 0n];
  for (const remainder of continuation.remainders) {
    if (remainder.tableId !== tableId)
      encodeProperty(writer, Kept.TABLE_ID, () => writer.u8(remainder.tableId));
    if (remainder.cookie !== cookie)
      encodeProperty(writer, Kept.COOKIE, () => {
        writer.zeros(4);
        writer.u64(remainder.cookie);
      });
    ({ tableId, cookie } = remainder);
    encodeNestedProperty(writer, KINDS[remainder.type], () => encodeActions(writer, remainder.actions));
  }
  const { written } = continuation;
  if (written.length > 0) encodeNestedProperty(writer, Kept.ACTION_SET, () => encodeActions(writer, written));
}

/** Reads what a controller has kept. @throws Refusal for what this switch has not written */
export function readContinuation(bytes: Uint8Array): Continuation {
  const wire = wireView(bytes);
  const { view } = wire;
  let bridge: Uint8Array = new Uint8Array();
  const stack: bigint[] = [];
  const remainders: Remainder[] = [];
  let written: readonly Action[] = [];
  let [isTracked, tableId, cookie] = [false, 0, 0n];
  readProperties(wire, 0, bytes.length, (type, at, end) => {
    const actions = () => readActions(wire, propertyBody(at, end, 4) + 4, end);
    if (type === Kept.BRIDGE) bridge = bytes.subarray(exactProperty(at, end, BRIDGE_SIZE), end);
    else if (type === Kept.STACK) {
      demand(end - at <= MAX_STACKED, 'OFPBPC_BAD_LEN', 'a value on the stack is too long');
      stack.unshift(numberOf(bytes.subarray(at, end)));
    } else if (type === Kept.CONNTRACKED) isTracked = true;
    else if (type === Kept.TABLE_ID) tableId = view.getUint8(propertyBody(at, end, 1));
    else if (type === Kept.COOKIE) cookie = view.getBigUint64(exactProperty(at, end, 12) + 4);
    else if (type === Kept.ACTIONS) remainders.push({ type: 'apply', actions: actions(), tableId, cookie });
    else if (type === Kept.WRITE) remainders.push({ type: 'write', actions: actions(), tableId, cookie });
    else if (type === Kept.CLEAR) remainders.push({ type: 'clear', actions: [], tableId, cookie });
    else if (type === Kept.ACTION_SET) written = actions();
    else demand(false, 'OFPBPC_BAD_TYPE', `a continuation has no property 0x${type.toString(16)}`);
  });
  return { bridge, stack, isTracked, remainders, written };
}

function bytesOf(value: bigint): Uint8Array {
  const digits = value.toString(16);
  return Buffer.from(digits.padStart(digits.length + (digits.length & 1), '0'), 'hex');
}

function numberOf(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
}
