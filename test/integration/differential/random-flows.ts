import type { MessageInit } from '../../../src/ofp/message.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';
import { parseGroup } from '../../../src/ofp/text/group.ts';
import { TextError } from '../../../src/ofp/text/text-error.ts';
import type { Random } from '../../fuzz/random.ts';
import { POOLS } from './random-frames.ts';

/** The highest table that flows are in. */
const LAST_TABLE = 3;
const PORTS = [1, 2, 3, 4] as const;
const GROUPS = [1, 2, 3] as const;

/** What matches say of the packets of a kind, and what actions may write then. */
interface Kind {
  readonly text: string;
  readonly matches: readonly ((random: Random) => string)[];
  readonly writes: readonly ((random: Random) => string)[];
}

type Make = (random: Random) => string;

const hex = (value: number) => `0x${value.toString(16)}`;
const anyMask = (random: Random, bits: number) => hex(random.u32() >>> (32 - bits));
const mac: Make = (random) => random.pick(POOLS.mac);
const masked = (field: string, value: Make, mask: Make): Make => {
  return (random) => `${field}=${value(random)}${random.oneIn(3) ? `/${mask(random)}` : ''}`;
};
const exact = (field: string, value: Make): Make => {
  return (random) => `${field}=${value(random)}`;
};
const of =
  (items: readonly (string | number)[]): Make =>
  (random) =>
    String(random.pick(items));
const macMask: Make = (random) =>
  random.pick(['ff:ff:ff:ff:ff:ff', '01:00:00:00:00:00', 'ff:ff:00:00:00:01', '00:00:00:00:00:03']);
const ipv4Mask: Make = (random) =>
  random.pick(['255.255.255.0', '255.0.0.0', '0.0.0.3', '255.255.0.255', '24', '31']);
const ipv6Mask: Make = (random) => random.pick(['64', '16', '127', '::f', 'ff00::ff']);
const portMask: Make = (random) => random.pick(['0xff00', '0xf', '0x8001', '0xffff']);

const set =
  (field: string, value: Make): Make =>
  (random) =>
    `set_field:${value(random)}->${field}`;
const load = (field: string, bits: number): Make => {
  return (random) => {
    const start = random.below(bits);
    const length = 1 + random.below(Math.min(bits - start, 32));
    const value = random.below(2 ** length);
    return `load:${hex(value)}->${field}[${start}..${start + length - 1}]`;
  };
};

const CARRIED: readonly Make[] = [
  exact('in_port', of(PORTS)),
  masked(
    'metadata',
    (random) => hex(random.below(16)),
    (random) => anyMask(random, 4),
  ),
  ...[0, 1, 2, 15].map((n) =>
    masked(
      `reg${n}`,
      (random) => hex(random.below(8)),
      (random) => anyMask(random, 3),
    ),
  ),
  masked(
    'xreg1',
    (random) => hex(random.below(8)),
    (random) => anyMask(random, 3),
  ),
  masked(
    'tun_id',
    (random) => hex(random.below(4)),
    (random) => anyMask(random, 2),
  ),
  exact('tun_dst', of(POOLS.ipv4)),
  exact('pkt_mark', (random) => hex(random.below(3))),
];

const LINK: readonly Make[] = [
  masked('dl_src', mac, macMask),
  masked('dl_dst', mac, macMask),
  exact('dl_vlan', of(POOLS.vlan)),
  masked(
    'vlan_tci',
    (random) => hex(0x1000 | random.pick(POOLS.vlan)),
    of(['0x1000', '0x1fff', '0xf000', '0x1001']),
  ),
  exact('vlan_tci', of(['0x0000'])),
  (random) => `dl_vlan=${random.pick(POOLS.vlan)},dl_vlan_pcp=${random.below(8)}`,
];

