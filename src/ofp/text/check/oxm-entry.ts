import { bytesToBits } from '../../oxm/field-bits.ts';
import { fieldByNumber } from '../../oxm/field-index.ts';
import { OxmClass } from '../../oxm/fields.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { exactMask } from '../field-value.ts';
import { fieldByOxm, type TextField } from '../fields.ts';
import { demand } from './refusal.ts';

/** The header of an OXM field as it stands in a message. */
export interface OxmHead {
  /** Undefined for fields that Open vSwitch does not know, or not with this length. */
  readonly field: TextField | undefined;
  /** The experimenter of class 0xffff, else 0. */
  readonly experimenter: number;
  readonly header: number;
  readonly hasMask: boolean;
  /** Bytes of the value. */
  readonly width: number;
  /** Where the value begins, and where what follows it and its mask does. */
  readonly payload: number;
  readonly next: number;
}

/** One OXM field as it stands in a message. */
export interface OxmEntry extends OxmHead {
  readonly value: bigint;
  /** All ones of the field's bytes where there is none. */
  readonly mask: bigint;
}

/** The bit of a header that says that a mask follows the value. */
const HAS_MASK = 0x100;

/** Tunnel options of so many bytes, which there cannot be, are not known to Open vSwitch. */
const LENGTH_LIMIT = 0x80;

/** Reads the header at `at`. @throws Refusal `OFPBMC_BAD_LEN` */
export function readOxmHead({ view }: WireView, at: number, end: number): OxmHead {
  demand(end - at >= 4, 'OFPBMC_BAD_LEN', 'an OXM header has 4 bytes');
  const header = view.getUint32(at);
  const isExperimenter = header >>> 16 === OxmClass.EXPERIMENTER;
  const payload = at + (isExperimenter ? 8 : 4);
  demand(payload <= end, 'OFPBMC_BAD_LEN', 'an OXM header of an experimenter has 8 bytes');
  const length = at + 4 + (header & 0xff) - payload;
  demand(length >= 0, 'OFPBMC_BAD_LEN', 'an OXM field is shorter than its header');
  const hasMask = (header & HAS_MASK) !== 0;
  const width = hasMask ? length >>> 1 : length;
  const experimenter = isExperimenter ? view.getUint32(at + 4) : 0;
  const known = fieldByNumber(header >>> 16, (header >>> 9) & 0x7f, experimenter);
  const candidate = known === undefined ? undefined : fieldByOxm(known.name);
  const fits = candidate?.place === undefined ? width < LENGTH_LIMIT : candidate.bytes === width;
  return {
    field: fits ? candidate : undefined,
    experimenter,
    header,
    hasMask,
    width,
    payload,
    next: payload + length,
  };
}

/**
 * Reads the value and mask behind a header.
 * @throws Refusal `OFPBMC_BAD_LEN`, `OFPBMC_BAD_WILDCARDS`
 */
export function readOxmEntry({ bytes }: WireView, head: OxmHead, end: number): OxmEntry {
  const { payload, width, hasMask, field, next } = head;
  demand(next <= end, 'OFPBMC_BAD_LEN', 'an OXM field is longer than what it stands in');
  const value = bytesToBits(bytes.subarray(payload, payload + width));
  if (!hasMask) return { ...head, value, mask: field === undefined ? 0n : exactMask(field) };
  const mask = bytesToBits(bytes.subarray(payload + width, payload + width * 2));
  demand((value & ~mask) === 0n, 'OFPBMC_BAD_WILDCARDS', 'a value has bits outside of its mask');
  return { ...head, value, mask };
}
