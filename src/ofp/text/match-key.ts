import { bitsToBytes, byteLength, bytesToBits, toBits } from '../oxm/field-bits.ts';
import type { FieldName, MatchInit } from '../oxm/fields.ts';
import { splitMask } from '../oxm/oxm.ts';
import { exactMask } from './field-value.ts';
import { fieldByOxm, type TextField } from './fields.ts';
import { allOnes, FlowKey, PLACES, type Place } from './flow-key.ts';
import { portFrom16 } from './names.ts';

/** A run of bits of a place. */
export interface Run {
  readonly place: Place;
  readonly shift: number;
  readonly bits: number;
}

/** The bit of a VLAN TCI that says there is a tag at all. */
export const VLAN_PRESENT = 0x1000n;
/** `dl_vlan=0xffff`: no tag at all (OFP_VLAN_NONE of OpenFlow 1.0). */
const VLAN_NONE = 0xffffn;

/** Fields that share their place with others and so own only a run of its bits. */
const RUNS: Readonly<Record<string, Run>> = {
  dl_vlan: { place: 'vlanTci', shift: 0, bits: 12 },
  vlan_vid: { place: 'vlanTci', shift: 0, bits: 13 },
  vlan_pcp: { place: 'vlanTci', shift: 13, bits: 3 },
  dl_vlan_pcp: { place: 'vlanTci', shift: 13, bits: 3 },
  nw_tos: { place: 'nwTos', shift: 2, bits: 6 },
  ip_dscp: { place: 'nwTos', shift: 2, bits: 6 },
  nw_ecn: { place: 'nwTos', shift: 0, bits: 2 },
};

/** The bits that a field is about. Tunnel options have no place. */
export function fieldRun({ name, place, shift, bits }: TextField): Run {
  if (place === 'regs') return { place, shift, bits };
  return RUNS[name] ?? { place: place!, shift: 0, bits: PLACES[place!] };
}

/** True when the key says something of a field's bits. */
export function saysField(key: FlowKey, field: TextField): boolean {
  if (field.place === undefined) return key.tunnelOptions.has(tunnelOptionNumber(field));
  const { place, shift, bits } = fieldRun(field);
  return ((key.mask(place) >> BigInt(shift)) & allOnes(bits)) !== 0n;
}

/** The number of `tun_metadata5`. */
function tunnelOptionNumber({ name }: TextField): number {
  return Number(name.slice('tun_metadata'.length));
}

/** Says a field's value under a mask; a mask of 0 takes back what was said. */
export function setField(key: FlowKey, field: TextField, value: bigint, mask: bigint): void {
  if (field.place === undefined) return setTunnelOption(key, field, value, mask);
  const isExact = mask === exactMask(field);
  if (mask === 0n) return clearField(key, field);
  const run = fieldRun(field);
  switch (field.name) {
    case 'dl_vlan':
      if (value === VLAN_NONE) return key.setExact('vlanTci', 0);
      key.setRun('vlanTci', 0, 13, value | VLAN_PRESENT, 0x1fffn);
      return;
    case 'vlan_pcp':
    case 'dl_vlan_pcp':
      key.setRun('vlanTci', 12, 4, (value << 1n) | 1n, 0xfn);
      return;
    case 'nw_tos':
      return key.setRun('nwTos', 2, 6, value >> 2n, 0x3fn);
    case 'in_port':
      return key.setExact('inPort', portFrom16(Number(value)));
    case 'ipv6_label':
      return key.set('ipv6Label', value, (mask & 0xfffffn) === 0xfffffn ? allOnes(32) : mask);
    case 'tun_flags':
      return key.set('tunFlags', value, mask & 1n);
    case 'tun_erspan_ver':
    case 'tun_erspan_dir':
    case 'tun_erspan_hwid':
    case 'tun_gtpu_flags':
    case 'tun_gtpu_msgtype':
      // Open vSwitch 3.1 takes the value of these for the mask too, whatever the mask was.
      return key.set(run.place, value & mask, value);
    case 'ct_state':
    case 'ip_frag':
      return key.set(run.place, value, mask & allOnes(run.bits));
  }
  key.setRun(run.place, run.shift, run.bits, value, isExact ? allOnes(run.bits) : mask);
}

