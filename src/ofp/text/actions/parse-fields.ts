import type { Action, ActionInit } from '../../actions/action.ts';
import { bitsToBytes, byteLength, fromBits } from '../../oxm/field-bits.ts';
import { FIELDS, type FieldName } from '../../oxm/fields.ts';
import {
  exactMask,
  isValidValue,
  type MaskedValue,
  parseExactValue,
  parseFieldValue,
  parseWide,
} from '../field-value.ts';
import { fieldByText, fieldTextNames, type TextField, textField } from '../fields.ts';
import { allOnes } from '../flow-key.ts';
import { parseBits } from '../numbers.ts';
import { IpProto } from '../packet-kind.ts';
import type { Span } from '../span.ts';
import { actionOxm, parseFieldName, parseReference, parseSubfield } from '../subfield.ts';
import { didYouMean } from '../text-error.ts';
import { type ActionParsers, type ParseAction, parseArgument, splitArrow } from './parse-action.ts';

/** Actions that write fields, move their bits, and keep them. */
export const fieldParsers: ActionParsers = {
  set_field: parseSetField,
  load: parseLoad,
  move: parseMove,
  push: (value) => ({ type: 'nxStackPush', ...parseReference(value) }),
  pop: (value) => ({ type: 'nxStackPop', ...parseReference(value) }),
  delete_field: (value) => ({ type: 'nxDeleteField', field: actionOxm(parseFieldName(value), value) }),
  check_pkt_larger: parseCheckPktLarger,
  mod_dl_src: address('eth_src'),
  mod_dl_dst: address('eth_dst'),
  mod_nw_src: address('ip_src'),
  mod_nw_dst: address('ip_dst'),
  mod_nw_tos: number('ip_dscp', 'the TOS', 0xfc, (tos) => tos >> 2),
  mod_nw_ecn: number('nw_ecn', 'the ECN', 3),
  mod_tp_src: transportPort('setTpSrc', 'src'),
  mod_tp_dst: transportPort('setTpDst', 'dst'),
  set_vlan_vid: number('vlan_vid', 'the VLAN', 0xfff, present),
  set_vlan_pcp: number('vlan_pcp', 'the priority', 7),
  mod_vlan_vid: tagged(number('vlan_vid', 'the VLAN', 0xfff, present)),
  mod_vlan_pcp: tagged(number('vlan_pcp', 'the priority', 7)),
  set_mpls_label: number('mpls_label', 'the label', 0xfffff),
  set_mpls_tc: number('mpls_tc', 'the traffic class', 7),
  set_tunnel: (value) => setField(textField('tun_id'), parseBits(value, 64, 'the tunnel')),
  set_tunnel64: (value) => setField(textField('tun_id'), parseBits(value, 64, 'the tunnel')),
};

/** What actions of OpenFlow 1.0 are, which 1.3 sends as set-field: it decides what packets they need. */
export const OLDER_ACTIONS: ReadonlyMap<string, Action['type']> = new Map([
  ['mod_dl_src', 'setDlSrc'],
  ['mod_dl_dst', 'setDlDst'],
  ['mod_nw_src', 'setNwSrc'],
  ['mod_nw_dst', 'setNwDst'],
  ['mod_nw_tos', 'setNwTos'],
  ['mod_nw_ecn', 'setNwEcn'],
  ['mod_tp_src', 'setTpSrc'],
  ['mod_tp_dst', 'setTpDst'],
  ['set_vlan_vid', 'setVlanVid'],
  ['set_vlan_pcp', 'setVlanPcp'],
  ['mod_vlan_vid', 'setVlanVid'],
  ['mod_vlan_pcp', 'setVlanPcp'],
  ['set_mpls_label', 'setMplsLabel'],
  ['set_mpls_tc', 'setMplsTc'],
]);

/** The EtherType of the tag that `mod_vlan_vid` puts on where there is none. */
const VLAN_ETHERTYPE = 0x8100;

function setField(field: TextField, value: bigint): ActionInit {
  return { type: 'setField', field: field.oxm!, value: fromBits(field.oxm!, value) } as ActionInit;
}

function parseSetField(span: Span): readonly ActionInit[] {
  const [source, target] = splitArrow(span, 'set_field');
  const field = fieldByText(target.text);
  if (field === undefined) {
    throw target.error(`no field is called '${target.text}'${didYouMean(target.text, fieldTextNames())}`);
  }
  if (!field.writable) throw target.error(`${field.name} can be read, not written`);
  const parsed = parseFieldValue(field, source);
  if (!isValidValue(field, parsed.value)) throw source.error(`${field.name} cannot be ${source.text}`);
  if (parsed.mask !== exactMask(field)) return loadBits(field, parsed, target);
  if (field.oxm === undefined) throw target.error(`${field.name} has no OXM field, so no action can name it`);
  return [setField(field, parsed.value)];
}

