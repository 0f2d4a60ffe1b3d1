import type { TextPrerequisite } from '../../../../src/ofp/text/field-table.ts';
import { textField } from '../../../../src/ofp/text/fields.ts';
import type { Random } from '../../../fuzz/random.ts';
import { connectionActions } from './connection-actions.ts';
import { bitsFor, fieldFor, type MakeAction } from './fields.ts';
import { headerActions } from './header-actions.ts';
import { learnText } from './learn.ts';
import { spreadActions } from './spread-actions.ts';
import { numberText, oneOf, portText, subfieldText, valueText, within, writtenValueText } from './values.ts';

const outputActions: Readonly<Record<string, MakeAction>> = {
  output(random, kind) {
    if (random.oneIn(3)) return `output:${bitsFor(random, kind, { limit: 32 })[0]}`;
    return oneOf(random, [
      (source) => `output:${portText(source)}`,
      (source) => `output(port=${portText(source)},max_len=${within(source, 14, 9000)})`,
    ]);
  },
  output_reg: (random, kind) => `output_reg:${bitsFor(random, kind, { limit: 32 })[0]}`,
  bare: (random) => portText(random),
  group: (random) => `group:${numberText(random, 16)}`,
  controller: (random) =>
    oneOf(random, ['controller', 'CONTROLLER:128', `controller(${controllerWords(random)})`]),
  enqueue: (random) => `enqueue${random.pick(['(1,2)', ':3:4', '(LOCAL,0xffff)'])}`,
  resubmit: (random) =>
    oneOf(random, [
      (source) => `resubmit:${portText(source)}`,
      (source) => `resubmit(${portText(source)},${within(source, 0, 254)})`,
      (source) => `resubmit(,${within(source, 0, 254)})`,
      (source) => `resubmit(,${within(source, 0, 254)},ct)`,
    ]),
  sample: (random) => `sample(${sampleWords(random)})`,
  note: (random) => `note:${random.bytes(random.below(20)).toString('hex')}`,
};

function controllerWords(random: Random): string {
  const words = [`max_len=${within(random, 0, 0xffff)}`];
  if (random.oneIn(2)) words.push(`id=${within(random, 0, 0xffff)}`);
  if (random.oneIn(2)) words.push(`reason=${random.pick(['no_match', 'action', 'invalid_ttl', 'group'])}`);
  if (random.oneIn(3)) words.push('pause');
  if (random.oneIn(3)) words.push(`userdata=${random.bytes(random.below(9)).toString('hex')}`);
  if (random.oneIn(3)) words.push(`meter_id=${within(random, 1, 99)}`);
  return words.join(',');
}

function sampleWords(random: Random): string {
  const words = [`probability=${within(random, 1, 0xffff)}`];
  for (const name of ['collector_set_id', 'obs_domain_id', 'obs_point_id']) {
    if (random.oneIn(2)) words.push(`${name}=${numberText(random, 32)}`);
  }
  if (random.oneIn(3)) words.push(`sampling_port=${portText(random)}`);
  if (random.oneIn(3)) words.push(random.pick(['ingress', 'egress']));
  return words.join(',');
}

