import type { TextField } from '../../../src/ofp/text/fields.ts';
import type { Random } from '../../fuzz/random.ts';
import {
  hex,
  isReadable,
  type Make,
  of,
  randomMove,
  randomReference,
  randomValue,
  randomWrite,
} from './random-fields.ts';
import { POOLS } from './random-frames.ts';
import { CARRIED, COMMON, type Kind, LINK, USUAL } from './random-kinds.ts';
import type { Scene } from './scenes.ts';

/** The highest table that flows are in. */
export const LAST_TABLE = 3;
export const GROUPS: readonly number[] = [1, 2, 3, 4];

/** What actions are made for. */
export interface Spot {
  readonly kind: Kind;
  readonly table: number;
  readonly scene: Scene;
  /** A number that was not there before. */
  readonly fresh: () => number;
}

/** Makes an action for packets of a kind. */
export type MakeAction = (random: Random, spot: Spot) => string;

const HASHED = [
  'eth_src',
  'symmetric_l4',
  'symmetric_l3l4',
  'symmetric_l3l4+udp',
  'nw_src',
  'nw_dst',
  'symmetric_l3',
];
const LINKS = ['modulo_n', 'hash_threshold', 'hrw', 'iter_hash'];

/** Fields that packets of the kind have, the own ones of the kind most of all. */
export function someField(random: Random, { own }: Kind): TextField {
  if (own.length > 0 && random.oneIn(2)) return random.pick(own);
  if (random.oneIn(3)) return random.pick(LINK);
  return random.pick(random.oneIn(2) ? CARRIED : USUAL);
}

function readableField(random: Random, kind: Kind): TextField {
  for (;;) {
    const field = random.oneIn(3) ? random.pick(COMMON) : someField(random, kind);
    if (isReadable(field)) return field;
  }
}

function writableField(random: Random, kind: Kind): TextField {
  for (;;) {
    const field = someField(random, kind);
    if (field.writable && field.name !== 'ct_mark' && field.name !== 'ct_label') return field;
  }
}

function partlyWritableField(random: Random, kind: Kind): TextField {
  for (;;) {
    const field = writableField(random, kind);
    if (isReadable(field)) return field;
  }
}

const write: MakeAction = (random, { kind }) => randomWrite(random, writableField(random, kind));
const move: MakeAction = (random, { kind }) =>
  randomMove(random, readableField(random, kind), partlyWritableField(random, kind));

/** Registers, which are there to be written to. */
const REGISTERS = USUAL.filter(({ name }) => name.includes('reg'));
const register = (random: Random, most: number) => randomReference(random, random.pick(REGISTERS), most);

/** What changes the packet and what travels with it, in ways of their own. */
const ODD_WRITES: readonly Make[] = [
  of(['strip_vlan', 'push_vlan:0x8100', 'push_vlan:0x88a8']),
  of(['strip_vlan', 'push_vlan:0x8100', 'push_mpls:0x8847', 'push_mpls:0x8848']),
  (random) => `mod_vlan_vid:${random.pick(POOLS.vlan)}`,
  (random) => `mod_vlan_pcp:${random.below(8)}`,
  of(['note:01.02', 'note:01.02', 'exit', 'ct_clear']),
  of(['set_queue:0', 'set_queue:1', 'pop_queue']),
  (random) =>
    `check_pkt_larger(${random.pick([20, 50, 60])})->NXM_NX_REG${random.below(3)}[${random.below(32)}]`,
  // Which link it is depends on how Open vSwitch was built, unless there is one only.
  (random) =>
    `multipath(${random.pick(HASHED)},${random.below(9)},${random.pick(LINKS)},1,0,${longRegister(random)})`,
  (random) =>
    random.oneIn(2)
      ? `bundle_load(${random.pick(HASHED)},0,active_backup,ofport,${longRegister(random)},members:${members(random)})`
      : `bundle_load(${random.pick(HASHED)},0,hrw,ofport,${longRegister(random)},members:5,${random.pick(POOLS.inPort)},9)`,
  (random) => `sample(probability=65535,collector_set_id=1,obs_domain_id=2,obs_point_id=${random.below(9)})`,
];

