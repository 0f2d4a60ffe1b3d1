import { WireError } from '../../util/errors.ts';
import { Experimenter } from '../oxm/fields.ts';
import { enumeration } from '../wire/enumeration.ts';
import { countPadded, type WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import type { ActionCodec, NestedActions } from './codec.ts';
import { type NiciraAction, type NiciraActionInit, niciraActions } from './nicira/index.ts';
import { type OnfAction, type OnfActionInit, onfActions } from './onf.ts';
import { type OpenFlow11Action, openflow11Actions } from './openflow11.ts';
import { encodeSetField, type SetField, type SetFieldInit, setFieldAction } from './set-field.ts';
import { encodeOutput, type OutputInit, type StandardAction, standardActions } from './standard.ts';

/**
 * An action that is not known here, other experimenters' included; `raw` is all behind its type and length (OpenFlow
 * 1.3.5, 7.2.5).
 */
export interface UnknownAction {
  readonly type: 'unknown';
  readonly code: number;
  readonly raw: Uint8Array;
}

/** A decoded action (OpenFlow 1.3.5, 7.2.5). */
export type Action = StandardAction | SetField | OpenFlow11Action | NiciraAction | OnfAction | UnknownAction;

/** An action to be sent (OpenFlow 1.3.5, 7.2.5). */
export type ActionInit = Action | OutputInit | SetFieldInit | NiciraActionInit | OnfActionInit;

/** OFPAT_EXPERIMENTER. */
const EXPERIMENTER_CODE = 0xffff;
/** Actions may hold actions (conntrack, clone): how deep is bounded, so that no message can exhaust the stack. */
const MAX_DEPTH = 16;
/** Bytes before an experimenter action's own fields: type, length, experimenter, subtype. */
const EXPERIMENTER_HEADER_SIZE = 10;

/** How an action is found by its type: `experimenter` is undefined for the specification's own. */
interface Registered {
  readonly codec: ActionCodec;
  readonly experimenter: number | undefined;
}

/** Experimenters whose actions have a 16-bit subtype behind the experimenter id. */
const experimenters: readonly [experimenter: number, codecs: readonly ActionCodec[]][] = [
  [Experimenter.NICIRA, niciraActions],
  [Experimenter.ONF, onfActions],
];

const byCode = new Map<number, ActionCodec>();
const bySubtype = new Map<number, Map<number, ActionCodec>>();
const byType = new Map<string, Registered>();

for (const codec of [...standardActions, setFieldAction, ...openflow11Actions])
  register(codec, undefined, byCode);
for (const [experimenter, codecs] of experimenters) {
  const subtypes = new Map<number, ActionCodec>();
  for (const codec of codecs) register(codec, experimenter, subtypes);
  bySubtype.set(experimenter, subtypes);
}

/** {@link byCode} as a list, in which they are found without hashing: the numbers are small. */
const fewCodes = Array.from({ length: Math.max(...byCode.keys()) + 1 }, (_, code) => byCode.get(code));

/** What an action of the specification is called (OpenFlow 1.3.5, 7.2.5). */
export type ActionName = (StandardAction | SetField | OpenFlow11Action)['type'];

/** The numbers of {@link ActionName}. */
export const actionCodes = enumeration<ActionName>(
  'OFPAT',
  Object.fromEntries([...byCode].map(([code, { type }]) => [type, code])) as Record<ActionName, number>,
);

const levels: NestedActions[] = Array.from({ length: MAX_DEPTH }, (_, depth) => ({
  decode: (wire, start, end) => decodeList(wire, start, end, depth + 1),
  encode: (writer, actions) => encodeList(writer, actions, depth + 1),
}));

/**
 * Decodes a list of actions that fills `start` to `end` (OpenFlow 1.3.5, 7.2.5).
 * @throws WireError `OFP_BAD_LENGTH`, `OFP_TRUNCATED`, `OFP_TOO_DEEP`
 */
export function decodeActions(wire: WireView, start: number, end: number): Action[] {
  return decodeList(wire, start, end, 0);
}

/** Encodes a list of actions (OpenFlow 1.3.5, 7.2.5). @throws WireError when one has a value that cannot be written */
export function encodeActions(writer: Writer, actions: readonly ActionInit[]): void {
  encodeList(writer, actions, 0);
}

function decodeList(wire: WireView, start: number, end: number, depth: number): Action[] {
  const nested = level(depth);
  const count = countPadded(wire, 'action', 8, start, end);
  const actions = new Array<Action>(count);
  for (let i = 0, at = start; i < count; i++) {
    const next = at + wire.view.getUint16(at + 2);
    actions[i] = decodeAction(wire, at, next, nested);
    at = next;
  }
  return actions;
}

function decodeAction(wire: WireView, start: number, end: number, nested: NestedActions): Action {
  const code = wire.view.getUint16(start);
  const codec = code < fewCodes.length ? fewCodes[code] : experimenterCodec(wire, code, start, end);
  if (codec === undefined) return unknown(wire, code, start, end);
  const length = end - start;
  if (length < codec.size || (codec.fixed && length !== codec.size)) {
    const expected = codec.fixed ? `${codec.size}` : `at least ${codec.size}`;
    throw new WireError(
      'OFP_BAD_LENGTH',
      `action ${codec.type} has length ${length}, expected ${expected} bytes`,
    );
  }
  return codec.decode(wire, start, end, nested) ?? unknown(wire, code, start, end);
}

function unknown({ bytes }: WireView, code: number, start: number, end: number): UnknownAction {
  return { type: 'unknown', code, raw: bytes.subarray(start + 4, end) };
}

function experimenterCodec(
  { view }: WireView,
  code: number,
  start: number,
  end: number,
): ActionCodec | undefined {
  if (code !== EXPERIMENTER_CODE || end - start < EXPERIMENTER_HEADER_SIZE) return undefined;
  return bySubtype.get(view.getUint32(start + 4))?.get(view.getUint16(start + 8));
}

function encodeList(writer: Writer, actions: readonly ActionInit[], depth: number): void {
  const nested = level(depth);
  for (const action of actions) {
    if (action.type === 'output') encodeOutput(writer, action);
    else if (action.type === 'setField') encodeSetField(writer, action);
    else encodeAction(writer, action, nested);
  }
}

function encodeAction(writer: Writer, action: ActionInit, nested: NestedActions): void {
  const start = writer.offset;
  if (action.type === 'unknown') {
    writer.begin(action.code);
    writer.raw(action.raw);
  } else {
    encodeKnown(writer, action, nested);
  }
  writer.padTo8(start);
  writer.patchLength(start);
}

function encodeKnown(
  writer: Writer,
  action: Exclude<ActionInit, UnknownAction>,
  nested: NestedActions,
): void {
  const registered = byType.get(action.type);
  if (registered === undefined) throw new WireError('OFP_BAD_VALUE', `no action is called '${action.type}'`);
  const { codec, experimenter } = registered;
  writer.begin(experimenter === undefined ? codec.code : EXPERIMENTER_CODE);
  if (experimenter !== undefined) {
    writer.u32(experimenter);
    writer.u16(codec.code);
  }
  codec.encode(writer, action, nested);
}

function level(depth: number): NestedActions {
  const nested = levels[depth];
  if (nested !== undefined) return nested;
  throw new WireError('OFP_TOO_DEEP', `actions are nested over ${MAX_DEPTH} deep`);
}

function register(
  codec: ActionCodec,
  experimenter: number | undefined,
  codes: Map<number, ActionCodec>,
): void {
  if (codes.has(codec.code)) throw new Error(`action code ${codec.code} is registered twice`);
  if (byType.has(codec.type)) throw new Error(`action ${codec.type} is registered twice`);
  codes.set(codec.code, codec);
  byType.set(codec.type, { codec, experimenter });
}
