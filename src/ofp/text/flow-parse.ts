import type { U64 } from '../../util/u64.ts';
import type { InstructionInit } from '../instruction.ts';
import { type FlowModCommand, FlowModFlag, type FlowModInit } from '../messages/flow-mod.ts';
import { GroupNo, PortNo } from '../ports.ts';
import { parseInstructionList } from './actions/parse.ts';
import { splitCommand } from './command.ts';
import { FlowKey } from './flow-key.ts';
import { finishKey, matchWords, parseMatchWord } from './match-parse.ts';
import { matchOfKey } from './match-write.ts';
import { parseGroupId, parsePort, parseTable } from './names.ts';
import { parseBits, parseNumber } from './numbers.ts';
import { type KeyValue, keyValues, Span } from './span.ts';
import { didYouMean } from './text-error.ts';

/** Commands by the words that stand for them. */
const COMMANDS: ReadonlyMap<string, FlowModCommand> = new Map([
  ['add', 'add'],
  ['modify', 'modify'],
  ['modify_strict', 'modifyStrict'],
  ['delete', 'delete'],
  ['delete_strict', 'deleteStrict'],
]);

/** Words of `dump-flows` that say nothing of what the flow is. */
const PASSED_OVER = new Set([
  'duration',
  'n_packets',
  'n_bytes',
  'idle_age',
  'hard_age',
  'no_readonly_table',
  'allow_hidden_fields',
]);

const DEFAULT_PRIORITY = 0x8000;
const ALL_TABLES = 0xff;

/** What the words of a flow come to. */
interface Draft {
  readonly command: FlowModCommand;
  readonly key: FlowKey;
  tableId: number | undefined;
  priority: number;
  cookie: U64;
  cookieMask: U64;
  idleTimeout: number;
  hardTimeout: number;
  outPort: number;
  outGroup: number;
  flags: number;
}

type TakeWord = (draft: Draft, word: KeyValue) => void;

const always: Readonly<Record<string, TakeWord>> = {
  table: (draft, { value }) => (draft.tableId = parseTable(value)),
  cookie: takeCookie,
};
const timeouts: Readonly<Record<string, TakeWord>> = {
  idle_timeout: (draft, { value }) => (draft.idleTimeout = parseNumber(value, 16, 'idle_timeout')),
  hard_timeout: (draft, { value }) => (draft.hardTimeout = parseNumber(value, 16, 'hard_timeout')),
};
/** Words that have no value. */
const flags: Readonly<Record<string, TakeWord>> = {
  send_flow_rem: flag(FlowModFlag.SEND_FLOW_REM),
  check_overlap: flag(FlowModFlag.CHECK_OVERLAP),
  reset_counts: flag(FlowModFlag.RESET_COUNTS),
  no_packet_counts: flag(FlowModFlag.NO_PKT_COUNTS),
  no_byte_counts: flag(FlowModFlag.NO_BYT_COUNTS),
};
const priority: Readonly<Record<string, TakeWord>> = {
  priority: (draft, { value }) => (draft.priority = parseNumber(value, 16, 'the priority')),
};
const outputs: Readonly<Record<string, TakeWord>> = {
  out_port: (draft, { value }) => (draft.outPort = parsePort(value)),
  out_group: (draft, { value }) => (draft.outGroup = parseGroupId(value)),
};

/** The words that each command takes beside the match. */
const WORDS: Readonly<Record<FlowModCommand, Readonly<Record<string, TakeWord>>>> = {
  add: { ...always, ...priority, ...timeouts, ...flags },
  modify: { ...always, ...priority, ...timeouts, ...flags },
  modifyStrict: { ...always, ...priority, ...timeouts, ...flags },
  delete: { ...always, ...outputs },
  deleteStrict: { ...always, ...priority, ...outputs },
};

/**
 * Reads a flow as ovs-ofctl does (ovs-ofctl(8)): `table=0,priority=1,in_port=1,actions=output:2`. The flow-mod encodes
 * to the bytes that ovs-ofctl sends.
 * @param command what to do with the flow, unless the text begins with `add`, `modify`, `modify_strict`, `delete` or
 *   `delete_strict`
 * @throws TextError `OFP_TEXT_INVALID`; also when the actions do not fit the match, or a field of the match needs others
 */