const IP: readonly Make[] = [
  exact('nw_tos', (random) => String(random.pick(POOLS.tos) & 0xfc)),
  exact('nw_ecn', (random) => String(random.below(4))),
  exact('nw_ttl', of(POOLS.ttl)),
  exact('ip_frag', of(['no', 'yes', 'first', 'later', 'not_later'])),
];
const IP_WRITES: readonly Make[] = [
  set('nw_ttl', of(POOLS.ttl)),
  set('ip_dscp', (random) => String(random.below(64))),
  set('nw_ecn', (random) => String(random.below(4))),
  of(['dec_ttl', 'dec_ttl(1,2)', 'dec_ttl']),
  (random) => `mod_nw_tos:${random.pick(POOLS.tos) & 0xfc}`,
];
const IPV4: readonly Make[] = [
  masked('nw_src', of(POOLS.ipv4), ipv4Mask),
  masked('nw_dst', of(POOLS.ipv4), ipv4Mask),
];
const IPV4_WRITES: readonly Make[] = [
  set('ip_src', of(POOLS.ipv4)),
  set('ip_dst', of(POOLS.ipv4)),
  load('NXM_OF_IP_SRC', 32),
  of(['move:NXM_OF_IP_SRC[]->NXM_OF_IP_DST[]', 'move:NXM_OF_IP_DST[0..7]->NXM_NX_REG0[8..15]']),
  (random) => `mod_nw_src:${random.pick(POOLS.ipv4)}`,
];
const IPV6: readonly Make[] = [
  masked('ipv6_src', of(POOLS.ipv6), ipv6Mask),
  masked('ipv6_dst', of(POOLS.ipv6), ipv6Mask),
  masked('ipv6_label', (random) => hex(random.pick(POOLS.label)), of(['0xff', '0xfffff', '0x1'])),
];
const IPV6_WRITES: readonly Make[] = [
  set('ipv6_src', of(POOLS.ipv6)),
  set('ipv6_dst', of(POOLS.ipv6)),
  set('ipv6_label', (random) => hex(random.pick(POOLS.label))),
  load('NXM_NX_IPV6_DST', 128),
  of(['move:NXM_NX_IPV6_SRC[]->NXM_NX_IPV6_DST[]', 'move:NXM_NX_IPV6_SRC[0..31]->NXM_NX_REG1[]']),
];

function transport(name: string): { matches: readonly Make[]; writes: readonly Make[] } {
  return {
    matches: [
      masked(`${name}_src`, of(POOLS.port), portMask),
      masked(`${name}_dst`, of(POOLS.port), portMask),
    ],
    writes: [
      set(`${name}_src`, of(POOLS.port)),
      set(`${name}_dst`, of(POOLS.port)),
      load(`OXM_OF_${name.toUpperCase()}_DST`, 16),
      of([`move:OXM_OF_${name.toUpperCase()}_SRC[]->OXM_OF_${name.toUpperCase()}_DST[]`]),
    ],
  };
}

const TCP = transport('tcp');
const UDP = transport('udp');
const SCTP = transport('sctp');
const TCP_FLAGS: readonly Make[] = [
  (random) => `tcp_flags=${hex(random.below(0x200))}/${anyMask(random, 9)}`,
  of(['tcp_flags=+syn-ack', 'tcp_flags=-fin', 'tcp_flags=+rst']),
];

function kind(text: string, matches: readonly Make[], writes: readonly Make[] = []): Kind {
  return { text, matches, writes };
}

