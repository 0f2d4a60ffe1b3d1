import { type Action, encodeActions } from '../../actions/action.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { Writer } from '../../wire/writer.ts';
import { demand } from './refusal.ts';

/** The error for bytes that are not zero and should be. */
interface Reserved {
  readonly reason: string;
  /** Which bytes, counted from the action's beginning; all that the action does not use when there are none. */
  readonly range?: readonly [from: number, to: number];
  /** Bytes that are not looked at, whatever they are. */
  readonly ignored?: readonly (readonly [from: number, to: number])[];
}

const MUST_BE_ZERO = 'NXBRC_MUST_BE_ZERO';
const BAD_ARGUMENT = 'OFPBAC_BAD_ARGUMENT';
const BAD_SET_ARGUMENT = 'OFPBAC_BAD_SET_ARGUMENT';

/** The actions whose reserved bytes Open vSwitch looks at. */
const RESERVED: Readonly<Partial<Record<Action['type'], Reserved>>> = {
  nxOutputReg: { reason: BAD_ARGUMENT, range: [18, 24] },
  nxBundle: { reason: BAD_ARGUMENT, range: [28, 32] },
  nxDecTtlCntIds: { reason: MUST_BE_ZERO, range: [12, 16] },
  nxWriteMetadata: { reason: MUST_BE_ZERO, range: [10, 16] },
  nxResubmitTable: { reason: BAD_ARGUMENT, range: [13, 16] },
  nxResubmitTableCt: { reason: BAD_ARGUMENT, range: [13, 16] },
  nxSample3: { reason: MUST_BE_ZERO, range: [27, 32] },
  nxOutputReg2: { reason: MUST_BE_ZERO },
  onfCopyField: {
    reason: MUST_BE_ZERO,
    ignored: [
      [10, 12],
      [18, 20],
    ],
  },
  nxRegMove: { reason: MUST_BE_ZERO },
  setField: { reason: BAD_SET_ARGUMENT },
  nxRegLoad2: { reason: BAD_SET_ARGUMENT },
  nxStackPush: { reason: MUST_BE_ZERO },
  nxStackPop: { reason: MUST_BE_ZERO },
  nxCheckPktLarger: { reason: MUST_BE_ZERO },
};

/** Refuses an action that has bytes set which mean nothing, where Open vSwitch does. @throws Refusal */
export function checkReserved(action: Action, { bytes }: WireView, start: number, end: number): void {
  const reserved = RESERVED[action.type];
  if (reserved === undefined) return;
  const { reason, range, ignored = [] } = reserved;
  const own = bytes.slice(start, end);
  for (const [from, to] of ignored) own.fill(0, from, to);
  const isClean =
    range === undefined ? isCanonical(action, own) : own.subarray(...range).every((byte) => byte === 0);
  demand(isClean, reason, 'reserved bytes are not zero');
}

/** True when the action would be sent as these bytes. */
function isCanonical(action: Action, bytes: Uint8Array): boolean {
  const writer = new Writer(bytes.length);
  encodeActions(writer, [action]);
  return Buffer.compare(writer.bytes.subarray(0, writer.offset), bytes) === 0;
}
