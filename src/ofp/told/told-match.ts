import type { FlowSpec } from '../flow-spec.ts';
import type { MatchInit } from '../oxm/fields.ts';
import { encodeOxmFields } from '../oxm/match.ts';
import { portFrom16 } from '../text/names.ts';
import { Writer } from '../wire/writer.ts';
import { newName } from './field-names.ts';

/** The registers of 64 and 128 bits that are two and four of 32 bits under another name, the first one the highest. */
const COMBINED = /^(?:xreg(\d+)|xxreg([0-3]))$/;
const ONES = 0xffff_ffff;
const N = 'n'.charCodeAt(0);
const X = 'x'.charCodeAt(0);

const writer = new Writer(64);

/**
 * A flow with its match as Open vSwitch lists it over OpenFlow 1.3: registers of 64 and 128 bits as those of 32 bits that
 * they are made of, and fields of NXM as those of OXM; the flow itself when it has none.
 * @throws WireError for a value that cannot be written
 */
export function withToldMatch(flow: FlowSpec): FlowSpec {
  const { match } = flow;
  for (const name in match) if (isToldOtherwise(name)) return { ...flow, match: toldMatch(match) };
  return flow;
}

/** True for names that Open vSwitch may not use; all fields of all flows of a switch come by here. */
function isToldOtherwise(name: string): boolean {
  const first = name.charCodeAt(0);
  return first === X || first === N || name === 'tcpFlags' || name === 'actsetOutput';
}

function toldMatch(match: MatchInit): MatchInit {
  const told: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(match)) {
    if (value === undefined) continue;
    for (const [field, part] of Object.entries(toldField(name, value))) {
      // Somebody names the same bits twice: that is for the switch to judge.
      if (told[field] !== undefined) return match;
      told[field] = part;
    }
  }
  return told as MatchInit;
}

/** What a field is listed as. */
function toldField(name: string, value: unknown): Record<string, unknown> {
  const [, pair, quad] = COMBINED.exec(name) ?? [];
  if (pair !== undefined) return registersOf({ [name]: value } as MatchInit, 2 * Number(pair), 2);
  if (quad !== undefined) return registersOf({ [name]: value } as MatchInit, 4 * Number(quad), 4);
  if (name === 'nxmVlanTci') return toldTag(value as number | Masked);
  if (name === 'nxmIpTos') return { ipDscp: (value as number) >>> 2 };
  if (name === 'nxmInPort') return { inPort: portFrom16(value as number) };
  return { [newName(name)]: value };
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

interface Masked {
  readonly value: number;
  readonly mask: number;
}

/** Of a tag's bits: whether it is there (OFPVID_PRESENT), that and its VLAN, and where its priority begins. */
const PRESENT = 0x1000;
const VID_BITS = 0x1fff;
const PCP_SHIFT = 13;

/** A tag's bits as VLAN and priority, where they say no more and no less. */
function toldTag(tci: number | Masked): Record<string, unknown> {
  const { value, mask } = typeof tci === 'number' ? { value: tci, mask: 0xffff } : tci;
  const pcpMask = mask >>> PCP_SHIFT;
  const saysAll = pcpMask === 7 && (value & mask & PRESENT) !== 0;
  if (pcpMask !== 0 && !saysAll) return { nxmVlanTci: tci };
  return {
    vlanVid: { value: value & VID_BITS, mask: mask & VID_BITS },
    ...(pcpMask !== 0 && { vlanPcp: value >>> PCP_SHIFT }),
  };
}