const KINDS: readonly Kind[] = [
  kind('', []),
  kind('dl_type=0x88cc', []),
  kind('ip', [...IP, ...IPV4], [...IP_WRITES, ...IPV4_WRITES]),
  kind('ipv6', [...IP, ...IPV6], [...IP_WRITES, ...IPV6_WRITES]),
  kind('tcp', [...IP, ...IPV4, ...TCP.matches, ...TCP_FLAGS], [...IP_WRITES, ...IPV4_WRITES, ...TCP.writes]),
  kind('udp', [...IP, ...IPV4, ...UDP.matches], [...IP_WRITES, ...IPV4_WRITES, ...UDP.writes]),
  kind('sctp', [...IP, ...IPV4, ...SCTP.matches], [...IP_WRITES, ...IPV4_WRITES, ...SCTP.writes]),
  kind('tcp6', [...IP, ...IPV6, ...TCP.matches, ...TCP_FLAGS], [...IP_WRITES, ...IPV6_WRITES, ...TCP.writes]),
  kind('udp6', [...IP, ...IPV6, ...UDP.matches], [...IP_WRITES, ...IPV6_WRITES, ...UDP.writes]),
  kind('sctp6', [...IP, ...IPV6, ...SCTP.matches], [...IP_WRITES, ...IPV6_WRITES, ...SCTP.writes]),
  kind(
    'icmp',
    [...IP, ...IPV4, exact('icmp_type', of([0, 3, 8])), exact('icmp_code', of([0, 1]))],
    [...IP_WRITES, ...IPV4_WRITES, set('icmp_type', of([0, 3, 8])), set('icmp_code', of([0, 1]))],
  ),
  kind(
    'icmp6',
    [...IP, ...IPV6, exact('icmp_type', of([128, 129, 135, 136])), exact('icmp_code', of([0, 1]))],
    [...IP_WRITES, ...IPV6_WRITES, set('icmpv6_type', of([128, 135, 136])), set('icmpv6_code', of([0, 1]))],
  ),
  kind(
    'icmp6,icmp_type=135,icmp_code=0',
    [
      ...IPV6,
      exact('nd_target', of(['fd00::99', 'fd00::98'])),
      masked('nd_sll', mac, macMask),
      exact('nd_options_type', of([1, 2])),
    ],
    [
      ...IPV6_WRITES,
      set('nd_target', of(POOLS.ipv6)),
      set('nd_sll', mac),
      set('nd_reserved', (random) => hex(random.u32())),
      set('nd_options_type', of([1, 2])),
      of(['set_field:136->icmpv6_type']),
    ],
  ),
  kind(
    'icmp6,icmp_type=136,icmp_code=0',
    [...IPV6, exact('nd_target', of(['fd00::99', 'fd00::98'])), masked('nd_tll', mac, macMask)],
    [...IPV6_WRITES, set('nd_target', of(POOLS.ipv6)), set('nd_tll', mac)],
  ),
  kind(
    'arp',
    [
      exact('arp_op', of([1, 2, 3])),
      masked('arp_spa', of(POOLS.ipv4), ipv4Mask),
      masked('arp_tpa', of(POOLS.ipv4), ipv4Mask),
      masked('arp_sha', mac, macMask),
      masked('arp_tha', mac, macMask),
    ],
    [
      set('arp_op', of([1, 2])),
      set('arp_spa', of(POOLS.ipv4)),
      set('arp_tpa', of(POOLS.ipv4)),
      set('arp_sha', mac),
      set('arp_tha', mac),
      of(['move:NXM_NX_ARP_SHA[]->NXM_NX_ARP_THA[]', 'move:NXM_OF_ARP_SPA[]->NXM_OF_ARP_TPA[]']),
    ],
  ),
  kind('rarp', [exact('arp_op', of([1, 3]))], [set('arp_op', of([4]))]),
  kind(
    'mpls',
    [
      exact('mpls_label', of(POOLS.label)),
      exact('mpls_tc', (random) => String(random.below(8))),
      exact('mpls_bos', of([0, 1])),
      exact('mpls_ttl', of(POOLS.ttl)),
    ],
    [
      set('mpls_label', of(POOLS.label)),
      set('mpls_tc', (random) => String(random.below(8))),
      set('mpls_ttl', of(POOLS.ttl)),
      of(['dec_mpls_ttl', 'pop_mpls:0x0800', 'pop_mpls:0x86dd', 'pop_mpls:0x8847', 'push_mpls:0x8847']),
    ],
  ),
];