/** Actions that change the packet and what travels with it. */
const WRITES: readonly MakeAction[] = [
  ...Array.from({ length: 5 }, () => write),
  ...Array.from({ length: 4 }, () => move),
  (random, { kind }) => `push:${randomReference(random, readableField(random, kind))}`,
  (random, { kind }) => `pop:${randomReference(random, partlyWritableField(random, kind))}`,
  ...Array.from({ length: 3 }, () => (random: Random) => random.pick(ODD_WRITES)(random)),
];

const longRegister = (random: Random) => `NXM_NX_REG${random.below(3)}[0..15]`;
const members = (random: Random) => `${random.pick([5, 9])},${random.pick(POOLS.inPort)},2`;

const OUTPUTS: readonly Make[] = [
  (random) => `output:${random.pick(POOLS.inPort)}`,
  (random) => `output:${random.pick(POOLS.inPort)}`,
  (random) => `output:${random.pick(POOLS.inPort)}`,
  (random) => `output(port=${random.pick(POOLS.inPort)},max_len=${14 + random.below(60)})`,
  of(['in_port', 'all', 'flood', 'output:9', 'output:5', 'output:LOCAL']),
  (random) => `output:${register(random, 16)}`,
  (random) => `enqueue:${random.pick(POOLS.inPort)}:${random.below(3)}`,
  (random) =>
    `controller(max_len=${random.pick([0, 20, 128, 65535])},reason=${random.pick(['action', 'no_match', 'invalid_ttl'])})`,
  of(['controller', 'CONTROLLER:40', 'controller(userdata=01.02.03,max_len=30)', 'controller(id=7)']),
  (random) => `group:${random.pick(GROUPS)}`,
  (random) =>
    random.oneIn(2)
      ? `bundle(${random.pick(HASHED)},0,active_backup,ofport,members:${members(random)})`
      : `bundle(${random.pick(HASHED)},7,hrw,ofport,members:9,${random.pick(POOLS.inPort)},5)`,
];

/** What can be done to packets of some kinds only. */
const OF_KINDS: readonly (readonly [RegExp, readonly Make[]])[] = [
  [
    /^(ip|tcp|udp|sctp|icmp)/,
    [of(['dec_ttl', 'dec_ttl(1,2)', 'dec_ttl']), (random) => `mod_nw_tos:${random.pick(POOLS.tos) & 0xfc}`],
  ],
  [
    /^(ip|tcp|udp|sctp|icmp)/,
    [of(['mod_nw_ttl:0', 'mod_nw_ttl:2', 'mod_nw_ttl:9']), (random) => `mod_nw_ecn:${random.below(4)}`],
  ],
  [/^tcp/, [(random) => `fin_timeout(idle_timeout=${random.below(9)},hard_timeout=${random.below(9)})`]],
  [
    /^mpls/,
    [of(['dec_mpls_ttl', 'pop_mpls:0x0800', 'pop_mpls:0x86dd', 'pop_mpls:0x8847', 'push_mpls:0x8847'])],
  ],
  [/^mpls/, [(random) => `set_mpls_ttl:${random.pick(POOLS.ttl)}`, of(['dec_mpls_ttl'])]],
];

/** One that changes the packet. */
function randomChange(random: Random, spot: Spot): string {
  const special = OF_KINDS.filter(([kinds]) => kinds.test(spot.kind.text));
  if (special.length > 0 && random.oneIn(3)) return random.pick(random.pick(special)[1])(random);
  return random.pick(WRITES)(random, spot);
}

/** One that sends it somewhere, or does what the scene is about. */
function randomOutput(random: Random, spot: Spot): string {
  const { actions } = spot.scene;
  return actions.length > 0 && random.oneIn(4)
    ? random.pick(actions)(random, spot)
    : random.pick(OUTPUTS)(random);
}