function parseLoad(span: Span): readonly ActionInit[] {
  const [source, target] = splitArrow(span, 'load');
  const { field, offset, bits } = parseSubfield(target);
  const value = parseWide(field, source);
  if (value > allOnes(bits)) throw source.error(`${target.text} has ${bits} bits, got ${source.text}`);
  const shift = BigInt(offset);
  return loadBits(field, { value: value << shift, mask: allOnes(bits) << shift }, target);
}

/** Writes masked bits: run by run where the field's header is short, else at once. */
function loadBits(field: TextField, { value, mask }: MaskedValue, span: Span): ActionInit[] {
  const oxm = actionOxm(field, span);
  const { experimenter, size } = FIELDS[oxm];
  if (experimenter === 0 && size !== 0) return [...segments(field, oxm, value, mask)];
  const isExact = mask === exactMask(field);
  if (!isExact && !field.maskable)
    throw span.error(`${field.name} takes no mask, so all of its bits are needed`);
  const bytes = Math.max(byteLength(value), isExact ? 0 : byteLength(mask));
  const sized = (bits: bigint) => (size === 0 ? bitsToBytes(bits, bytes) : fromBits(oxm, bits));
  const load = { type: 'nxRegLoad2', field: oxm, value: sized(value) };
  return [(isExact ? load : { ...load, mask: sized(mask) }) as ActionInit];
}

/** The bits that one action can load. */
const MAX_LOAD = 64;

function* segments(field: TextField, oxm: FieldName, value: bigint, mask: bigint): Generator<ActionInit> {
  for (let start = 0; start < field.bits; ) {
    let end = start;
    while (end < field.bits && end - start < MAX_LOAD && ((mask >> BigInt(end)) & 1n) === 1n) end++;
    const bits = end - start;
    if (bits > 0) {
      const loaded = (value >> BigInt(start)) & allOnes(bits);
      yield { type: 'nxRegLoad', dst: { field: oxm, start, bits }, value: loaded };
    }
    start = Math.max(end, start + 1);
  }
}

function parseMove(span: Span): ActionInit {
  const [source, target] = splitArrow(span, 'move');
  const src = parseReference(source);
  const dst = parseReference(target);
  if (src.bits === dst.bits) return { type: 'nxRegMove', src, dst };
  throw span.error(`${source.text} has ${src.bits} bits, ${target.text} has ${dst.bits}`);
}

function parseCheckPktLarger(span: Span): ActionInit {
  const [source, target] = splitArrow(span, 'check_pkt_larger');
  const { field, start, bits } = parseReference(target);
  if (bits !== 1) throw target.error(`check_pkt_larger writes one bit, ${target.text} has ${bits}`);
  const length = source.text.endsWith(')') ? source.slice(0, source.text.length - 1) : source;
  return { type: 'nxCheckPktLarger', pktLen: parseArgument(length, 16, 'the length'), dst: { field, start } };
}

function address(name: string): ParseAction {
  const field = textField(name);
  return (value) => setField(field, parseExactValue(field, value));
}

function number(name: string, what: string, allowed: number, change = (value: number) => value): ParseAction {
  const field = textField(name);
  return (span) => {
    const value = parseArgument(span, 32, what);
    if ((value & ~allowed) !== 0) throw span.error(`${what} is within ${allowed}, got ${span.text}`);
    return setField(field, BigInt(change(value)));
  };
}

function present(vid: number): number {
  return vid | 0x1000;
}

/** Puts a tag on first, where the match and the actions before do not show that there is one. */
function tagged(parse: ParseAction): ParseAction {
  return (span, context) => {
    const action = parse(span, context) as ActionInit;
    return context.packets.hasVlan ? action : [{ type: 'pushVlan', ethType: VLAN_ETHERTYPE }, action];
  };
}

const PORT_FIELDS: ReadonlyMap<number, string> = new Map([
  [IpProto.TCP, 'tcp'],
  [IpProto.UDP, 'udp'],
  [IpProto.SCTP, 'sctp'],
]);

/** Sets the port of the protocol that the packets have; of any of them where that is not known. */
function transportPort(type: 'setTpSrc' | 'setTpDst', side: 'src' | 'dst'): ParseAction {
  return (span, { packets }) => {
    const tpPort = parseArgument(span, 16, 'the port');
    const protocol = PORT_FIELDS.get(packets.key.number('nwProto'));
    if (protocol === undefined) return { type, tpPort };
    return setField(textField(`${protocol}_${side}`), BigInt(tpPort));
  };
}
