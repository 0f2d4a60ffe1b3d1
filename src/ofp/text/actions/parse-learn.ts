import type { ActionInit } from '../../actions/action.ts';
import { LearnFlag, type NxLearn2Init } from '../../actions/nicira/learn.ts';
import type { LearnSpecInit } from '../../actions/nicira/learn-spec.ts';
import type { FieldBit } from '../../oxm/subfield.ts';
import { parseExactValue, parseWide } from '../field-value.ts';
import { allOnes } from '../flow-key.ts';
import { parseTable } from '../names.ts';
import { parseBits } from '../numbers.ts';
import { type KeyValue, keyValues, type Span } from '../span.ts';
import { parseReference, parseShortReference, parseSubfield, type TextSubfield } from '../subfield.ts';
import { didYouMean, TextError } from '../text-error.ts';
import { type ActionParsers, parseDecimal, splitArrow } from './parse-action.ts';

/** The action that adds flows. */
export const learnParsers: ActionParsers = { learn: parseLearn };

const DEFAULT_PRIORITY = 0x8000;
const DEFAULT_TABLE = 1;
const ALL_TABLES = 0xff;

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Learnt = Writable<Omit<NxLearn2Init, 'type' | 'specs'>>;

/** The words that are not about fields. */
const PROPERTIES: Readonly<Record<string, (value: Span, learnt: Learnt) => void>> = {
  table(value, learnt) {
    learnt.tableId = parseTable(value);
    if (learnt.tableId === ALL_TABLES) throw value.error('no flow can be learnt in table 255');
  },
  priority: (value, learnt) => (learnt.priority = parseDecimal(value, 16, 'the priority')),
  idle_timeout: (value, learnt) => (learnt.idleTimeout = parseDecimal(value, 16, 'idle_timeout')),
  hard_timeout: (value, learnt) => (learnt.hardTimeout = parseDecimal(value, 16, 'hard_timeout')),
  fin_idle_timeout: (value, learnt) => (learnt.finIdleTimeout = parseDecimal(value, 16, 'fin_idle_timeout')),
  fin_hard_timeout: (value, learnt) => (learnt.finHardTimeout = parseDecimal(value, 16, 'fin_hard_timeout')),
  cookie: (value, learnt) => (learnt.cookie = parseBits(value, 64, 'the cookie')),
  send_flow_rem: (_value, learnt) => (learnt.flags = (learnt.flags ?? 0) | LearnFlag.SEND_FLOW_REM),
  delete_learned: (_value, learnt) => (learnt.flags = (learnt.flags ?? 0) | LearnFlag.DELETE_LEARNED),
  limit: (value, learnt) => (learnt.limit = parseDecimal(value, 32, 'the limit')),
  result_dst: (value, learnt) => (learnt.resultDst = parseResult(value)),
};

function parseLearn(span: Span): ActionInit {
  const learnt: Learnt = {
    tableId: DEFAULT_TABLE,
    priority: DEFAULT_PRIORITY,
    idleTimeout: 0,
    hardTimeout: 0,
    finIdleTimeout: 0,
    finHardTimeout: 0,
    cookie: 0,
    flags: 0,
    limit: 0,
  };
  const specs: LearnSpecInit[] = [];
  for (const word of keyValues(span)) {
    const name = word.key.text;
    if (Object.hasOwn(PROPERTIES, name)) PROPERTIES[name]!(word.value, learnt);
    else specs.push(parseSpec(word));
  }
  const { limit, resultDst, ...rest } = learnt;
  if (limit === 0 && resultDst === undefined) return { type: 'nxLearn', ...rest, specs };
  return { type: 'nxLearn2', ...learnt, specs };
}

function parseResult(span: Span): FieldBit {
  const { field, start, bits } = parseReference(span);
  if (!parseSubfield(span).field.writable) throw span.error(`${span.text} can be read, not written`);
  if (bits === 1) return { field, start };
  throw span.error(`result_dst is one bit, ${span.text} has ${bits}`);
}

function parseSpec({ key, value }: KeyValue): LearnSpecInit {
  if (key.text === 'load') return parseLoadSpec(value);
  if (key.text === 'output') return { type: 'output', src: parseShortReference(value) };
  const target = targetOf(key);
  const dst = parseShortReference(key);
  if (value.isEmpty) return { type: 'match', src: dst, dst };
  if (isReference(value)) {
    const src = parseShortReference(value);
    if (src.bits === dst.bits) return { type: 'match', src, dst };
    throw value.error(`${value.text} has ${src.bits} bits, ${key.text} has ${dst.bits}`);
  }
  return { type: 'match', src: { value: parseMatchValue(value, target) }, dst };
}

/** What a word is about: a field, unless it is a property that is written wrong. */
function targetOf(key: Span): TextSubfield {
  try {
    return parseSubfield(key);
  } catch (error) {
    if (!(error instanceof TextError) || key.text.includes('[')) throw error;
    const near = didYouMean(key.text, [...Object.keys(PROPERTIES), 'load', 'output']);
    if (near === '') throw error;
    throw key.error(`learn has no '${key.text}'${near}`);
  }
}

function isReference(span: Span): boolean {
  try {
    parseSubfield(span);
    return true;
  } catch {
    return false;
  }
}

function parseMatchValue(span: Span, { field, offset, bits }: TextSubfield): bigint {
  if (offset === 0 && bits === field.bits) return parseExactValue(field, span);
  const value = parseWide(field, span);
  if (value <= allOnes(bits)) return value;
  throw span.error(`${bits} bits of ${field.name} cannot be ${span.text}`);
}

function parseLoadSpec(span: Span): LearnSpecInit {
  const [source, target] = splitArrow(span, 'load');
  const dst = parseShortReference(target);
  if (/^\d/.test(source.text)) {
    const value = parseWide(parseSubfield(target).field, source);
    if (value <= allOnes(dst.bits)) return { type: 'load', src: { value }, dst };
    throw source.error(`${target.text} has ${dst.bits} bits, got ${source.text}`);
  }
  const src = parseShortReference(source);
  if (src.bits === dst.bits) return { type: 'load', src, dst };
  throw span.error(`${source.text} has ${src.bits} bits, ${target.text} has ${dst.bits}`);
}
