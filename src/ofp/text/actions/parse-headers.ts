import type { ActionInit } from '../../actions/action.ts';
import { type EncapProperty, PacketType } from '../../actions/nicira/encap.ts';
import { EthType } from '../packet-kind.ts';
import { keyValues, type Span } from '../span.ts';
import { ENCAP_HEADERS } from './format-nicira.ts';
import { type ActionParsers, bareAction, parseArgument, parseDecimal, parseWords } from './parse-action.ts';

/** Actions that put headers on and take them off, and count their time to live down. */
export const headerParsers: ActionParsers = {
  push_vlan: parsePushVlan,
  pop_vlan: bareAction({ type: 'popVlan' }),
  strip_vlan: bareAction({ type: 'popVlan' }),
  push_mpls: (value) => ({ type: 'pushMpls', ethType: parseArgument(value, 16, 'the EtherType') }),
  pop_mpls: (value) => ({ type: 'popMpls', ethType: parseArgument(value, 16, 'the EtherType') }),
  push_pbb: (value) => ({ type: 'pushPbb', ethType: parseArgument(value, 16, 'the EtherType') }),
  pop_pbb: bareAction({ type: 'popPbb' }),
  copy_ttl_in: bareAction({ type: 'copyTtlIn' }),
  copy_ttl_out: bareAction({ type: 'copyTtlOut' }),
  set_mpls_ttl: (value) => ({ type: 'setMplsTtl', ttl: parseArgument(value, 8, 'the TTL') }),
  dec_mpls_ttl: bareAction({ type: 'decMplsTtl' }),
  mod_nw_ttl: parseSetTtl,
  set_nw_ttl: parseSetTtl,
  dec_ttl: parseDecTtl,
  dec_nsh_ttl: bareAction({ type: 'nxDecNshTtl' }),
  encap: parseEncap,
  decap: parseDecap,
};

function parsePushVlan(span: Span): ActionInit {
  const ethType = parseArgument(span, 16, 'the EtherType');
  if (ethType === EthType.VLAN || ethType === EthType.VLAN_SERVICE) return { type: 'pushVlan', ethType };
  throw span.error(`a VLAN tag has EtherType 0x8100 or 0x88a8, got ${span.text}`);
}

function parseSetTtl(span: Span): ActionInit {
  return { type: 'setNwTtl', ttl: parseArgument(span, 8, 'the TTL') };
}

function parseDecTtl(span: Span): ActionInit {
  if (span.isEmpty) return { type: 'decNwTtl' };
  const controllerIds = span.words(', ').map((id) => parseDecimal(id, 16, 'a controller'));
  if (controllerIds.length === 0) throw span.error('dec_ttl() names no controller');
  return { type: 'nxDecTtlCntIds', controllerIds };
}

function parseEncap(span: Span): ActionInit {
  const [header] = keyValues(span);
  if (header === undefined) throw span.error('encap needs a header');
  const newPktType = ENCAP_HEADERS.get(header.key.text);
  if (newPktType === undefined) {
    throw header.key.error(`encap knows ${[...ENCAP_HEADERS.keys()].join(', ')}, not '${header.key.text}'`);
  }
  const properties: EncapProperty[] = [];
  const isNsh = newPktType === PacketType.NSH;
  const words = {
    md_type: (value: Span) => properties.push(parseMdType(value)),
    tlv: (value: Span) => properties.push(parseTlv(value)),
  };
  parseWords(header.value, `encap(${header.key.text})`, isNsh ? words : {});
  return { type: 'nxEncap', hdrSize: 0, newPktType, properties };
}

function parseMdType(span: Span): EncapProperty {
  const mdType = parseArgument(span, 8, 'md_type');
  if (mdType === 1 || mdType === 2) return { type: 'nshMdType', mdType };
  throw span.error(`md_type is 1 or 2, got ${span.text}`);
}

function parseTlv(span: Span): EncapProperty {
  const parts = /^0x([\da-fA-F]{1,4}),(\d+),0x((?:[\da-fA-F]{2})+)$/.exec(span.text);
  if (parts === null || Number(parts[2]) > 0xff) {
    throw span.error('tlv is written tlv(0xCLASS,TYPE,0xBYTES), with pairs of digits for the bytes');
  }
  return {
    type: 'nshTlv',
    tlvClass: Number.parseInt(parts[1]!, 16),
    tlvType: Number(parts[2]),
    data: Buffer.from(parts[3]!, 'hex'),
  };
}

/** How many name spaces packet types have. */
const NAMESPACES = 5;

function parseDecap(span: Span): ActionInit {
  let newPktType: number = PacketType.USE_NEXT_PROTO;
  parseWords(span, 'decap', {
    packet_type: (value) => (newPktType = parsePacketType(value)),
  });
  return { type: 'nxDecap', newPktType };
}

function parsePacketType(span: Span): number {
  const [ns, type, extra] = keyValues(span);
  if (ns?.key.text !== 'ns' || type?.key.text !== 'type' || extra !== undefined) {
    throw (extra?.key ?? span).error('packet_type is written packet_type(ns=NUMBER,type=NUMBER)');
  }
  const namespace = parseArgument(ns.value, 16, 'the name space');
  if (namespace >= NAMESPACES) throw ns.value.error(`no packet type has the name space ${namespace}`);
  return namespace * 0x1_0000 + parseArgument(type.value, 16, 'the type');
}