function randomResubmit(random: Random, { table, scene }: Spot): string {
  // Into its own table, which leads to nothing at all where it does not end. What meters have counted by then is theirs.
  if (scene.name !== 'meters' && random.oneIn(12)) return `resubmit:${random.pick(POOLS.inPort)}`;
  const later = table + 1 + random.below(LAST_TABLE - table);
  return `resubmit(${random.oneIn(3) ? random.pick(POOLS.inPort) : ''},${later})`;
}

/** Actions for a flow of a table; later tables are where it may resubmit to. */
export function randomActions(random: Random, spot: Spot, depth = 0): string[] {
  const actions: string[] = [];
  for (let i = random.below(4); i >= 0; i--) {
    for (let j = random.below(3); j > 0; j--) actions.push(randomChange(random, spot));
    if (spot.table < LAST_TABLE && random.oneIn(4)) actions.push(randomResubmit(random, spot));
    else if (depth === 0 && random.oneIn(8))
      actions.push(`clone(${randomActions(random, spot, 1).join(',')})`);
    else actions.push(randomOutput(random, spot));
  }
  return actions;
}

/** Actions that a set may have. */
const SETTABLE =
  /^(set_field|load|move|dec_|push_|pop_|strip|mod_|set_queue|output:[0-9]|group|ct_clear|resubmit\(,)/;

/** Actions for an action set. */
export function randomSet(random: Random, spot: Spot): string[] {
  const actions = Array.from({ length: random.below(7) }, () =>
    random.oneIn(2) ? randomChange(random, spot) : randomOutput(random, spot),
  ).filter((action) => SETTABLE.test(action));
  return actions.length > 0 ? actions : ['output:3'];
}

/** An action that makes a flow of the packet (ovs-actions(7), learn). */
export const randomLearn: MakeAction = (random, { kind, table, fresh }) => {
  const specs = random.oneIn(3) ? [] : [...kind.learnt];
  for (let i = random.below(3); i >= 0; i--) specs.push(randomSpec(random, kind));
  for (let i = random.below(3); i > 0; i--) specs.push(`load:${loadSource(random, kind)}`);
  if (!random.oneIn(4)) specs.push(random.pick(['output:NXM_OF_IN_PORT[]', 'output:NXM_NX_REG0[0..15]']));
  const options = [
    `table=${Math.min(LAST_TABLE, table + random.below(3))}`,
    // Each has its own, so that no two flows of one priority take one packet.
    `priority=${20_000 + fresh()}`,
    ...(random.oneIn(3) ? [`cookie=${hex(random.below(4))}`] : []),
    ...(random.oneIn(3) ? [`idle_timeout=${random.below(99)}`] : []),
    ...(random.oneIn(3) ? [`hard_timeout=${random.below(99)}`] : []),
    ...(random.oneIn(4) ? [`limit=${1 + random.below(3)}`] : []),
    ...(random.oneIn(4) ? [`result_dst=NXM_NX_REG${random.below(3)}[${random.below(32)}]`] : []),
    ...(random.oneIn(4) ? ['send_flow_rem'] : []),
  ];
  return `learn(${[...options, ...specs].join(',')})`;
};

function randomSpec(random: Random, kind: Kind): string {
  const field = readableField(random, kind);
  if (random.oneIn(4)) return `${field.name}=${randomValue(random, field)}`;
  const reference = randomReference(random, field);
  if (random.oneIn(2)) return reference;
  const other = readableField(random, kind);
  const [start, end] = /\[(\d+)\.\.(\d+)\]/.exec(reference)!.slice(1).map(Number) as [number, number];
  const length = Math.min(end - start + 1, other.bits);
  return `${field.constant}[${start}..${start + length - 1}]=${other.constant}[0..${length - 1}]`;
}

function loadSource(random: Random, kind: Kind): string {
  const target = partlyWritableField(random, kind);
  const length = 1 + random.below(Math.min(target.bits, 64));
  const to = `${target.constant}[0..${length - 1}]`;
  if (random.oneIn(2)) return `${hex(random.below(2 ** Math.min(length, 31)))}->${to}`;
  const source = readableField(random, kind);
  const bits = Math.min(length, source.bits);
  return `${source.constant}[0..${bits - 1}]->${target.constant}[0..${bits - 1}]`;
}
