import type { ActionInit } from '../../actions/action.ts';
import type { BundleAlgorithm, HashFields, MultipathAlgorithm } from '../../actions/nicira/multipath.ts';
import type { Subfield } from '../../oxm/subfield.ts';
import { parsePort } from '../names.ts';
import type { Span } from '../span.ts';
import { checkCount, parseShortReference } from '../subfield.ts';
import { ALGORITHMS, HASH_FIELDS } from './format-connection.ts';
import {
  type ActionContext,
  type ActionParsers,
  bareAction,
  parseArgument,
  parseDecimal,
  parseName,
  parseWords,
} from './parse-action.ts';

/** Actions that spread packets over links, and those that steer what is done with the flow. */
export const spreadParsers: ActionParsers = {
  multipath: parseMultipath,
  bundle: (value) => ({ type: 'nxBundle', ...parseBundle(value, false) }),
  bundle_load: (value) => {
    const { dst, ...bundle } = parseBundle(value, true);
    return { type: 'nxBundleLoad', ...bundle, dst: dst! };
  },
  set_queue: (value) => ({ type: 'setQueue', queueId: parseArgument(value, 32, 'the queue') }),
  pop_queue: bareAction({ type: 'nxPopQueue' }),
  exit: bareAction({ type: 'nxExit' }),
  fin_timeout: parseFinTimeout,
  conjunction: parseConjunction,
  clone: (value, context: ActionContext) => ({ type: 'nxClone', actions: context.nested(value, 'clone') }),
};

const MULTIPATH_ALGORITHMS = only<MultipathAlgorithm>('moduloN', 'hashThreshold', 'hrw', 'iterHash');
const BUNDLE_ALGORITHMS = only<BundleAlgorithm>('activeBackup', 'hrw');
const MAX_LINKS = 0x1_0000;
/** BUNDLE_MAX_MEMBERS. */
const MAX_MEMBERS = 2048;

function only<Name extends string>(...names: readonly Name[]): ReadonlyMap<Name, string> {
  return new Map(names.map((name) => [name, ALGORITHMS.get(name)!]));
}

function parseMultipath(span: Span): ActionInit {
  const [fields, basis, algorithm, links, arg, dst] = span.words(', ');
  if (dst === undefined) {
    throw span.error('multipath is written multipath(FIELDS,BASIS,ALGORITHM,LINKS,ARG,FIELD[])');
  }
  const count = parseDecimal(links!, 32, 'the number of links');
  if (count < 1 || count > MAX_LINKS) throw links!.error(`there are 1 to ${MAX_LINKS} links, got ${count}`);
  const target = parseShortReference(dst);
  checkCount(dst, target);
  if (target.bits < 16 && count > 1 << target.bits)
    throw dst.error(`${dst.text} cannot tell ${count} links apart`);
  return {
    type: 'nxMultipath',
    fields: parseName(fields!, HASH_FIELDS as ReadonlyMap<HashFields, string>, 'what is hashed'),
    basis: parseDecimal(basis!, 16, 'the basis'),
    algorithm: parseName(algorithm!, MULTIPATH_ALGORITHMS, 'the algorithm'),
    maxLink: count - 1,
    arg: parseDecimal(arg!, 32, 'the argument'),
    dst: target,
  };
}

interface Bundle {
  readonly fields: HashFields;
  readonly basis: number;
  readonly algorithm: BundleAlgorithm;
  readonly members: readonly number[];
  readonly dst?: Subfield;
}

function parseBundle(span: Span, hasTarget: boolean): Bundle {
  const [head, list] = splitMembers(span, hasTarget);
  const words = head.words(', ');
  const [fields, basis, algorithm, type, dst] = words;
  if (type === undefined || (hasTarget && dst === undefined)) throw span.error(bundleForm(hasTarget));
  const extra = words[hasTarget ? 5 : 4];
  if (extra !== undefined) throw extra.error(`expected members:PORT,PORT, got '${extra.text}'`);
  if (type.text.toLowerCase() !== 'ofport')
    throw type.error(`members are of type ofport, got '${type.text}'`);
  const target = dst === undefined ? undefined : parseShortReference(dst);
  if (target !== undefined) checkCount(dst!, target);
  const members = list.words(', []');
  if (members.length > MAX_MEMBERS) throw list.error(`a bundle has up to ${MAX_MEMBERS} members`);
  return {
    fields: parseName(fields!, HASH_FIELDS as ReadonlyMap<HashFields, string>, 'what is hashed'),
    basis: parseDecimal(basis!, 16, 'the basis'),
    algorithm: parseName(algorithm!, BUNDLE_ALGORITHMS, 'the algorithm'),
    members: members.map((member) => parsePort(member)),
    ...(target !== undefined && { dst: target }),
  };
}

function splitMembers(span: Span, hasTarget: boolean): [head: Span, members: Span] {
  const parts = /[,\s][\s:]*(?:members|slaves)(?:[:\s]|$)/i.exec(span.text);
  if (parts === null) throw span.error(bundleForm(hasTarget));
  if (/[,\s]$/.test(span.text.slice(0, parts.index))) throw span.error(bundleForm(hasTarget), parts.index);
  return [span.slice(0, parts.index), span.slice(parts.index + parts[0].length)];
}

function bundleForm(hasTarget: boolean): string {
  const name = hasTarget ? 'bundle_load' : 'bundle';
  return `${name} is written ${name}(FIELDS,BASIS,ALGORITHM,ofport,${hasTarget ? 'FIELD[],' : ''}members:PORT,PORT)`;
}

function parseFinTimeout(span: Span): ActionInit {
  let finIdleTimeout = 0;
  let finHardTimeout = 0;
  parseWords(span, 'fin_timeout', {
    idle_timeout: (value) => (finIdleTimeout = parseArgument(value, 16, 'idle_timeout')),
    hard_timeout: (value) => (finHardTimeout = parseArgument(value, 16, 'hard_timeout')),
  });
  return { type: 'nxFinTimeout', finIdleTimeout, finHardTimeout };
}

const MAX_CLAUSES = 64;

function parseConjunction(span: Span): ActionInit {
  const parts = /^(\s*-?\w+)(\s*,\s*)(\d+)(\s*\/\s*)(\d+)\s*$/.exec(span.text);
  if (parts === null) throw span.error('conjunction is written conjunction(ID,CLAUSE/CLAUSES)');
  const [idSize = 0, comma = 0, clauseSize = 0, slash = 0] = parts.slice(1).map(({ length }) => length);
  const id = parseArgument(span.slice(0, idSize), 32, 'the id');
  const [clause, nClauses] = [Number(parts[3]), Number(parts[5])];
  const clauseAt = idSize + comma;
  if (nClauses < 2 || nClauses > MAX_CLAUSES)
    throw span.error(`there are 2 to ${MAX_CLAUSES} clauses`, clauseAt + clauseSize + slash);
  if (clause < 1 || clause > nClauses) throw span.error(`a clause is 1 to ${nClauses}`, clauseAt);
  return { type: 'nxConjunction', id, clause: clause - 1, nClauses };
}