const fieldActions: Readonly<Record<string, MakeAction>> = {
  set_field(random, kind) {
    const field = fieldFor(random, kind, { isWritten: true });
    return `set_field:${writtenValueText(random, field)}->${random.oneIn(9) ? field.constant : field.name}`;
  },
  load(random, kind) {
    const field = fieldFor(random, kind, { isWritten: true });
    // Those of NSH that take no mask cannot be loaded, and yet ovs-ofctl would send it.
    if (field.needs === 'nsh' && !field.maskable)
      return `set_field:${valueText(random, field)}->${field.name}`;
    const bits = 1 + random.below(Math.min(field.bits, 128));
    return `load:${numberText(random, random.oneIn(20) ? bits + 1 : bits)}->${subfieldText(random, field, bits)}`;
  },
  move(random, kind) {
    const [source, target] = [fieldFor(random, kind, {}), fieldFor(random, kind, { isWritten: true })];
    const bits = 1 + random.below(Math.min(source.bits, target.bits, 128));
    return `move:${subfieldText(random, source, bits)}->${subfieldText(random, target, bits)}`;
  },
  push: (random, kind) => `push:${bitsFor(random, kind, {})[0]}`,
  pop: (random, kind) => `pop:${bitsFor(random, kind, { isWritten: true })[0]}`,
  delete_field: (random) => `delete_field:tun_metadata${random.below(random.oneIn(9) ? 80 : 64)}`,
  check_pkt_larger(random, kind) {
    const [target] = bitsFor(random, kind, { isWritten: true, limit: 1 });
    return `check_pkt_larger(${within(random, 0, 0xffff)})->${target}`;
  },
  mod_dl_src: (random) => `mod_dl_src:${address(random, 'eth_src')}`,
  mod_dl_dst: (random) => `mod_dl_dst:${address(random, 'eth_dst')}`,
  mod_nw_src: (random) => `mod_nw_src:${address(random, 'ip_src')}`,
  mod_nw_dst: (random) => `mod_nw_dst:${address(random, 'ip_dst')}`,
  mod_nw_tos: (random) => `mod_nw_tos:${random.below(64) * 4 + random.below(random.oneIn(8) ? 4 : 1)}`,
  mod_nw_ecn: (random) => `mod_nw_ecn:${within(random, 0, 4)}`,
  mod_tp_src: (random) => `mod_tp_src:${numberText(random, 16)}`,
  mod_tp_dst: (random) => `mod_tp_dst:${numberText(random, 16)}`,
  set_vlan_vid: (random) => `set_vlan_vid:${numberText(random, 12)}`,
  set_vlan_pcp: (random) => `set_vlan_pcp:${within(random, 0, 8)}`,
  mod_vlan_vid: (random) => `mod_vlan_vid:${numberText(random, 12)}`,
  mod_vlan_pcp: (random) => `mod_vlan_pcp:${within(random, 0, 7)}`,
  set_mpls_label: (random) => `set_mpls_label:${numberText(random, 20)}`,
  set_mpls_tc: (random) => `set_mpls_tc:${within(random, 0, 7)}`,
  set_tunnel: (random) => `set_tunnel:${numberText(random, 32)}`,
  set_tunnel64: (random) => `set_tunnel64:${numberText(random, 64)}`,
};

function address(random: Random, name: string): string {
  return valueText(random, textField(name));
}

/** How each action is made, by the name that it has in texts; `bare` is a port that stands alone. */
export const ACTIONS: Readonly<Record<string, MakeAction>> = {
  ...outputActions,
  ...fieldActions,
  ...headerActions,
  ...spreadActions,
  ...connectionActions,
  learn: (random, kind) => `learn(${learnText(random, kind)})`,
  clone: (_random, _kind, list) => `clone(${list()})`,
};

const IP: readonly TextPrerequisite[] = [
  'ip',
  'ipv4',
  'ipv6',
  'tcp',
  'udp',
  'sctp',
  'icmpv4',
  'icmpv6',
  'nd',
  'ct',
];
const PORTS: readonly TextPrerequisite[] = ['tcp', 'udp', 'sctp'];

/** Actions that fit packets of some kinds only. */
const NEEDS: Readonly<Record<string, readonly TextPrerequisite[]>> = {
  pop_vlan: ['vlan'],
  strip_vlan: ['vlan'],
  set_vlan_vid: ['vlan'],
  set_vlan_pcp: ['vlan'],
  set_mpls_ttl: ['mpls'],
  dec_mpls_ttl: ['mpls'],
  set_mpls_label: ['mpls'],
  set_mpls_tc: ['mpls'],
  pop_mpls: ['mpls'],
  mod_nw_src: ['ipv4'],
  mod_nw_dst: ['ipv4'],
  mod_nw_tos: IP,
  mod_nw_ecn: IP,
  mod_nw_ttl: IP,
  set_nw_ttl: IP,
  dec_ttl: IP,
  mod_tp_src: PORTS,
  mod_tp_dst: PORTS,
  fin_timeout: ['tcp'],
  dec_nsh_ttl: ['nsh'],
  ct: IP,
  conjunction: [],
};

/** Instructions by their names, each of which may stand in a flow once. */
export const INSTRUCTIONS: Readonly<Record<string, MakeAction>> = {
  meter: (random) => `meter:${within(random, 1, 99)}`,
  clear_actions: () => 'clear_actions',
  write_actions: (_random, _kind, list) => `write_actions(${list()})`,
  write_metadata: (random) => `write_metadata:${numberText(random, 64)}/${numberText(random, 64)}`,
  goto_table: (random) => `goto_table:${within(random, 1, 254)}`,
};

/** True when packets of a kind may have an action. */
export function fits(name: string, kind: TextPrerequisite): boolean {
  return NEEDS[name]?.includes(kind) ?? true;
}

/** A kind of packets that an action fits. */
export function kindFor(random: Random, name: string): TextPrerequisite {
  const needs = NEEDS[name];
  return needs === undefined || needs.length === 0 ? 'none' : random.pick(needs);
}
