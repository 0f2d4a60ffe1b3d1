import { CtFlag, type NxCt } from '../../actions/nicira/conntrack.ts';
import type { NxSpreadAction } from '../../actions/nicira/multipath.ts';
import { NatFlag, type NxNat } from '../../actions/nicira/nat.ts';
import type { Enumerated } from '../../wire/enumeration.ts';
import { formatPort } from '../names.ts';
import { formatSubfield } from '../subfield.ts';
import type { ActionFormats, FormatActions } from './format-action.ts';

/** Protocols whose related connections `ct` can find, by their well-known port. */
export const HELPERS: ReadonlyMap<string, number> = new Map([
  ['ftp', 21],
  ['tftp', 69],
]);

/** What `multipath` and `bundle` hash, by our names for it. */
export const HASH_FIELDS: ReadonlyMap<string, string> = new Map([
  ['ethSrc', 'eth_src'],
  ['symmetricL4', 'symmetric_l4'],
  ['symmetricL3L4', 'symmetric_l3l4'],
  ['symmetricL3L4Udp', 'symmetric_l3l4+udp'],
  ['nwSrc', 'nw_src'],
  ['nwDst', 'nw_dst'],
  ['symmetricL3', 'symmetric_l3'],
]);

/** How they choose. */
export const ALGORITHMS: ReadonlyMap<string, string> = new Map([
  ['moduloN', 'modulo_n'],
  ['hashThreshold', 'hash_threshold'],
  ['hrw', 'hrw'],
  ['iterHash', 'iter_hash'],
  ['activeBackup', 'active_backup'],
]);

/** The actions of connection tracking, and those that spread packets over links. */
export const connectionFormats: ActionFormats<NxCt['type'] | NxNat['type'] | NxSpreadAction['type']> = {
  nxCt: formatCt,
  nxNat: formatNat,
  nxMultipath: ({ fields, basis, algorithm, maxLink, arg, dst }) => {
    const choice = `${name(HASH_FIELDS, fields)},${basis},${name(ALGORITHMS, algorithm)}`;
    return `multipath(${choice},${maxLink + 1},${arg},${formatSubfield(dst)})`;
  },
  nxBundle: (action) => `bundle(${bundleHead(action)},${bundleMembers(action)})`,
  nxBundleLoad: (action) =>
    `bundle_load(${bundleHead(action)},${formatSubfield(action.dst)},${bundleMembers(action)})`,
};

function formatCt({ flags, recircTable, zone, actions, alg }: NxCt, formatAll: FormatActions): string {
  const words = [];
  if ((flags & CtFlag.COMMIT) !== 0) words.push('commit');
  if ((flags & CtFlag.FORCE) !== 0) words.push('force');
  if (recircTable !== undefined) words.push(`table=${recircTable}`);
  if (typeof zone !== 'number') words.push(`zone=${formatSubfield(zone)}`);
  else if (zone !== 0) words.push(`zone=${zone}`);
  const [first, ...rest] = actions;
  const nat = first?.type === 'nxNat' ? first : undefined;
  if (nat !== undefined) words.push(formatNat(nat));
  const others = nat === undefined ? actions : rest;
  if (others.length > 0) words.push(`exec(${formatAll(others)})`);
  if (alg !== 0) words.push(`alg=${[...HELPERS].find(([, port]) => port === alg)?.[0] ?? alg}`);
  return `ct(${words.join(',')})`;
}

function formatNat(action: NxNat): string {
  const { flags } = action;
  if ((flags & (NatFlag.SRC | NatFlag.DST)) === 0) return 'nat';
  const direction = (flags & NatFlag.SRC) !== 0 ? 'src' : 'dst';
  const range = natRange(action);
  if (range === '') return `nat(${direction})`;
  const words = [`${direction}=${range}`];
  if ((flags & NatFlag.PERSISTENT) !== 0) words.push('persistent');
  if ((flags & NatFlag.PROTO_HASH) !== 0) words.push('hash');
  if ((flags & NatFlag.PROTO_RANDOM) !== 0) words.push('random');
  return `nat(${words.join(',')})`;
}

function natRange({ ipv4Min, ipv4Max, ipv6Min, ipv6Max, protoMin, protoMax }: NxNat): string {
  const hasPorts = protoMin !== undefined && protoMin !== 0;
  const bracket = (address: string) => (hasPorts && ipv6Min !== undefined ? `[${address}]` : address);
  const least = ipv4Min ?? ipv6Min;
  if (least === undefined) return '';
  const most = ipv4Min === undefined ? ipv6Max : ipv4Max;
  const isUnset = most === undefined || most === '0.0.0.0' || most === '::';
  const addresses = isUnset || most === least ? bracket(least) : `${bracket(least)}-${bracket(most)}`;
  if (!hasPorts) return addresses;
  const isRange = protoMax !== undefined && protoMax !== 0 && protoMax !== protoMin;
  return `${addresses}:${protoMin}${isRange ? `-${protoMax}` : ''}`;
}

function bundleHead({ fields, basis, algorithm }: Exclude<NxSpreadAction, { type: 'nxMultipath' }>): string {
  return `${name(HASH_FIELDS, fields)},${basis},${name(ALGORITHMS, algorithm)},ofport`;
}

function bundleMembers({ members }: Exclude<NxSpreadAction, { type: 'nxMultipath' }>): string {
  return `members:${members.map(formatPort).join(',')}`;
}

function name(names: ReadonlyMap<string, string>, value: Enumerated<string>): string {
  return names.get(String(value)) ?? '<unknown>';
}