export function parseFlow(text: string, command: FlowModCommand = 'add'): FlowModInit {
  const [chosen, rest] = splitCommand(new Span(text), COMMANDS, command);
  const draft = newDraft(chosen);
  const hasActions = chosen !== 'delete' && chosen !== 'deleteStrict';
  const [words, actions] = hasActions ? splitActions(rest) : [rest, undefined];
  const said = keyValues(words);
  for (const word of said) takeWord(draft, word);
  finishKey(draft.key, said);
  const instructions = actions === undefined ? [] : parseInstructionList(actions, draft.key);
  checkGotoTable(draft, instructions, actions);
  return flowModOf(draft, instructions);
}

function newDraft(command: FlowModCommand): Draft {
  return {
    command,
    key: new FlowKey(),
    tableId: undefined,
    priority: DEFAULT_PRIORITY,
    cookie: 0,
    cookieMask: 0,
    idleTimeout: 0,
    hardTimeout: 0,
    outPort: PortNo.ANY,
    outGroup: GroupNo.ANY,
    flags: 0,
  };
}

/** Actions begin behind the first `action` and the `=` that follows it. */
function splitActions(span: Span): [words: Span, actions: Span] {
  const { text } = span;
  const at = text.indexOf('action');
  const equals = at < 0 ? -1 : text.indexOf('=', at);
  if (equals < 0) throw span.error('a flow needs actions=…, or actions=drop', text.length);
  return [span.slice(0, at), span.slice(equals + 1)];
}

function takeWord(draft: Draft, word: KeyValue): void {
  const name = word.key.text;
  const words = WORDS[draft.command];
  if (PASSED_OVER.has(name)) return;
  if (Object.hasOwn(words, name)) {
    if (word.value.isEmpty && !Object.hasOwn(flags, name)) {
      throw word.key.error(`${name} needs a value`, name.length);
    }
    words[name]!(draft, word);
  } else if (!parseMatchWord(draft.key, word)) {
    const near =
      name === 'actions' ? '' : didYouMean(name, [...Object.keys(words), ...matchWords(), 'actions']);
    throw word.key.error(`${nowhere(draft.command, name)}${near}`);
  }
}

/** Deletes share their words with dumps, which only look. */
function nowhere(command: FlowModCommand, name: string): string {
  const isLooking = command === 'delete' || command === 'deleteStrict';
  return isLooking
    ? `flows are not looked for by '${name}'`
    : `'${name}' has no place in a flow to ${command}`;
}

function takeCookie(draft: Draft, { value, key }: KeyValue): void {
  const isAdd = draft.command === 'add';
  const isDelete = draft.command === 'delete' || draft.command === 'deleteStrict';
  const [cookie, mask] = value.split('/') ?? [value, undefined];
  if (mask !== undefined && isAdd) throw mask.error('a flow that is added has no cookie mask');
  if (mask === undefined && isDelete) {
    throw key.error(`a cookie to look for is written with a mask: cookie=${value.text}/-1`);
  }
  const bits = parseBits(cookie, 64, 'the cookie');
  if (mask !== undefined) {
    const maskBits = parseBits(mask, 64, 'the cookie mask');
    draft.cookie = bits & maskBits;
    draft.cookieMask = maskBits;
  } else if (isAdd) draft.cookie = bits;
}

function flag(bit: number): TakeWord {
  return (draft) => (draft.flags |= bit);
}

function checkGotoTable(draft: Draft, instructions: readonly InstructionInit[], actions?: Span): void {
  const last = instructions.at(-1);
  if (last?.type !== 'gotoTable' || actions === undefined) return;
  const table = draft.tableId ?? ALL_TABLES;
  if (last.tableId === ALL_TABLES || (table !== ALL_TABLES && last.tableId <= table)) {
    const at = actions.text.toLowerCase().lastIndexOf('goto_table');
    throw actions.error(
      `goto_table leads to a later table than ${draft.tableId ?? 0}, not ${last.tableId}`,
      at,
    );
  }
}

/** Leaves out what has its usual value, so that a flow is as short as it was written. */
function flowModOf({ key, tableId, ...draft }: Draft, instructions: readonly InstructionInit[]): FlowModInit {
  const isDelete = draft.command === 'delete' || draft.command === 'deleteStrict';
  const table = isDelete ? (tableId ?? ALL_TABLES) : tableId === ALL_TABLES ? 0 : (tableId ?? 0);
  return { type: 'flowMod', tableId: table, ...draft, match: matchOfKey(key), instructions };
}
