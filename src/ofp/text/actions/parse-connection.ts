import { isIpv4, isIpv6, readIpv6, writeIpv6 } from '../../../util/ip.ts';
import type { ActionInit } from '../../actions/action.ts';
import { CtFlag } from '../../actions/nicira/conntrack.ts';
import { NatFlag } from '../../actions/nicira/nat.ts';
import { toBits } from '../../oxm/field-bits.ts';
import type { Subfield } from '../../oxm/subfield.ts';
import { parseTable } from '../names.ts';
import { parseNumber } from '../numbers.ts';
import type { KeyValue, Span } from '../span.ts';
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
  let force: Span | undefined;
  let recircTable: number | undefined;
  let alg = 0;
  const actions: ActionInit[] = [];
  parseWords(span, 'ct', {
    commit: () => (flags |= CtFlag.COMMIT),
    force(_, { key }) {
      flags |= CtFlag.FORCE;
      force = key;
    },
    table(value) {
      recircTable = parseTable(value);
      if (recircTable === NO_TABLE) throw value.error('a packet cannot go on in table 255');
    },
    zone: (value) => (zone = parseZone(value)),
    alg: (value) => (alg = parseHelper(value)),
    nat: (value) => actions.push(parseNat(value)),
    exec: (value) => actions.push(...context.nested(value, 'ct')),
  });
  if (force !== undefined && (flags & CtFlag.COMMIT) === 0)
    throw (force as Span).error("ct(force) needs 'commit' too");
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

/** The words of a nat with their flags; those in one list exclude each other. */
const NAT_SIDES: Readonly<Record<string, number>> = { src: NatFlag.SRC, dst: NatFlag.DST };
const NAT_PORTS: Readonly<Record<string, number>> = {
  hash: NatFlag.PROTO_HASH,
  random: NatFlag.PROTO_RANDOM,
};

function parseNat(span: Span): ActionInit {
  let flags = 0;
  let range = {};
  const add = (key: Span, choices: Readonly<Record<string, number>>) => {
    const others = Object.values(choices).reduce((bits, bit) => bits | bit) & ~choices[key.text]!;
    if ((flags & others) !== 0) throw key.error(`nat takes ${Object.keys(choices).join(' or ')}, not both`);
    flags |= choices[key.text]!;
  };
  const side = (value: Span, { key }: KeyValue) => {
    add(key, NAT_SIDES);
    range = parseRange(value);
  };
  parseWords(span, 'nat', {
    src: side,
    dst: side,
    persistent: () => (flags |= NatFlag.PERSISTENT),
    hash: (_, { key }) => add(key, NAT_PORTS),
    random: (_, { key }) => add(key, NAT_PORTS),
  });
  if (flags !== 0 && (flags & (NatFlag.SRC | NatFlag.DST)) === 0) {
    throw span.error('nat takes flags with src or dst only');
  }
  return { type: 'nxNat', flags, ...range };
}

/** What a range of addresses and ports begins with. */
const RANGE =
  /^(\[[^\]]*\]|[\d.]+(?=[-:]|$)|[\da-f:.]+)(?:-(\[[^\]]*\]|[\d.]+(?=:|$)|[\da-f:.]+))?(?::(\d+)(?:-(\d+))?)?$/di;

/** Reads `10.0.0.1-10.0.0.9:80-90`, or the same with IPv6 addresses, in brackets where ports follow. */
function parseRange(span: Span): Record<string, string | number> {
  if (span.isEmpty) return {};
  const parts = RANGE.exec(span.text);
  const [least, most, firstPort, lastPort] = [1, 2, 3, 4].map((index) => {
    const place = parts?.indices?.[index];
    return place && span.slice(...place);
  });
  const kind = least && addressKind(address(least));
  if (least === undefined || kind === undefined) {
    throw span.error(`a range is ADDRESS[-ADDRESS][:PORT[-PORT]], got '${span.text}'`);
  }
  if (most !== undefined && addressKind(address(most)) !== kind) {
    throw most.error(`'${most.text}' is no ${kind === 'ipv4' ? 'IPv4' : 'IPv6'} address`);
  }
  if (most !== undefined && addressBits(kind, address(most)) < addressBits(kind, address(least))) {
    throw most.error('the range ends before it begins');
  }
  const [protoMin, protoMax] = [portNumber(firstPort), portNumber(lastPort)];
  if (lastPort !== undefined && protoMax < protoMin) throw lastPort.error('the ports end before they begin');
  return {
    ...bound(kind, 'Min', least),
    ...(most && bound(kind, 'Max', most)),
    ...(protoMin && { protoMin }),
    ...(protoMax && { protoMax }),
  };
}

/** What stands in brackets, or all of it. */
function address(span: Span): string {
  return span.text.replace(/^\[|\]$/g, '');
}

function addressKind(text: string): 'ipv4' | 'ipv6' | undefined {
  if (isIpv4(text)) return 'ipv4';
  return isIpv6(text) ? 'ipv6' : undefined;
}

function portNumber(span: Span | undefined): number {
  const port = Number(span?.text ?? 0);
  if (port > 0xffff) throw span!.error(`a port has 16 bits, got ${port}`);
  return port;
}

/** One end of a range, unless it is all zero, which says nothing. */
function bound(kind: 'ipv4' | 'ipv6', end: 'Min' | 'Max', span: Span): Record<string, string> {
  const text = address(span);
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
