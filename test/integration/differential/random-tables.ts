import type { MessageInit } from '../../../src/ofp/message.ts';
import { ConfigFlag } from '../../../src/ofp/messages/switch-config.ts';
import { checkMatch } from '../../../src/ofp/oxm/prerequisites.ts';
import { type TextField, textField } from '../../../src/ofp/text/fields.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';
import { parseGroup } from '../../../src/ofp/text/group.ts';
import { parseMeter } from '../../../src/ofp/text/meter.ts';
import { TextError } from '../../../src/ofp/text/text-error.ts';
import { WireError } from '../../../src/util/errors.ts';
import type { Random } from '../../fuzz/random.ts';
import { ODD_FORMS } from './odd-forms.ts';
import { GROUPS, LAST_TABLE, randomActions, randomSet, type Spot, someField } from './random-actions.ts';
import {
  CLAIMED_FIELDS,
  hex,
  isReadable,
  placeOf,
  randomMatch,
  randomMove,
  randomWrite,
} from './random-fields.ts';
import { POOLS } from './random-frames.ts';
import { KINDS } from './random-kinds.ts';
import { respelt } from './respell.ts';
import { SCENES, type Scene } from './scenes.ts';

const ARP_OPERATION = /(->|pop:)\w*(arp_op|ARP_OP)/;
const OPTION_TYPE = /->nd_options_type/;
const LINK_OPTION = /(->|pop:)\w*(nd_[st]ll|ND_[ST]LL)/;

/**
 * What one switch's actions leave out, so that none meets an oddity of Open vSwitch 3.1:
 *
 * | actions together | what is odd |
 * |---|---|
 * | truncation behind a push or pop that no output came after | the length is taken before it, so that too much leaves |
 * | a packet-in of a packet with two tags, then a write behind them | it goes where the inner tag is |
 * | a select group in a clone | nothing is done of what follows the clone |
 * | a second tag, then a select group | what is behind the tags is not looked at any more |
 * | a select group | the packets of the flow that hands to it may count twice |
 * | a select group, then a packet-in by a table-miss flow | its reason is another |
 * | a select group while the action set outputs nowhere | it aborts |
 * | a port of arrival that is written, then a select group | it is the one of before, for some of what follows |
 * | a label that is popped in a clone, then another table | nothing is done of what follows the clone |
 * | a label that is popped while the action set is longer than what is left to be done | it aborts |
 * | a link-layer address of neighbour discovery, then the type of its option | the type is written first |
 * | an ARP operation that is written in a clone | what follows the clone has it too |
 *
 * Nor is a label written where the frame ends before it, which makes the frame longer: all frames of MPLS have one.
 * And where there are more labels than are followed, the outermost is no label of zeros that a TTL of zero makes all
 * zeros: that aborts.
 */
