import { UsageError } from '../../util/errors.ts';
import { suggest } from '../../util/suggest.ts';
import type { EndpointWords } from './endpoint-words.ts';

/** The labels of one interface, behind `galago.` or `galago.IFNAME.`. */
const WORDS = ['pod', 'ip', 'mac', 'ifname', 'gateway', 'default-route', 'key'] as const;
type Word = (typeof WORDS)[number];

const PREFIX = 'galago.';
const FIRST_IFNAME = 'eth1';
/** Interfaces that the labels of one container may ask for. */
const MAX_INTERFACES = 16;

/**
 * What the labels of a container ask for: `galago.pod=7` with `galago.ip=10.0.0.1/24`, and for further interfaces
 * `galago.eth2.pod=8` with `galago.eth2.ip=auto`. Nothing for a container without such labels.
 * @throws UsageError `HOST_LABEL_INVALID`
 */
export function readContainerLabels(labels: Readonly<Record<string, string>>): readonly EndpointWords[] {
  const interfaces = new Map<string, Map<Word, string>>();
  for (const [label, value] of Object.entries(labels)) {
    if (!label.startsWith(PREFIX)) continue;
    const rest = label.slice(PREFIX.length);
    const dot = rest.lastIndexOf('.');
    const ifname = dot < 0 ? '' : rest.slice(0, dot);
    const words = interfaces.get(ifname) ?? new Map<Word, string>();
    interfaces.set(ifname, words.set(readWord(label, rest.slice(dot + 1)), value));
  }
  if (interfaces.size > MAX_INTERFACES)
    throw invalid(`they ask for ${interfaces.size} interfaces, at most ${MAX_INTERFACES} can be`);
  const found = [...interfaces].map(([ifname, words]) => readInterface(ifname, words));
  const twice = found.find(({ ifname }, i) => found.findIndex((one) => one.ifname === ifname) < i);
  if (twice !== undefined) throw invalid(`two interfaces are called ${twice.ifname}`);
  return found;
}

function readWord(label: string, text: string): Word {
  const word = WORDS.find((known) => known === text);
  if (word !== undefined) return word;
  const near = suggest(text, WORDS);
  throw invalid(`'${label}' means nothing${near === undefined ? '' : `; did you mean ${near}?`}`);
}

function readInterface(ifname: string, words: ReadonlyMap<Word, string>): EndpointWords {
  const prefix = ifname === '' ? PREFIX : `${PREFIX}${ifname}.`;
  const pod = words.get('pod');
  if (pod === undefined) throw invalid(`${prefix}${[...words.keys()][0]} needs ${prefix}pod beside it`);
  if (ifname !== '' && words.has('ifname')) throw invalid(`${prefix}ifname has the name in it already`);
  return {
    address: words.get('ip') ?? 'auto',
    pod,
    ifname: ifname || (words.get('ifname') ?? FIRST_IFNAME),
    key: words.get('key'),
    mac: words.get('mac'),
    gateway: words.get('gateway'),
    replacesDefaultRoute: readSwitch(`${prefix}default-route`, words.get('default-route') ?? 'false'),
  };
}

function readSwitch(label: string, text: string): boolean {
  if (text === 'true' || text === '') return true;
  if (text === 'false') return false;
  throw invalid(`${label} is true or false, got '${text}'`);
}

function invalid(why: string): UsageError {
  return new UsageError('HOST_LABEL_INVALID', `labels: ${why}`);
}
