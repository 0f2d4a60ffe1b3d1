import { isIpv4, isIpv6, readIpv6, writeIpv6 } from '../../../util/ip.ts';
import type { ActionInit } from '../../actions/action.ts';
import { CtFlag } from '../../actions/nicira/conntrack.ts';
import { NatFlag } from '../../actions/nicira/nat.ts';
import { toBits } from '../../oxm/field-bits.ts';
import type { Subfield } from '../../oxm/subfield.ts';
import { parseTable } from '../names.ts';
import { parseNumber } from '../numbers.ts';
import type { Span } from '../span.ts';
import { checkCount, parseShortReference } from '../subfield.ts';
import { HELPERS } from './format-connection.ts';
import { type ActionContext, type ActionParsers, bareAction, parseWords } from './parse-action.ts';

/** The actions of connection tracking. */
export const connectionParsers: ActionParsers = {
  ct: parseCt,
  ct_clear: bareAction({ type: 'nxCtClear' }),
  nat: parseNat,
};

/** NX_CT_RECIRC_NONE. */
const NO_TABLE = 0xff;

function parseCt(span: Span, context: ActionContext): ActionInit {
  let flags = 0;
  let zone: number | Subfield = 0;
  let recircTable: number | undefined;
  let alg = 0;
  const actions: ActionInit[] = [];
  parseWords(span, 'ct', {
    commit: () => (flags |= CtFlag.COMMIT),
    force: () => (flags |= CtFlag.FORCE),
    table(value) {
      recircTable = parseTable(value);
      if (recircTable === NO_TABLE) throw value.error('a packet cannot go on in table 255');
    },
    zone: (value) => (zone = parseZone(value)),
    alg: (value) => (alg = parseHelper(value)),
    nat: (value) => actions.push(parseNat(value)),
    exec: (value) => actions.push(...context.nested(value, 'ct')),
  });
  if ((flags & CtFlag.FORCE) !== 0 && (flags & CtFlag.COMMIT) === 0) {
    throw span.error("ct(force) needs 'commit' too");
  }
  return { type: 'nxCt', flags, zone, ...(recircTable !== undefined && { recircTable }), alg, actions };
}

function parseZone(span: Span): number | Subfield {
  if (/^\d/.test(span.text)) return parseNumber(span, 16, 'the zone');
  const zone = parseShortReference(span);
  checkCount(span, zone);
  return zone;
}

function parseHelper(span: Span): number {
  const port = HELPERS.get(span.text);
  if (port !== undefined) return port;
  throw span.error(`alg is one of ${[...HELPERS.keys()].join(', ')}, got '${span.text}'`);
}

function parseNat(span: Span): ActionInit {
  let flags = 0;
  let range = {};
  parseWords(span, 'nat', {
    src(value) {
      flags |= NatFlag.SRC;
      range = parseRange(value);
    },
    dst(value) {
      flags |= NatFlag.DST;
      range = parseRange(value);
    },
    persistent: () => (flags |= NatFlag.PERSISTENT),
    hash: () => (flags |= NatFlag.PROTO_HASH),
    random: () => (flags |= NatFlag.PROTO_RANDOM),
  });
  const both = NatFlag.SRC | NatFlag.DST;
  if ((flags & both) === both) throw span.error('nat takes src or dst, not both');
  if (flags !== 0 && (flags & both) === 0) throw span.error('nat takes flags with src or dst only');
  const ports = NatFlag.PROTO_HASH | NatFlag.PROTO_RANDOM;
  if ((flags & ports) === ports) throw span.error('nat takes hash or random, not both');
  return { type: 'nxNat', flags, ...range };
}

/** What a range of addresses and ports begins with. */
const RANGE =
  /^(\[[^\]]*\]|[\d.]+(?=[-:]|$)|[\da-f:.]+)(?:-(\[[^\]]*\]|[\d.]+(?=:|$)|[\da-f:.]+))?(?::(\d+)(?:-(\d+))?)?$/i;

/** Reads `10.0.0.1-10.0.0.9:80-90`, or the same with IPv6 addresses, in brackets where ports follow. */
function parseRange(span: Span): Record<string, string | number> {
  if (span.isEmpty) return {};
  const parts = RANGE.exec(span.text);
  const least = parts?.[1]?.replace(/^\[|\]$/g, '') ?? '';
  const kind = isIpv4(least) ? 'ipv4' : isIpv6(least) ? 'ipv6' : undefined;
  if (parts === null || kind === undefined) {
    throw span.error(`a range is ADDRESS[-ADDRESS][:PORT[-PORT]], got '${span.text}'`);
  }
  const most = parts[2]?.replace(/^\[|\]$/g, '');
  const addresses = { ...bound(span, kind, 'Min', least), ...(most && bound(span, kind, 'Max', most)) };
  if (most !== undefined && addressBits(kind, most) < addressBits(kind, least)) {
    throw span.error('the range ends before it begins');
  }
  const [protoMin, protoMax] = [Number(parts[3] ?? 0), Number(parts[4] ?? 0)];
  if (protoMin > 0xffff || protoMax > 0xffff) throw span.error('a port has 16 bits');
  if (parts[4] !== undefined && protoMax < protoMin) throw span.error('the ports end before they begin');
  return { ...addresses, ...(protoMin && { protoMin }), ...(protoMax && { protoMax }) };
}

/** One end of a range, unless it is all zero, which says nothing. */
function bound(span: Span, kind: 'ipv4' | 'ipv6', end: 'Min' | 'Max', text: string): Record<string, string> {
  if (!(kind === 'ipv4' ? isIpv4(text) : isIpv6(text)))
    throw span.error(`'${text}' is not of the same family`);
  return addressBits(kind, text) === 0n ? {} : { [`${kind}${end}`]: kind === 'ipv4' ? text : shortest(text) };
}

function addressBits(kind: 'ipv4' | 'ipv6', text: string): bigint {
  return toBits(kind === 'ipv4' ? 'ipv4Src' : 'ipv6Src', text);
}

function shortest(text: string): string {
  const bytes = new Uint8Array(16);
  writeIpv6(bytes, 0, text);
  return readIpv6(bytes, 0);
}
