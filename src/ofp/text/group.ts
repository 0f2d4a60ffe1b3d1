import type { BucketInit } from '../bucket.ts';
import type { GroupSpec } from '../flow-spec.ts';
import {
  type GroupModCommand,
  type GroupModInit,
  type GroupType,
  groupModCommands,
  groupTypes,
} from '../messages/group-mod.ts';
import { GroupNo, PortNo } from '../ports.ts';
import { formatActions } from './actions/format.ts';
import { parseActionWords } from './actions/parse.ts';
import { splitCommand } from './command.ts';
import { formatPort, isReservedPort, parsePort } from './names.ts';
import { parseNumber } from './numbers.ts';
import { type KeyValue, keyValues, Span } from './span.ts';
import { didYouMean } from './text-error.ts';

/** Commands by the words that stand for them. */
const COMMANDS: ReadonlyMap<string, GroupModCommand> = new Map([
  ['add', 'add'],
  ['modify', 'modify'],
  ['add_or_mod', 'addOrModify'],
  ['delete', 'delete'],
]);

const TYPES: ReadonlyMap<string, GroupType> = new Map([
  ['all', 'all'],
  ['select', 'select'],
  ['indirect', 'indirect'],
  ['ff', 'fastFailover'],
  ['fast_failover', 'fastFailover'],
]);

/** Words that OpenFlow 1.5 has for groups, which 1.3 cannot carry. */
const LATER_WORDS = ['selection_method', 'selection_method_param', 'fields', 'command_bucket_id'];

/**
 * Reads a group as ovs-ofctl does (ovs-ofctl(8)):
 * `group_id=1,type=select,bucket=weight:2,actions=output:1,bucket=actions=output:2`.
 * @param command what to do with the group, unless the text begins with `add`, `modify`, `add_or_mod` or `delete`
 * @throws TextError `OFP_TEXT_INVALID`
 */
export function parseGroup(text: string, command: GroupModCommand = 'add'): GroupModInit {
  const [chosen, span] = splitCommand(new Span(text), COMMANDS, command);
  if (chosen === 'delete' && span.text.trim() === '') {
    return { type: 'groupMod', command: chosen, groupId: GroupNo.ALL };
  }
  const [head, ...buckets] = splitBuckets(span);
  const { groupId, groupType } = parseHead(head!, chosen);
  if (chosen === 'delete') {
    if (buckets[0] !== undefined) throw buckets[0].error('a group that is deleted has no buckets');
    return { type: 'groupMod', command: chosen, groupId };
  }
  if (groupType === undefined) throw head!.error('a group needs type=…', head!.text.length);
  if (groupType === 'indirect' && buckets.length > 1)
    throw buckets[1]!.error('an indirect group has one bucket');
  return {
    type: 'groupMod',
    command: chosen,
    groupType,
    groupId,
    buckets: buckets.map((bucket) => parseBucket(bucket, groupType)),
  };
}

/** What stands before the first `bucket=`, and behind each of them. */
function splitBuckets(span: Span): Span[] {
  const parts: Span[] = [];
  let from = 0;
  for (const { 0: word, index } of span.text.matchAll(/bucket=/g)) {
    parts.push(span.slice(from, index));
    from = index + word.length;
  }
  parts.push(span.slice(from));
  return parts;
}

function parseHead(span: Span, command: GroupModCommand): { groupId: number; groupType?: GroupType } {
  let groupId: number | undefined;
  let groupType: GroupType | undefined;
  for (const { key, value } of keyValues(span)) {
    if (key.text === 'group_id') groupId = parseId(value);
    else if (key.text === 'type' && command !== 'delete') groupType = parseType(value);
    else if (LATER_WORDS.includes(key.text)) throw key.error(`OpenFlow 1.3 cannot carry ${key.text}`);
    else
      throw key.error(`a group has no '${key.text}'${didYouMean(key.text, ['group_id', 'type', 'bucket'])}`);
  }
  if (groupId === undefined) throw span.error('a group needs group_id=…', span.text.length);
  return { groupId, ...(groupType !== undefined && { groupType }) };
}

function parseId(span: Span): number {
  if (span.text === 'all') return GroupNo.ALL;
  const groupId = parseNumber(span, 32, 'a group');
  if (groupId <= GroupNo.MAX || groupId === GroupNo.ALL) return groupId;
  throw span.error(`a group is at most ${GroupNo.MAX}, got ${span.text}`);
}

