import type Long from 'long';
import { WireError } from '../../../util/errors.ts';
import { readU64, type U64 } from '../../../util/u64.ts';
import { decodeOxmHeader } from '../../oxm/oxm.ts';
import { bitOf, type FieldBit, writeReference } from '../../oxm/subfield.ts';
import type { WireView } from '../../wire/wire-view.ts';
import type { Writer } from '../../wire/writer.ts';
import { type ActionCodec, actionCodec, type WithDefaults } from '../codec.ts';
import { decodeLearnSpecs, encodeLearnSpecs, type LearnSpec, type LearnSpecInit } from './learn-spec.ts';

interface LearntFlow<Value, Spec> {
  /** Seconds, as in a flow-mod. */
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly priority: number;
  readonly cookie: Value;
  /** Bits of {@link LearnFlag}. */
  readonly flags: number;
  readonly tableId: number;
  /** Seconds that the timeouts become when the learnt flow sees FIN or RST; 0 leaves them. */
  readonly finIdleTimeout: number;
  readonly finHardTimeout: number;
  readonly specs: readonly Spec[];
}

/** NXAST_LEARN: adds a flow made from the packet, or changes it (ovs-actions(7)). */
export interface NxLearn<Value = Long, Spec = LearnSpec> extends LearntFlow<Value, Spec> {
  readonly type: 'nxLearn';
}

/** NXAST_LEARN2: also bounds how many flows it has learnt, and says whether that was reached (ovs-actions(7)). */
export interface NxLearn2<Value = Long, Spec = LearnSpec> extends LearntFlow<Value, Spec> {
  readonly type: 'nxLearn2';
  /** How many flows there may be with the cookie in the table; 0 for any number. */
  readonly limit: number;
  /** The bit that becomes 1 when the flow is there, 0 when the limit kept it out. */
  readonly resultDst?: FieldBit;
}

type Defaulted =
  | 'idleTimeout'
  | 'hardTimeout'
  | 'priority'
  | 'cookie'
  | 'flags'
  | 'finIdleTimeout'
  | 'finHardTimeout';

/** A {@link NxLearn} to be sent: no timeouts, priority 0x8000, cookie 0 and no flags unless given (ovs-actions(7)). */
export type NxLearnInit = WithDefaults<NxLearn<U64, LearnSpecInit>, Defaulted>;

/** A {@link NxLearn2} to be sent: as {@link NxLearnInit}, and without limit (ovs-actions(7)). */
export type NxLearn2Init = WithDefaults<NxLearn2<U64, LearnSpecInit>, Defaulted | 'limit'>;

/** NX_LEARN_F_ bits (ovs-actions(7)). */
export const LearnFlag = {
  /** The learnt flow tells the controller when it goes. */
  SEND_FLOW_REM: 1 << 0,
  /** The learnt flows go when the flow that learns does. */
  DELETE_LEARNED: 1 << 1,
  /** There is a `resultDst`: encoding sets it. */
  WRITE_RESULT: 1 << 2,
} as const;

/** OFP_DEFAULT_PRIORITY, as in a flow-mod. */
const DEFAULT_PRIORITY = 0x8000;
const SPECS_OFFSET = 32;
const SPECS2_OFFSET = 40;

/** The codec of {@link NxLearn}. */
export const nxLearn: ActionCodec = actionCodec<NxLearn>({
  type: 'nxLearn',
  code: 16,
  size: SPECS_OFFSET,
  fixed: false,
  decode(wire, start, end) {
    const specs = decodeLearnSpecs(wire, start + SPECS_OFFSET, end);
    return specs === undefined ? undefined : { type: 'nxLearn', ...decodeHead(wire, start), specs };
  },
  encode(writer, action) {
    encodeHead(writer, action, action.flags ?? 0);
    encodeLearnSpecs(writer, action.specs);
  },
});

/** The codec of {@link NxLearn2}. */
export const nxLearn2: ActionCodec = actionCodec<NxLearn2>({
  type: 'nxLearn2',
  code: 45,
  size: SPECS2_OFFSET,
  fixed: false,
  decode(wire, start, end) {
    const head = decodeHead(wire, start);
    const limit = wire.view.getUint32(start + 32);
    let specsStart = start + SPECS2_OFFSET;
    let resultDst: FieldBit | undefined;
    if (head.flags & LearnFlag.WRITE_RESULT) {
      const header = decodeOxmHeader(wire, specsStart, end);
      resultDst = bitOf(header, wire.view.getUint16(start + 36));
      specsStart += header.size;
    }
    const specs = decodeLearnSpecs(wire, specsStart, end);
    if (specs === undefined) return undefined;
    return { type: 'nxLearn2', ...head, limit, ...(resultDst !== undefined && { resultDst }), specs };
  },
  encode(writer, { resultDst, flags = 0, limit = 0, ...action }) {
    if (resultDst === undefined && flags & LearnFlag.WRITE_RESULT) {
      throw new WireError('OFP_BAD_VALUE', 'a learn action that writes its result needs resultDst');
    }
    encodeHead(writer, action, resultDst === undefined ? flags : flags | LearnFlag.WRITE_RESULT);
    writer.u32(limit);
    writer.u16(resultDst?.start ?? 0);
    writer.zeros(2);
    if (resultDst !== undefined) writeReference(writer, resultDst);
    encodeLearnSpecs(writer, action.specs);
  },
});

function decodeHead({ view }: WireView, start: number): Omit<LearntFlow<Long, LearnSpec>, 'specs'> {
  return {
    idleTimeout: view.getUint16(start + 10),
    hardTimeout: view.getUint16(start + 12),
    priority: view.getUint16(start + 14),
    cookie: readU64(view, start + 16),
    flags: view.getUint16(start + 24),
    tableId: view.getUint8(start + 26),
    finIdleTimeout: view.getUint16(start + 28),
    finHardTimeout: view.getUint16(start + 30),
  };
}

function encodeHead(
  writer: Writer,
  action: Omit<NxLearnInit, 'type' | 'flags' | 'specs'>,
  flags: number,
): void {
  writer.u16(action.idleTimeout ?? 0);
  writer.u16(action.hardTimeout ?? 0);
  writer.u16(action.priority ?? DEFAULT_PRIORITY);
  writer.u64(action.cookie ?? 0);
  writer.u16(flags);
  writer.u8(action.tableId);
  writer.u8(0);
  writer.u16(action.finIdleTimeout ?? 0);
  writer.u16(action.finHardTimeout ?? 0);
}
