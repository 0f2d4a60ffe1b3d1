import { decodeBuckets } from '../../bucket.ts';
import { groupModCommands, groupTypes } from '../../messages/group-mod.ts';
import { GroupNo, PortNo } from '../../ports.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { readActions } from '../check/actions.ts';
import { demand } from '../check/refusal.ts';
import { formatGroup } from '../group.ts';
import { formatGroupId, isSupportedPort } from '../names.ts';
import { duration, hex } from '../numbers.ts';
import { type Form, fixed, open, type WireMessage } from './form.ts';

/** How messages about groups are written, by OFPT_ number. */
export const groupForms: Readonly<Record<number, Form>> = {
  15: open('OFPT_GROUP_MOD', 8, 8, ({ wire, start, end }) => [`\n ${formatGroupMod(wire, start, end)}`]),
};

/** How multiparts about groups are written, by OFPMP_ number: request and reply. */
export const groupMultiparts: Readonly<Record<number, readonly [request: Form, reply: Form]>> = {
  6: [
    fixed('OFPST_GROUP request', 8, ({ wire, body }) => [
      ` group_id=${formatGroupId(wire.view.getUint32(body))}`,
    ]),
    open('OFPST_GROUP reply', 0, 8, printStats),
  ],
  7: [
    fixed('OFPST_GROUP_DESC request', 0, () => [' group_id=ALL']),
    open('OFPST_GROUP_DESC reply', 0, 8, printDescriptions),
  ],
  8: [fixed('OFPST_GROUP_FEATURES request', 0), fixed('OFPST_GROUP_FEATURES reply', 40, printFeatures)],
};

const BUCKET_SIZE = 16;

/** Refuses buckets that Open vSwitch does not take. @throws Refusal */
function checkBuckets(wire: WireView, start: number, end: number): void {
  for (let at = start; at < end; ) {
    demand(end - at >= BUCKET_SIZE, 'OFPGMFC_BAD_BUCKET', 'a bucket has 16 bytes');
    const length = wire.view.getUint16(at);
    demand(
      length >= BUCKET_SIZE && length <= end - at,
      'OFPGMFC_BAD_BUCKET',
      `no bucket is ${length} bytes long`,
    );
    readActions(wire, at + BUCKET_SIZE, at + length);
    demand(isSupportedPort(wire.view.getUint32(at + 4)), 'OFPGMFC_BAD_WATCH', 'no port has such a number');
    at += length;
  }
}

const DELETE = groupModCommands.code('delete');
const INDIRECT = groupTypes.code('indirect');
const SELECT = groupTypes.code('select');
const FAST_FAILOVER = groupTypes.code('fastFailover');
/** OpenFlow 1.5's commands on single buckets, whose numbers Open vSwitch knows in 1.3 too. */
const INSERT_BUCKET = 3;
const REMOVE_BUCKET = 5;
const COMMAND_WORDS: Readonly<Record<number, string>> = {
  [INSERT_BUCKET]: 'INSERT_BUCKET',
  [REMOVE_BUCKET]: 'REMOVE_BUCKET',
};

/** Writes a group-mod. @throws Refusal */
export function formatGroupMod(wire: WireView, start: number, end: number): string {
  const { view, bytes } = wire;
  checkBuckets(wire, start + 16, end);
  const command = view.getUint16(start + 8);
  const type = bytes[start + 10]!;
  const buckets = decodeBuckets(wire, start + 16, end);
  demand(
    command !== DELETE || buckets.length === 0,
    'OFPGMFC_INVALID_GROUP',
    'a group to delete has no buckets',
  );
  const isSingle = buckets.length === 1 || command === DELETE;
  demand(type !== INDIRECT || isSingle, 'OFPGMFC_INVALID_GROUP', 'an indirect group has one bucket');
  demand(type <= FAST_FAILOVER, 'OFPGMFC_BAD_TYPE', `no type of group has the number ${type}`);
  const name = groupModCommands.name(command);
  const isKnown = typeof name === 'string' || COMMAND_WORDS[command] !== undefined;
  demand(isKnown, 'OFPGMFC_BAD_COMMAND', `no command has the number ${command}`);
  demand(
    command !== REMOVE_BUCKET || buckets.length === 0,
    'OFPGMFC_BAD_BUCKET',
    'no buckets to remove are given',
  );
  for (const { weight, watchPort, watchGroup } of buckets) {
    const mayWeigh = type === SELECT || command === INSERT_BUCKET;
    demand(weight === 0 || mayWeigh, 'OFPGMFC_INVALID_GROUP', 'only select groups have weights');
    const isWatching = watchPort !== PortNo.ANY || watchGroup !== GroupNo.ANY;
    if (type === FAST_FAILOVER) demand(isWatching, 'OFPGMFC_INVALID_GROUP', 'a bucket watches nothing');
    else if (type !== SELECT) demand(!isWatching, 'OFPGMFC_WATCH_UNSUPPORTED', 'only some groups watch');
  }
  const group = { groupId: view.getUint32(start + 12), groupType: groupTypes.name(type), buckets };
  const word = COMMAND_WORDS[command];
  if (word === undefined) return formatGroup({ type: 'groupMod', command: name, ...group });
  return `${word} ${formatGroup(group).replace(/,type=[^,]*/, '')}`;
}