/** Bytes that the tunnel options of one match may have together, in Open vSwitch. */
const OPTION_SPACE = 256;

/** False when the tunnel options are longer together than Open vSwitch has room for. */
export function fitsOptionSpace(key: FlowKey): boolean {
  let used = 0;
  for (const { value } of key.tunnelOptions.values()) used += value.length;
  return used <= OPTION_SPACE;
}

/**
 * Says `bits` bits of a field from `offset` on, and leaves what was said of its others.
 * @returns false, and says nothing, when a field that takes no mask would have one
 */
export function setFieldBits(
  key: FlowKey,
  field: TextField,
  offset: number,
  bits: number,
  value: bigint,
): boolean {
  const said = allOnes(bits) << BigInt(offset);
  const before = saidOf(key, field);
  const mask = before.mask | said;
  if (!field.maskable && mask !== exactMask(field)) return false;
  setField(key, field, (before.value & ~said) | (value << BigInt(offset)), mask);
  return true;
}

/** What a key says of a field, in the field's own bits; nothing of tunnel options. */
function saidOf(key: FlowKey, field: TextField): { value: bigint; mask: bigint } {
  if (field.place === undefined) return { value: 0n, mask: 0n };
  const { place, shift, bits } = fieldRun(field);
  // The run of `nw_tos` leaves out the two bits under it.
  const up = field.name === 'nw_tos' ? 2n : 0n;
  const own = (of: bigint) => (((of >> BigInt(shift)) & allOnes(bits)) << up) & exactMask(field);
  return { value: own(key.value(place)), mask: own(key.mask(place)) };
}

/** A match's key. Fields that Open vSwitch does not know are left out. */
export function keyOfMatch(match: MatchInit): FlowKey {
  const key = new FlowKey();
  for (const [name, init] of Object.entries(match)) {
    const field = fieldByOxm(name);
    if (field === undefined || init === undefined) continue;
    const { value, mask } = maskedBits(field, name as FieldName, init);
    setField(key, field, value, mask);
    setEthernet(key, field);
  }
  return key;
}

/** Says that packets are Ethernet frames, where only these have a field, and nothing else was said of it. */
export function setEthernet(key: FlowKey, { needs }: TextField): void {
  if (needs !== 'none' && !key.has('packetType')) key.setExact('packetType', 0);
}

/** A match's value and mask as numbers, the mask all ones of the field's bytes when there is none. */
export function maskedBits(field: TextField, oxm: FieldName, init: unknown): { value: bigint; mask: bigint } {
  const { value, mask } = splitMask(oxm, init);
  const size = field.place === undefined ? (value as Uint8Array).length * 8 : undefined;
  const bits = mask === undefined ? exactMask(field) : toBits(oxm, mask);
  return { value: toBits(oxm, value) & (size === undefined ? exactMask(field) : allOnes(size)), mask: bits };
}

function setTunnelOption(key: FlowKey, field: TextField, value: bigint, mask: bigint): void {
  const isExact = mask === exactMask(field);
  const size = Math.max(byteLength(value), isExact ? 0 : byteLength(mask));
  key.tunnelOptions.set(tunnelOptionNumber(field), {
    value: bitsToBytes(value & mask, size),
    mask: isExact ? undefined : bitsToBytes(mask, size),
  });
}

function clearField(key: FlowKey, field: TextField): void {
  const { place, shift, bits } = fieldRun(field);
  // That there is a tag stays said while its priority is.
  key.setRun(place, shift, field.name === 'vlan_vid' ? 12 : bits, 0n, 0n);
  if (place !== 'vlanTci') return;
  const rest = field.name === 'vlan_pcp' || field.name === 'dl_vlan_pcp' ? 0xfffn : 0xe000n;
  if ((key.mask(place) & rest) === 0n) key.set(place, 0n, 0n);
}

/** A tunnel option's bytes as one number. */
export function optionBits(bytes: Uint8Array | undefined): bigint {
  return bytes === undefined ? 0n : bytesToBits(bytes);
}
