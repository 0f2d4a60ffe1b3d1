import type { TextPrerequisite } from '../../../../src/ofp/text/field-table.ts';
import type { TextField } from '../../../../src/ofp/text/fields.ts';
import type { Random } from '../../../fuzz/random.ts';
import { ACTIONS, fits, INSTRUCTIONS, kindFor } from './actions.ts';
import { KINDS, matchOf, matchText } from './matches.ts';
import { numberText, portText, subfieldText, within } from './values.ts';

/** A flow as a line for `ovs-ofctl add-flows`; three in four are right. */
export function flowText(random: Random): string {
  const [words, match, kind] = [flowWords(random), ...matchAndKind(random)];
  if (random.oneIn(12)) return deletion(random, match);
  const command = random.oneIn(8) ? `${random.pick(['add', 'modify', 'modify_strict'])} ` : '';
  const text = [...words, match].filter((word) => word !== '').join(',');
  return `${command}${text}${text === '' ? '' : ','}actions=${instructionsText(random, kind)}`;
}

/** A flow that matches a field and, where actions can name it, copies some of it. */
export function flowWithField(random: Random, field: TextField): string {
  const copy =
    field.oxm === undefined ? 'drop' : `push:${subfieldText(random, field, copyBits(random, field))}`;
  return `${matchOf(random, field)},actions=${copy}`;
}

function copyBits(random: Random, field: TextField): number {
  return 1 + random.below(Math.min(field.bits, 64));
}

/** A flow with an action or instruction of that name, for packets that it fits. */
export function flowWithAction(random: Random, name: string): string {
  const kind = kindFor(random, name);
  const make = ACTIONS[name] ?? INSTRUCTIONS[name]!;
  return `${random.pick(KINDS[kind])},actions=${make(random, kind, () => actionsText(random, kind, 1))}`;
}

/** A group as a line for `ovs-ofctl add-groups`. */
export function groupText(random: Random): string {
  const type = random.pick(['all', 'select', 'indirect', 'ff', 'fast_failover']);
  const command = random.oneIn(4) ? `${random.pick(['add', 'modify', 'add_or_mod'])} ` : '';
  const count = random.below(type === 'indirect' ? 2 : 4);
  const buckets = Array.from({ length: count }, () => bucketText(random, type));
  return [`${command}group_id=${numberText(random, 31)}`, `type=${type}`, ...buckets].join(',');
}

/** A meter as an argument of `ovs-ofctl add-meter`. */
export function meterText(random: Random): string {
  const number = random.oneIn(4) ? random.pick(['controller', 'slowpath', 'all']) : within(random, 1, 0xffff);
  const words = [`meter=${number}`, random.pick(['kbps', 'pktps'])];
  for (const word of ['burst', 'stats']) if (random.oneIn(2)) words.push(word);
  const bands = Array.from({ length: 1 + random.below(3) }, () => bandText(random, words.includes('burst')));
  return `${words.join(',')},bands=${bands.join(',')}`;
}

const FLAGS = ['send_flow_rem', 'check_overlap', 'reset_counts', 'no_packet_counts', 'no_byte_counts'];

function flowWords(random: Random): string[] {
  const words: string[] = [];
  if (random.oneIn(3)) words.push(`table=${within(random, 0, random.oneIn(9) ? 255 : 254)}`);
  if (random.oneIn(3)) words.push(`priority=${within(random, 0, 0xffff)}`);
  if (random.oneIn(4)) words.push(`cookie=${numberText(random, 64)}`);
  if (random.oneIn(5)) words.push(`idle_timeout=${within(random, 0, 0xffff)}`);
  if (random.oneIn(5)) words.push(`hard_timeout=${within(random, 0, 0xffff)}`);
  if (random.oneIn(5)) words.push(random.pick(FLAGS));
  return words;
}

function matchAndKind(random: Random): [match: string, kind: TextPrerequisite] {
  if (random.oneIn(3)) return [matchText(random), 'none'];
  const kind = random.pick(Object.keys(KINDS)) as TextPrerequisite;
  return [random.pick(KINDS[kind]), kind];
}

function deletion(random: Random, match: string): string {
  const words = [match];
  const mask = random.oneIn(2) ? '-1' : numberText(random, 64);
  if (random.oneIn(2)) words.push(`cookie=${numberText(random, 64)}/${mask}`);
  if (random.oneIn(3)) words.push(`out_port=${portText(random)}`);
  if (random.oneIn(3)) words.push(`out_group=${random.pick(['any', 'ALL', '7', '0x7', '4294967296'])}`);
  if (random.oneIn(3)) words.push(`table=${within(random, 0, 254)}`);
  const command = random.oneIn(2) ? 'delete_strict' : 'delete';
  if (command === 'delete_strict') words.push(`priority=${within(random, 0, 0xffff)}`);
  return `${command} ${words.filter((word) => word !== '').join(',')}`;
}

function instructionsText(random: Random, kind: TextPrerequisite): string {
  if (random.oneIn(20)) return random.pick(['drop', '', 'clear_actions', 'write_actions(drop)']);
  if (random.oneIn(30)) {
    return `conjunction(7,${within(random, 1, 3)}/3),${random.pick(['note:01', 'conjunction(8,2/2)'])}`;
  }
  const words = [actionsText(random, kind)];
  for (const [name, make] of Object.entries(INSTRUCTIONS)) {
    if (!random.oneIn(12)) continue;
    const word = make(random, kind, () => actionsText(random, kind));
    if (name === 'meter') words.unshift(word);
    else words.push(word);
  }
  return words.join(',');
}

function actionsText(random: Random, kind: TextPrerequisite, depth = 0): string {
  const names = Object.keys(ACTIONS).filter((name) => fits(name, kind) || random.oneIn(20));
  const count = 1 + random.below(depth === 0 ? 4 : 2);
  const list = () => (depth === 2 ? 'output:1' : actionsText(random, kind, depth + 1));
  return Array.from({ length: count }, () => ACTIONS[random.pick(names)]!(random, kind, list)).join(',');
}

/** ovs-ofctl 3.1 loses the arrow of this one in buckets. */
const LARGER = /check_pkt_larger\([^)]*\)->[^,)]*/g;

function bucketText(random: Random, type: string): string {
  const words: string[] = [];
  if (type === 'select' && random.oneIn(2)) words.push(`weight:${within(random, 0, 0xffff)}`);
  if (type.startsWith('f')) {
    words.push(`${random.pick(['watch_port', 'watch_group'])}:${within(random, 1, 99)}`);
  }
  words.push(`actions=${actionsText(random, 'none').replace(LARGER, 'output:5')}`);
  return `bucket=${words.join(',')}`;
}

function bandText(random: Random, isBurst: boolean): string {
  const words = [`type=${random.pick(['drop', 'dscp_remark'])}`, `rate=${within(random, 1, 0xffffffff)}`];
  if (isBurst !== random.oneIn(20)) words.push(`burst_size=${within(random, 1, 0xffffffff)}`);
  if (words[0] === 'type=dscp_remark') words.push(`prec_level=${within(random, 1, 255)}`);
  return words.join(random.oneIn(2) ? ' ' : ',');
}