function parseType(span: Span): GroupType {
  const type = TYPES.get(span.text);
  if (type !== undefined) return type;
  throw span.error(`a group's type is one of ${[...TYPES.keys()].join(', ')}, got '${span.text}'`);
}

function parseBucket(span: Span, groupType: GroupType): BucketInit {
  let weight = groupType === 'select' ? 1 : 0;
  let watchPort: number = PortNo.ANY;
  let watchGroup: number = GroupNo.ANY;
  const words: KeyValue[] = [];
  let hasActions = false;
  for (const word of keyValues(span)) {
    const { key, value } = word;
    const name = key.text.toLowerCase();
    if (name === 'weight') weight = parseWeight(value, groupType);
    else if (name === 'watch_port') watchPort = parseWatchPort(value);
    else if (name === 'watch_group') watchGroup = parseWatchGroup(value);
    else if (name === 'bucket_id') throw key.error('OpenFlow 1.3 cannot carry bucket_id');
    else {
      hasActions = true;
      words.push(...(name === 'action' || name === 'actions' ? keyValues(value) : [word]));
    }
  }
  if (!hasActions) throw span.error('a bucket needs actions', span.text.length);
  const isWatching = watchPort !== PortNo.ANY || watchGroup !== GroupNo.ANY;
  if (groupType === 'fastFailover' && !isWatching) {
    throw span.error('a bucket of a fast-failover group needs watch_port or watch_group');
  }
  return { weight, watchPort, watchGroup, actions: parseActionWords(words) };
}

function parseWeight(span: Span, groupType: GroupType): number {
  const weight = parseNumber(span, 16, 'the weight');
  if (weight === 0 || groupType === 'select') return weight;
  throw span.error('only select groups have weights');
}

function parseWatchPort(span: Span): number {
  const port = parsePort(span);
  if (!isReservedPort(port) || port === PortNo.ANY || port === PortNo.CONTROLLER) return port;
  throw span.error('a bucket watches a port by its number');
}

function parseWatchGroup(span: Span): number {
  const groupId = parseNumber(span, 32, 'a group');
  if (groupId <= GroupNo.MAX) return groupId;
  throw span.error(`a group is at most ${GroupNo.MAX}, got ${span.text}`);
}

const TYPE_WORDS = ['all', 'select', 'indirect', 'ff', 'unknown'];
const COMMAND_WORDS: ReadonlyMap<number, string> = new Map([
  [groupModCommands.code('add'), 'ADD'],
  [groupModCommands.code('modify'), 'MOD'],
  [groupModCommands.code('delete'), 'DEL'],
  [groupModCommands.code('addOrModify'), 'ADD_OR_MOD'],
]);

/**
 * Writes a group as ovs-ofctl does (ovs-ofctl(8)): `group_id=1,type=all,bucket=actions=output:1`; a group-mod with
 * `ADD` or the like before it.
 */
export function formatGroup(group: GroupModInit | GroupSpec): string {
  const { groupId, groupType = 'all', buckets = [] } = group;
  const type = groupTypes.code(groupType);
  const name = TYPE_WORDS[Math.min(type, TYPE_WORDS.length - 1)];
  const text = `group_id=${groupId},type=${name}${buckets.map((bucket) => formatBucket(bucket, type)).join('')}`;
  if (!('command' in group)) return text;
  const command = groupModCommands.code(group.command);
  return `${COMMAND_WORDS.get(command) ?? `cmd:${command}`} ${text}`;
}

function formatBucket(bucket: BucketInit, groupType: number): string {
  const { weight = 0, watchPort = PortNo.ANY, watchGroup = GroupNo.ANY, actions } = bucket;
  const words = [];
  if (weight !== (groupType === groupTypes.code('select') ? 1 : 0)) words.push(`weight:${weight}`);
  if (watchPort !== PortNo.ANY) words.push(`watch_port:${formatPort(watchPort)}`);
  if (watchGroup !== GroupNo.ANY) words.push(`watch_group:${watchGroup}`);
  return `,bucket=${[...words, `actions=${formatActions(actions)}`].join(',')}`;
}