const ANY_WRITES: readonly Make[] = [
  set('eth_src', mac),
  set('eth_dst', mac),
  load('NXM_OF_ETH_DST', 48),
  of(['move:NXM_OF_ETH_SRC[]->NXM_OF_ETH_DST[]', 'move:NXM_OF_ETH_SRC[0..15]->NXM_NX_REG2[0..15]']),
  (random) => `mod_vlan_vid:${random.pick(POOLS.vlan)}`,
  (random) => `mod_vlan_pcp:${random.below(8)}`,
  of(['strip_vlan', 'push_vlan:0x8100', 'push_vlan:0x88a8', 'load:0->NXM_OF_VLAN_TCI[]']),
  load('NXM_OF_VLAN_TCI', 16),
  of(['push_mpls:0x8847', 'push_mpls:0x8848']),
  ...[0, 1, 2, 15].map((n) => load(`NXM_NX_REG${n}`, 32)),
  load('OXM_OF_PKT_REG1', 64),
  set('metadata', (random) => hex(random.below(16))),
  set('tun_id', (random) => hex(random.below(4))),
  set('tun_dst', of(POOLS.ipv4)),
  set('pkt_mark', (random) => hex(random.below(3))),
  of([
    'push:NXM_NX_REG0[]',
    'pop:NXM_NX_REG1[0..15]',
    'push:NXM_OF_ETH_SRC[]',
    'pop:NXM_OF_ETH_DST[]',
    'push:NXM_OF_IN_PORT[]',
    'pop:NXM_NX_REG15[]',
  ]),
  of(['note:01.02', 'exit']),
  (random) => `multipath(eth_src,${random.below(9)},modulo_n,1,0,NXM_NX_REG2[0..7])`,
  (random) =>
    `bundle_load(eth_src,0,active_backup,ofport,NXM_NX_REG1[0..15],members:${random.pick(PORTS)},2)`,
];

const OUTPUTS: readonly Make[] = [
  (random) => `output:${random.pick(PORTS)}`,
  (random) => `output:${random.pick(PORTS)}`,
  (random) => `output(port=${random.pick(PORTS)},max_len=${14 + random.below(60)})`,
  of([
    'in_port',
    'all',
    'flood',
    'output:NXM_NX_REG0[0..15]',
    'output:NXM_NX_REG1[]',
    'output:9',
    'output:LOCAL',
  ]),
  (random) =>
    `controller(max_len=${random.pick([0, 20, 128, 65535])},reason=${random.pick(['action', 'no_match'])})`,
  of(['controller', 'CONTROLLER:40']),
  (random) => `group:${random.pick(GROUPS)}`,
  (random) => `bundle(eth_src,0,active_backup,ofport,members:9,${random.pick(PORTS)})`,
];

/**
 * What one switch's actions leave out, so that none meets an oddity of Open vSwitch 3.1:
 *
 * | actions together | what is odd |
 * |---|---|
 * | truncation behind a push or pop that no output came after | the length is taken before it, so that too much leaves |
 * | a packet-in of a packet with two tags, then a write behind them | it goes where the inner tag is |
 * | a select group in a clone | nothing is done of what follows the clone |
 * | check_pkt_larger, which no theme has | what follows in its list happens to a copy, and is counted twice |
 * | a second tag, then a select group | what is behind the tags is not looked at any more |
 * | a select group | the packets of the flow that hands to it may count twice |
 * | a select group, then a packet-in by a table-miss flow | its reason is another |
 */