const THEMES: readonly RegExp[] = [
  [/mpls:|mpls_ttl|dec_ttl|output\(port|select|ontroller|CONTROLLER/, ARP_OPERATION, OPTION_TYPE],
  [
    /(push|mod|strip)_vlan|VLAN_|(->|pop:)vlan_|output\(port|select|clone\(.*pop_mpls|write_actions/,
    ARP_OPERATION,
    LINK_OPTION,
  ],
  [/(push|mod|strip)_vlan|VLAN_|(->|pop:)vlan_|mpls:|select/, ARP_OPERATION, OPTION_TYPE],
  [
    /clone|write_actions|dec_ttl|dec_mpls|ontroller|CONTROLLER|mpls:|output\(port|(push|mod)_vlan|VLAN_|(->|pop:)vlan_/,
    /(->|pop:)\w*(in_port|IN_PORT)/,
    LINK_OPTION,
  ],
].map((parts) => new RegExp(parts.map(({ source }) => source).join('|')));

/**
 * Without pushes and pops, since it is open whether the bytes that a meter counts are those before or after them, and
 * without truncations, which make Open vSwitch 3.1 abort where a meter drops the packet before a packet-in.
 */
const METERED_THEME = new RegExp(`${THEMES[2]!.source}|output\\(port`);

type Telling = Omit<Spot, 'kind' | 'table'>;

/** A flow in the syntax of `ovs-ofctl`. */
function randomFlow(random: Random, telling: Telling, cookie: number): string {
  const table = random.below(LAST_TABLE + 1);
  const spot: Spot = { ...telling, table, kind: random.pick(KINDS) };
  const matches = new Map<string, string>();
  for (let i = random.below(4); i > 0; i--) {
    const field = someField(random, spot.kind);
    matches.set(placeOf(field), randomMatch(random, field));
  }
  // Which of two flows of one priority takes a packet is open (OpenFlow 1.3.5, 5.3): each has its own.
  const isMiss = spot.kind.text === '' && matches.size === 0;
  const head = [`cookie=${hex(cookie)}`, `table=${table}`, `priority=${isMiss ? 0 : telling.fresh()}`];
  const match = [...head, spot.kind.text, ...matches.values()].filter((part) => part !== '');
  return `${match.join(',')},actions=${randomInstructions(random, spot).join(',')}`;
}

function randomInstructions(random: Random, spot: Spot): string[] {
  const instructions: string[] = [];
  const { scene, table } = spot;
  if (scene.instructions.length > 0 && random.oneIn(3))
    instructions.push(random.pick(scene.instructions)(random));
  instructions.push(...randomActions(random, spot));
  if (random.oneIn(8)) instructions.push('clear_actions');
  if (random.oneIn(4)) instructions.push(`write_actions(${randomSet(random, spot).join(',')})`);
  if (random.oneIn(4)) instructions.push(`write_metadata:${hex(random.below(16))}/${hex(random.below(16))}`);
  if (table < LAST_TABLE && random.oneIn(2))
    instructions.push(`goto_table:${table + 1 + random.below(LAST_TABLE - table)}`);
  return instructions;
}

function randomGroup(random: Random, telling: Telling, groupId: number): string {
  const type = random.pick(['all', 'all', 'indirect', 'ff', 'ff', 'select']);
  const count = type === 'indirect' || type === 'select' ? 1 : 1 + random.below(3);
  const buckets = Array.from({ length: count }, () => {
    const spot = { ...telling, kind: random.pick(KINDS), table: LAST_TABLE };
    const actions = randomSet(random, spot)
      // A group may hand to those before it: of loops Open vSwitch only knows when a packet comes.
      .filter((action) => !action.startsWith('group') || Number(action.slice(6)) < groupId)
      .concat(random.oneIn(4) ? [] : `output:${random.pick(POOLS.inPort)}`);
    return `bucket=${randomWatch(random, type, groupId)}actions=${actions.join(',')}`;
  });
  return `group_id=${groupId},type=${type},${buckets.join(',')}`;
}

/** What says whether a bucket is alive: port 5 has no link, and there is no port 9. */
function randomWatch(random: Random, type: string, groupId: number): string {
  if (type !== 'ff') return type === 'select' && random.oneIn(2) ? 'weight:5,' : '';
  if (groupId > 1 && random.oneIn(3)) return `watch_group:${1 + random.below(groupId - 1)},`;
  return `watch_port:${random.pick([1, 2, 5, 5, 9])},`;
}

/** What a switch is filled with. */
export interface RandomTables {
  readonly scene: Scene;
  readonly texts: readonly string[];
  readonly messages: readonly MessageInit[];
  /** False when Open vSwitch counts some packets twice. */
  readonly isCounted: boolean;
  /** True when each packet is to meet the flows themselves, and not what was made of them for the packet before. */
  readonly isSettled: boolean;
}

/**
 * How many flows are about a field of their own, and about a form of an action of its own: all have their turn with each
 * theme in what every run compares.
 */
const FIELDS_IN_TURN = 25;
const FORMS_IN_TURN = 24;
/** The cookie of the first of them. Others have higher priorities: these take the packets that are left. */
const FIRST_IN_TURN = 0x100;

/** A flow that matches, reads and writes one field, where packets have it: seldom does it leave the writing out. */
function flowOfField(random: Random, telling: Telling, field: TextField, cookie: number): string {
  const kinds = ALL_OWN.has(field) ? KINDS.filter(({ own }) => own.includes(field)) : [...KINDS, ...PLAIN];
  const kind = random.pick(kinds);
  const table = random.below(LAST_TABLE + 1);
  const actions = [
    ...(field.writable && !random.oneIn(8) ? [randomWrite(random, field)] : []),
    `output:${random.pick(POOLS.inPort)}`,
  ];
  if (isReadable(field)) actions.unshift(randomMove(random, field, textField('xxreg3')));
  if (random.oneIn(2)) actions.push(...randomActions(random, { ...telling, kind, table }));
  const head = `cookie=${hex(cookie)},table=${table},priority=${cookie - FIRST_IN_TURN + 1}`;
  const match = [head, kind.text, random.oneIn(4) ? '' : randomMatch(random, field)].filter(
    (part) => part !== '',
  );
  return `${match.join(',')},actions=${actions.join(',')}`;
}

/** As often as all others: some fields go without saying in packets of any kind. */
const PLAIN = Array.from({ length: KINDS.length }, () => KINDS[0]!);
const ALL_OWN = new Set(KINDS.flatMap(({ own }) => own));

/**
 * Meters, groups, and then flows that may use them, as the messages that add them.
 * @param turn whose turn it is among the fields
 */
export function randomTables(random: Random, flows: number, turn: number): RandomTables {
  const texts: string[] = [];
  const messages: MessageInit[] = [];
  const scene = random.pick(SCENES);
  const theme = scene.name === 'meters' ? METERED_THEME : THEMES[turn % THEMES.length]!;
  const round = Math.floor(turn / THEMES.length);
  let last = 0;
  const telling: Telling = { scene, fresh: () => 100 + ((++last * 7919) % 9973) };
  // What does not fit together is not even text of a flow: then another one is tried.
  const add = (make: () => string, parse: (text: string) => MessageInit): boolean => {
    const text = make();
    if (theme.test(text)) return false;
    try {
      const message = respelt(random, parse(text));
      // What a session would not send is not what is tested here.
      if (message.type === 'flowMod') checkMatch(message.match ?? {});
      messages.push(message);
      texts.push(text);
      return true;
    } catch (error) {
      if (!(error instanceof TextError || error instanceof WireError)) throw error;
      return false;
    }
  };
  if (random.oneIn(6)) {
    const flags = random.pick([ConfigFlag.FRAG_DROP, ConfigFlag.FRAG_NX_MATCH]);
    messages.push({ type: 'setConfig', flags, missSendLen: 0xffff });
    texts.push(`fragments ${flags}`);
  }
  for (const text of scene.meters(random))
    add(
      () => text,
      (meter) => parseMeter(meter),
    );
  for (const id of GROUPS)
    while (
      !add(
        () => randomGroup(random, telling, id),
        (text) => parseGroup(text),
      )
    );
  for (const text of scene.flows(random, telling))
    add(
      () => text,
      (flow) => parseFlow(flow, 'add'),
    );
  for (let i = 0; i < FIELDS_IN_TURN; i++) {
    const field = CLAIMED_FIELDS[(round * FIELDS_IN_TURN + i) % CLAIMED_FIELDS.length]!;
    for (let tries = 0; tries < 30; tries++)
      if (
        add(
          () => flowOfField(random, telling, field, FIRST_IN_TURN + i),
          (text) => parseFlow(text, 'add'),
        )
      )
        break;
  }
  for (let i = 0; i < FORMS_IN_TURN; i++) {
    const { kind, action, text } = ODD_FORMS[(round * (FORMS_IN_TURN / 2) + i) % ODD_FORMS.length]!;
    const head = `cookie=${hex(0x200 + i)},table=${random.below(LAST_TABLE)},priority=${FIELDS_IN_TURN + i + 1}`;
    const actions = [action, { type: 'output' as const, port: random.pick(POOLS.inPort) }];
    add(
      () => `${head},${kind}actions=${text}`,
      (flow) =>
        ({ ...parseFlow(flow, 'add'), instructions: [{ type: 'applyActions', actions }] }) as MessageInit,
    );
  }
  for (let i = 1; i <= flows; i++)
    while (
      !add(
        () => randomFlow(random, telling, i),
        (text) => parseFlow(text, 'add'),
      )
    );
  const someText = (part: RegExp) => texts.some((text) => part.test(text));
  return {
    ...{ scene, texts, messages },
    isCounted: !someText(/type=select/),
    // What is written into a label is written into those of all packets that are alike otherwise.
    isSettled: scene.isLearning || someText(/mpls|MPLS/),
  };
}
