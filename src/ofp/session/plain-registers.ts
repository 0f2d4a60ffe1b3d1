import type { FlowSpec } from '../flow-spec.ts';
import type { MatchInit } from '../oxm/fields.ts';
import { encodeOxmFields } from '../oxm/match.ts';
import { Writer } from '../wire/writer.ts';

/** The registers of 64 and 128 bits that are two and four of 32 bits under another name, the first one the highest. */
const COMBINED = /^(?:xreg(\d+)|xxreg([0-3]))$/;
const ONES = 0xffff_ffff;
const X = 'x'.charCodeAt(0);

const writer = new Writer(64);

/**
 * A flow as Open vSwitch lists it in OpenFlow 1.3, where registers of 64 and 128 bits stand in its match as those of 32
 * bits that they are made of; the flow itself when it has none.
 * @throws WireError for a value that cannot be written
 */
export function withPlainRegisters(flow: FlowSpec): FlowSpec {
  const { match } = flow;
  for (const name in match) {
    // All flows of a switch come by here.
    if (name.charCodeAt(0) === X) return { ...flow, match: plain(match) };
  }
  return flow;
}

function plain(match: MatchInit): MatchInit {
  const given: Record<string, unknown> = { ...match };
  for (const name of Object.keys(match)) {
    const [, pair, quad] = COMBINED.exec(name) ?? [];
    const parts = pair === undefined ? 4 : 2;
    const first = parts * Number(pair ?? quad);
    if (Number.isNaN(first) || given[name] === undefined) continue;
    const registers = registersOf({ [name]: given[name] } as MatchInit, first, parts);
    // Somebody names the same bits twice: that is for the switch to judge.
    if (Object.keys(registers).some((register) => given[register] !== undefined)) return match;
    delete given[name];
    Object.assign(given, registers);
  }
  return given as MatchInit;
}

/** Reads the registers out of the field as it is written: a header of 4 bytes, the value, and the mask if it has one. */
function registersOf(field: MatchInit, first: number, parts: number): Record<string, unknown> {
  writer.offset = 0;
  encodeOxmFields(writer, field);
  const { view } = writer;
  const hasMask = (view.getUint8(2) & 1) === 1;
  const registers: Record<string, unknown> = {};
  for (let i = 0; i < parts; i++) {
    const value = view.getUint32(4 + 4 * i);
    const mask = hasMask ? view.getUint32(4 + 4 * (parts + i)) : ONES;
    if (mask !== 0) registers[`reg${first + i}`] = mask === ONES ? value : { value, mask };
  }
  return registers;
}