const THEMES: readonly RegExp[] = [
  /mpls:|mpls_ttl|output\(port|select|ontroller|CONTROLLER/,
  /(push|mod|strip)_vlan|VLAN_TCI|output\(port|select/,
  /(push|mod|strip)_vlan|VLAN_TCI|mpls:|select/,
  /clone|ontroller|CONTROLLER|mpls:|output\(port|(push|mod)_vlan/,
];

function someOf(random: Random, makes: readonly Make[], most: number): string[] {
  return Array.from({ length: random.below(most + 1) }, () => random.pick(makes)(random));
}

/** Actions for a flow of a table; later tables are where it may resubmit to. */
function randomActions(random: Random, kind: Kind, table: number, depth = 0): string[] {
  const writes = kind.writes.length > 0 && random.oneIn(2) ? kind.writes : ANY_WRITES;
  const actions: string[] = [];
  for (let i = random.below(4); i >= 0; i--) {
    actions.push(...someOf(random, random.oneIn(3) ? ANY_WRITES : writes, 2));
    if (table < LAST_TABLE && random.oneIn(4))
      actions.push(
        `resubmit(${random.oneIn(3) ? random.pick(PORTS) : ''},${table + 1 + random.below(LAST_TABLE - table)})`,
      );
    else if (depth === 0 && random.oneIn(8))
      actions.push(`clone(${randomActions(random, kind, table, 1).join(',')})`);
    else actions.push(random.pick(OUTPUTS)(random));
  }
  return actions;
}

/** A flow in the syntax of `ovs-ofctl`. */
function randomFlow(random: Random, cookie: number): string {
  const table = random.below(LAST_TABLE + 1);
  const kind = random.pick(KINDS);
  const matches = new Map<string, string>();
  for (const text of someOf(random, [...kind.matches, ...kind.matches, ...LINK, ...CARRIED], 3)) {
    const field = text.slice(0, text.indexOf('='));
    matches.set(field.includes('vlan') ? 'vlan' : field, text);
  }
  const instructions = randomActions(random, kind, table);
  if (random.oneIn(8)) instructions.push('clear_actions');
  if (random.oneIn(4)) instructions.push(`write_actions(${randomSet(random, kind).join(',')})`);
  if (random.oneIn(4)) instructions.push(`write_metadata:${hex(random.below(16))}/${anyMask(random, 4)}`);
  if (table < LAST_TABLE && random.oneIn(2))
    instructions.push(`goto_table:${table + 1 + random.below(LAST_TABLE - table)}`);
  // Which of two flows of one priority takes a packet is open (OpenFlow 1.3.5, 5.3): each has its own.
  const isMiss = kind.text === '' && matches.size === 0;
  const priority = isMiss ? 0 : 1 + ((cookie * 7919) % 9973);
  const head = [`cookie=${hex(cookie)}`, `table=${table}`, `priority=${priority}`];
  return `${[...head, kind.text, ...matches.values()].filter((part) => part !== '').join(',')},actions=${instructions.join(',')}`;
}

/** Actions that a set may have. */
const SETTABLE = /^(set_field|load|dec_|push_|pop_|strip|mod_nw|output:[0-9]|group)/;

function randomSet(random: Random, kind: Kind): string[] {
  const makes = [...kind.writes, ...ANY_WRITES, ...OUTPUTS];
  const actions = someOf(random, makes, 6).filter((action) => SETTABLE.test(action));
  return actions.length > 0 ? actions : ['output:3'];
}

function randomGroup(random: Random, groupId: number): string {
  const type = random.pick(['all', 'all', 'indirect', 'ff', 'select']);
  const count = type === 'indirect' || type === 'select' ? 1 : 1 + random.below(3);
  const buckets = Array.from({ length: count }, () => {
    const watch = type === 'ff' ? `watch_port:${random.pick([1, 2, 3, 4, 9])},` : '';
    return `bucket=${watch}actions=${randomSet(random, KINDS[2 + random.below(2)]!)
      // A group may hand to those before it: of loops Open vSwitch only knows when a packet comes.
      .filter((action) => !action.startsWith('group') || Number(action.slice(6)) < groupId)
      .concat(`output:${random.pick(PORTS)}`)
      .join(',')}`;
  });
  return `group_id=${groupId},type=${type},${buckets.join(',')}`;
}

/** What a switch is filled with. */
export interface RandomTables {
  readonly texts: readonly string[];
  readonly messages: readonly MessageInit[];
  /** False when Open vSwitch counts some packets twice. */
  readonly isCounted: boolean;
}

/** Groups, and then flows that may use them, as the messages that add them. */
export function randomTables(random: Random, flows: number): RandomTables {
  const texts: string[] = [];
  const messages: MessageInit[] = [];
  const theme = random.pick(THEMES);
  // What does not fit together is not even text of a flow: then another one is tried.
  const add = (make: () => string, parse: (text: string) => MessageInit) => {
    for (;;) {
      const text = make();
      if (theme.test(text)) continue;
      try {
        messages.push(parse(text));
        texts.push(text);
        return;
      } catch (error) {
        if (!(error instanceof TextError)) throw error;
      }
    }
  };
  for (const id of GROUPS)
    add(
      () => randomGroup(random, id),
      (text) => parseGroup(text),
    );
  for (let i = 1; i <= flows; i++)
    add(
      () => randomFlow(random, i),
      (text) => parseFlow(text, 'add'),
    );
  return { texts, messages, isCounted: !texts.some((text) => text.includes('type=select')) };
}
