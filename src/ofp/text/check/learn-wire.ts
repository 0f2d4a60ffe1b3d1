import { LearnFlag } from '../../actions/nicira/learn.ts';
import { fieldByNumber } from '../../oxm/field-index.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { fieldByOxm } from '../fields.ts';
import { readOxmHead } from './oxm-entry.ts';
import { demand } from './refusal.ts';

const SPECS_OFFSET = 32;
const SPECS2_OFFSET = 40;
const ALL_TABLES = 0xff;
const FLAGS = LearnFlag.SEND_FLOW_REM | LearnFlag.DELETE_LEARNED;

/** Refuses a learn action of either form, whose length is right, as Open vSwitch does. @throws Refusal */
export function checkLearnWire(wire: WireView, start: number, end: number, form: 1 | 2): void {
  const { view } = wire;
  if (form === 2)
    demand(view.getUint16(start + 38) === 0, 'NXBAC_MUST_BE_ZERO', 'reserved bytes are not zero');
  argument(view.getUint8(start + 27) === 0, 'reserved bytes are not zero');
  argument(view.getUint8(start + 26) !== ALL_TABLES, 'nothing can be learnt in table 255');
  const flags = view.getUint16(start + 24);
  argument((flags & ~(form === 2 ? FLAGS | LearnFlag.WRITE_RESULT : FLAGS)) === 0, 'unknown flags of learn');
  if (form === 1) return checkSpecs(wire, start + SPECS_OFFSET, end);
  let specs = start + SPECS2_OFFSET;
  if ((flags & LearnFlag.WRITE_RESULT) !== 0) {
    const { field, hasMask, payload } = readOxmHead(wire, specs, end);
    demand(field !== undefined, 'OFPBMC_BAD_FIELD', 'the switch has no such field');
    demand(!hasMask, 'OFPBMC_BAD_MASK', 'a field is named without a mask');
    demand(field.writable, 'OFPBAC_BAD_SET_ARGUMENT', `${field.name} can be read, not written`);
    specs = payload;
  } else argument(view.getUint16(start + 36) === 0, 'a bit is named of no field');
  checkSpecs(wire, specs, end);
}

const VALUE_BIT = 1 << 13;
const OUTPUT = 2;
const SUBFIELD_SIZE = 6;

function checkSpecs(wire: WireView, start: number, end: number): void {
  const { view, bytes } = wire;
  let at = start;
  while (at < end) {
    const header = end - at < 2 ? 0 : view.getUint16(at);
    at += 2;
    if (header === 0) break;
    const hasValue = (header & VALUE_BIT) !== 0;
    const target = (header >>> 11) & 3;
    argument(target < OUTPUT || (target === OUTPUT && !hasValue), 'no such kind of learn spec');
    const sourceSize = hasValue ? Math.ceil((header & 0x3ff) / 16) * 2 : SUBFIELD_SIZE;
    const next = at + sourceSize + (target === OUTPUT ? 0 : SUBFIELD_SIZE);
    demand(next <= end, 'OFPBAC_BAD_LEN', 'a learn spec goes beyond the action');
    if (!hasValue) checkField(view, at);
    if (target !== OUTPUT) checkField(view, at + sourceSize);
    at = next;
  }
  argument(
    bytes.subarray(at, end).every((byte) => byte === 0),
    'reserved bytes are not zero',
  );
}

function checkField(view: DataView, at: number): void {
  const header = view.getUint32(at);
  const oxm = fieldByNumber(header >>> 16, (header >>> 9) & 0x7f, 0);
  const field = oxm === undefined ? undefined : fieldByOxm(oxm.name);
  const hasMask = (header & 0x100) !== 0;
  const length = hasMask ? (header & 0xff) >>> 1 : header & 0xff;
  const fits = field !== undefined && (field.place === undefined || field.bytes === length);
  demand(fits, 'OFPBAC_BAD_SET_TYPE', 'the switch has no such field');
}

function argument(condition: boolean, sentence: string): void {
  demand(condition, 'OFPBAC_BAD_ARGUMENT', sentence);
}