const DESC_SIZE = 8;

function* printDescriptions({ wire, body, end }: WireMessage): Iterable<string> {
  for (let at = body; at < end; ) {
    const length = end - at < DESC_SIZE ? 0 : wire.view.getUint16(at);
    demand(length >= DESC_SIZE && length <= end - at, 'OFPBRC_BAD_LEN', 'no length of a group');
    checkBuckets(wire, at + DESC_SIZE, at + length);
    const buckets = decodeBuckets(wire, at + DESC_SIZE, at + length);
    const groupType = groupTypes.name(wire.bytes[at + 2]!);
    yield `\n ${formatGroup({ groupId: wire.view.getUint32(at + 4), groupType, buckets })}`;
    at += length;
  }
}

const STATS_SIZE = 40;
const COUNTER_SIZE = 16;
const UNKNOWN = 0xffff_ffff_ffff_ffffn;

function* printStats({ wire, body, end }: WireMessage): Iterable<string> {
  const { view } = wire;
  for (let at = body; at < end; ) {
    const length = end - at < STATS_SIZE ? 0 : view.getUint16(at);
    const count = Math.floor((length - STATS_SIZE) / COUNTER_SIZE);
    const next = at + STATS_SIZE + count * COUNTER_SIZE;
    if (length < STATS_SIZE || next > end) yield ' ***parse error***';
    demand(length >= STATS_SIZE && next <= end, 'OFPBRC_BAD_LEN', 'no length of the statistics of a group');
    let text = `\n group_id=${view.getUint32(at + 4)},`;
    const seconds = view.getUint32(at + 32);
    if (seconds !== 0xffffffff) text += `duration=${duration(seconds, view.getUint32(at + 36))},`;
    text += `ref_count=${view.getUint32(at + 8)},packet_count=${view.getBigUint64(at + 16)},`;
    text += `byte_count=${view.getBigUint64(at + 24)}`;
    for (let index = 0; index < count; index++) {
      const packets = view.getBigUint64(at + STATS_SIZE + index * COUNTER_SIZE);
      if (packets === UNKNOWN) continue;
      const bytes = view.getBigUint64(at + STATS_SIZE + index * COUNTER_SIZE + 8);
      text += `,bucket${index}:packet_count=${packets},byte_count=${bytes}`;
    }
    yield text;
    at = next;
  }
}

const TYPE_NAMES = ['all', 'select', 'indirect', 'fast failover'];

/** OFPAT_ numbers that Open vSwitch tells of, in the order in which it does. */
const ACTION_ORDER: readonly [code: number, name: string][] = [
  [0, 'output'],
  [22, 'group'],
  [25, 'set_field'],
  [18, 'strip_vlan'],
  [17, 'push_vlan'],
  [23, 'mod_nw_ttl'],
  [24, 'dec_ttl'],
  [15, 'set_mpls_ttl'],
  [16, 'dec_mpls_ttl'],
  [19, 'push_mpls'],
  [20, 'pop_mpls'],
  [21, 'set_queue'],
];

/** Writes a bitmap of OFPAT_ numbers. */
export function formatActionTypes(bits: number): string {
  const names = ACTION_ORDER.flatMap(([code, name]) => (((bits >>> code) & 1) === 1 ? [name] : []));
  return names.length === 0 ? '<none>' : names.join(' ');
}

/** The bits of actions that Open vSwitch tells of. */
export const KNOWN_ACTION_TYPES: bigint = ACTION_ORDER.reduce(
  (bits, [code]) => bits | (1n << BigInt(code)),
  0n,
);

function* printFeatures({ wire, body }: WireMessage): Iterable<string> {
  const { view } = wire;
  const types = view.getUint32(body);
  yield `\n Group table:\n    Types:  0x${types.toString(16)}\n`;
  yield `    Capabilities:  0x${view.getUint32(body + 4).toString(16)}\n`;
  for (const [index, name] of TYPE_NAMES.entries()) {
    if (((types >>> index) & 1) === 0) continue;
    yield `    ${name} group:\n       max_groups=${hex(view.getUint32(body + 8 + index * 4))}\n`;
    yield `       actions: ${formatActionTypes(view.getUint32(body + 24 + index * 4))}\n`;
  }
}
