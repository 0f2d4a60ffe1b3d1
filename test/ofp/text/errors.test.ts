import { describe, expect, it } from '@jest/globals';
import {
  parseActions,
  parseFlow,
  parseGroup,
  parseMatch,
  parseMeter,
  TextError,
} from '../../../src/ofp/text/index.ts';

/** A text with `^` before the character that is wrong, and what is said of it. */
type Row = readonly [marked: string, sentence: string];

const MATCHES: readonly Row[] = [
  ['tcp,^tp_dsst=80', "no field is called 'tp_dsst'; did you mean 'tp_dst'?"],
  ['tcp,tp_dst=8^x', "tcp_dst is a number, got '8x'"],
  ['tcp,tp_dst=^65536', 'tcp_dst has at most 16 bits, got 65536'],
  ['tcp,tp_dst=^-1', 'tcp_dst has at most 16 bits, got -1'],
  ['dl_type=0x894f,nsh_c2=^-1', 'nsh_c2 has at most 32 bits, got -1'],
  ['reg0[]=^-1', 'reg0 has at most 32 bits, got -1'],
  ['reg0=1/0^y', "reg0 is a number, got '0y'"],
  ['ip,nw_dst=10.0.^256.1', "ip_dst is an IPv4 address, got '10.0.256.1'"],
  ['ip,nw_dst=10.0.0.0/^33', 'ip_dst has prefixes up to /32'],
  ['ipv6,ipv6_src=fe80::^zz', "ipv6_src is an IPv6 address, got 'fe80::zz'"],
  [
    'dl_src=02:00:^zz:00:00:00',
    "expected an Ethernet address like 52:54:00:12:34:56, got '02:00:zz:00:00:00'",
  ],
  [
    'dl_src=02:00:00:00:00:^100',
    "expected an Ethernet address like 52:54:00:12:34:56, got '02:00:00:00:00:100'",
  ],
  ['in_port=^NOWHERE', 'in_port is a port, by number or reserved name, got'],
  ['ip,nw_frag=^never', 'ip_frag is one of no, first, later, yes, not_later'],
  ['ct_state=+trk+^snew', "ct_state has no flag 'snew'"],
  ['ct_state=+trk+^trk', "ct_state has 'trk' twice"],
  ['tun_flags=0x0^/', "tun_flags is a number, got '0x0/'"],
  ['tcp,tcp_flags=fin|^0x1000', 'tcp_flags has no bits beyond 0xfff'],
  ['tcp,tcp_flags=2/^0x1000', 'tcp_flags has no bits beyond 0xfff'],
  ['in_port=^1/1', 'in_port is a port, by number or reserved name'],
  ['vlan_pcp=1^/3', 'vlan_pcp takes no mask'],
  ['reg0[^x]=1', 'expected a field like NXM_NX_REG0[]'],
  ['reg0[0..^y]=1', 'expected a field like NXM_NX_REG0[]'],
  ['reg0[^9..3]=1', 'bit 9 comes after bit 3'],
  ['reg0[0..^32]=1', 'reg0 has 32 bits, not a bit 32'],
  ['reg0[0..3]=^16', 'reg0[0..3] has 4 bits, got 16'],
  ['eth_src^', 'eth_src needs a value'],
  ['packet_type=^1', 'packet_type is written (namespace,type)'],
  ['packet_type=(1,0x800^g)', "the type is a number, got '0x800g'"],
];

/** Fields that packets of the match do not have. */
const NEEDY: readonly Row[] = [
  ['^tp_dst=80', 'tp_dst is not in every packet; add tcp or tcp6'],
  ['in_port=1,^tcp_dst=80', 'tcp_dst is not in every packet; add tcp or tcp6'],
  ['ip,^udp_src=80', 'udp_src is not in every packet; add udp or udp6'],
  ['^tcp_dst[0..3]=1', 'tcp_dst[0..3] is not in every packet; add tcp or tcp6'],
  ['^nw_proto=6', 'nw_proto is not in every packet; add ip or ipv6'],
  ['ipv6,^nw_dst=10.0.0.1', 'nw_dst is not in every packet; add ip'],
  ['^ipv6_label=5,arp', 'ipv6_label is not in every packet; add ipv6'],
  ['ip,^arp_sha=02:00:00:00:00:01', 'arp_sha is not in every packet; add arp'],
  ['^mpls_label=5', 'mpls_label is not in every packet; add mpls'],
  ['ip,^icmp_type=8', 'icmp_type is not in every packet; add icmp'],
  [
    'icmp6,^nd_target=fe80::1',
    'nd_target is not in every packet; add icmp6,icmp_type=135,icmp_code=0 or 136',
  ],
  ['ct_state=+trk+est,ip,^ct_tp_dst=80', 'ct_tp_dst is not in every packet; add ct_nw_proto'],
];

const ACTIONS: readonly Row[] = [
  ['output:1,^outptu:2', "no action is called 'outptu'; did you mean 'output'?"],
  ['output:1,^drop', 'drop stands alone'],
  ['output:^nowhere', 'the port is a number or one of IN_PORT'],
  ['output(port=1,max_len=^13)', 'max_len is at least 14'],
  ['set_field:1->^reg99', "no field is called 'reg99'"],
  ['set_field:1^', 'set_field is written SOURCE->FIELD'],
  ['set_field:^256->nw_tos', 'nw_tos'],
  ['load:^16->reg0[0..3]', 'reg0[0..3] has 4 bits, got 16'],
  ['load:0->reg0[^40]', 'reg0 has 32 bits, not a bit 40'],
  ['move:^reg0[]->reg1[0..3]', 'reg0[] has 32 bits, reg1[0..3] has 4'],
  ['mod_nw_src:10.0.0.^x', 'is an IPv4 address'],
  ['push_vlan:^0x9100', 'a VLAN tag has EtherType 0x8100 or 0x88a8'],
  ['dec_ttl(1,2^x)', "a controller is a decimal number of at most 16 bits, got '2x'"],
  ['encap(nsh(md_type=2,tlv(^0X1000,1,0xab)))', 'tlv is written tlv(0xCLASS,TYPE,0xBYTES)'],
  ['encap(^foo)', 'encap knows'],
  ['encap(nsh(md_type=^3))', 'md_type is 1 or 2, got 3'],
  ['decap(packet_type(^type=5))', 'packet_type is written packet_type(ns=NUMBER,type=NUMBER)'],
  ['decap(packet_type(ns=^5,type=1))', 'no packet type has the name space 5'],
  ['decap(packet_type^', 'packet_type is written'],
  ['resubmit(1,^256)', 'a table is a number from 0 to 255'],
  ['resubmit(1,2,^x)', "resubmit has no 'x', only ct"],
  ['controller(reason=^why)', 'a reason is one of no_match'],
  ['controller(^maxlen=3)', "controller has no 'maxlen'; did you mean 'max_len'?"],
  ['note:01.^zz', 'a note is pairs of hexadecimal digits'],
  ['sample(probability=^70000)', 'the probability has at most 16 bits'],
  ['multipath(eth_src,0,^modulo,1,0,reg0[])', 'the algorithm is one of'],
  ['multipath(eth_src,0,modulo_n,^0,0,reg0[])', 'there are 1 to 65536 links, got 0'],
  ['bundle(eth_src,0,hrw,^tunnel,members:1)', "members are of type ofport, got 'tunnel'"],
  ['bundle(eth_src,0,hrw,ofport,members:1,^x)', 'the port is a number or one of'],
  ['bundle_load(eth_src,0,hrw,ofport,reg0[],^reg1[],members:1)', 'expected members:PORT,PORT'],
  ['bundle_load(eth_src,0,hrw,ofport,reg0[],^,members:1)', 'bundle_load is written'],
  ['conjunction(1,^4/3)', 'a clause is 1 to 3'],
  ['conjunction(1,1/^65)', 'there are 2 to 64 clauses'],
  ['conjunction(^4294967296,1/2)', 'the id has at most 32 bits'],
  ['fin_timeout(^idle=1)', "fin_timeout has no 'idle'"],
  ['ct(^force)', "ct(force) needs 'commit' too"],
  ['ct(table=^255)', 'a packet cannot go on in table 255'],
  ['ct(alg=^sip)', 'alg is one of'],
  ['ct(commit,nat(src,^dst))', 'nat takes src or dst, not both'],
  ['ct(commit,nat(src,hash,^random))', 'nat takes hash or random, not both'],
  ['ct(commit,nat(src=10.0.0.1-^10.0.0.300))', "'10.0.0.300' is no IPv4 address"],
  ['ct(commit,nat(src=10.0.0.9-^10.0.0.1))', 'the range ends before it begins'],
  ['ct(commit,nat(src=10.0.0.1:80-^70))', 'the ports end before they begin'],
  ['ct(commit,nat(src=10.0.0.1:^65536))', 'a port has 16 bits, got 65536'],
  ['ct(commit,exec(set_field:1->^ct_makr))', "no field is called 'ct_makr'; did you mean 'ct_mark'?"],
  ['learn(table=^255)', 'no flow can be learnt in table 255'],
  ['learn(^tabel=1)', "learn has no 'tabel'; did you mean 'table'?"],
  ['learn(limit=1^x)', "the limit is a decimal number of at most 32 bits, got '1x'"],
  ['clone(output:1,clone(^outptu:2))', "no action is called 'outptu'"],
];

const FLOWS: readonly Row[] = [
  ['in_port=1^', 'a flow needs actions=…, or actions=drop'],
  ['^d', 'commands are written out: delete, not d'],
  ['  ^modif in_port=1,actions=drop', 'commands are written out: modify, not modif'],
  ['^prio=1,actions=drop', "'prio' has no place in a flow to add"],
  ['priority^=,actions=drop', 'priority needs a value'],
  ['priority=^65536,actions=drop', 'the priority has at most 16 bits, got 65536'],
  ['table=^256,actions=drop', 'a table is a number from 0 to 255'],
  ['cookie=1/^2,actions=drop', 'a flow that is added has no cookie mask'],
  ['delete ^cookie=1', 'a cookie to look for is written with a mask: cookie=1/-1'],
  ['delete out_group=^x', 'a group is a decimal number, ANY or ALL'],
  ['actions=^dec_ttl', 'ip'],
  ['actions=meter:^0,drop', 'a meter is 1 to'],
  ['actions=meter:^-1,output:1', 'a meter is 1 to'],
  ['table=1,actions=output:1,^goto_table:1', 'goto_table leads to a later table than 1, not 1'],
  ['tcp,tp_dst=80,actions=set_field:10.0.0.^x->ip_dst', 'ip_dst is an IPv4 address'],
  ['actions=write_metadata:1,^write_metadata:2', 'writeMetadata is there twice'],
];

const GROUPS: readonly Row[] = [
  ['type=all,^bucket=output:1', 'a group needs group_id=…'],
  ['group_id=1,^bucket=output:1', 'a group needs type=…'],
  ['group_id=^4294967295,type=all', 'a group is at most'],
  ['group_id=1,type=^al', "a group's type is one of all, select, indirect, ff, fast_failover, got 'al'"],
  ['group_id=1,^tpye=all', "a group has no 'tpye'; did you mean 'type'?"],
  ['group_id=1,type=all,bucket=weight:^5,output:1', 'only select groups have weights'],
  ['group_id=1,type=indirect,bucket=output:1,bucket=^output:2', 'an indirect group has one bucket'],
  ['group_id=1,type=ff,bucket=^output:1', 'a bucket of a fast-failover group needs watch_port'],
  ['group_id=1,type=ff,bucket=watch_port:^FLOOD,output:1', 'a bucket watches a port by its number'],
  ['group_id=1,type=ff,bucket=watch_group:^all,output:1', 'a group is a number'],
  ['group_id=1,type=all,bucket=actions=output:1,bucket=^', 'a bucket needs actions'],
  ['group_id=1,type=all,bucket=actions=^outptu:1', "no action is called 'outptu'"],
  ['^mod group_id=1,type=all', 'commands are written out: modify, not mod'],
];

const METERS: readonly Row[] = [
  ['meter=1,kbps^', 'a meter needs bands=type=…'],
  ['meter=^0,kbps,bands=type=drop,rate=1', 'a meter is 1 to'],
  ['meter=1,^kbsp,bands=type=drop,rate=1', "a meter has no 'kbsp'; did you mean 'kbps'?"],
  ['kbps,^bands=type=drop,rate=1', 'a meter needs meter=…'],
  ['meter=1,^bands=type=drop,rate=1', 'a meter counts kbps or pktps'],
  ['meter=1,kbps,bands=^rate=1', 'a band begins with type=…'],
  ['meter=1,kbps,bands=type=^dorp,rate=1', "a band is of type drop or dscp_remark, not 'dorp'"],
  ['meter=1,kbps,bands=type=^drop', 'a band needs rate=…'],
  ['meter=1,kbps,bands=type=drop,rate=1^x', "rate is a number, got '1x'"],
  ['meter=1,kbps,bands=type=^drop,rate=1,burst_size=5', 'a band has burst_size only where'],
  ['meter=1,kbps,bands=type=drop,rate=1,^prec=5', "a band has no 'prec'"],
];

/** What is said of a text, and where in it. */
function mistake(parse: (text: string) => unknown, text: string): { sentence: string; marked: string } {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    const { position, message } = error;
    return {
      sentence: message.split('\n', 1)[0]!,
      marked: `${text.slice(0, position)}^${text.slice(position)}`,
    };
  }
  throw new Error(`'${text}' was taken`);
}

describe.each([
  { name: 'match', parse: parseMatch, rows: [...MATCHES, ...NEEDY] },
  { name: 'action', parse: parseActions, rows: ACTIONS },
  { name: 'flow', parse: parseFlow, rows: FLOWS },
  { name: 'group', parse: parseGroup, rows: GROUPS },
  { name: 'meter', parse: parseMeter, rows: METERS },
])('the error of a $name', ({ parse, rows }) => {
  it.each(rows)('points at the character that is wrong: %s', (marked, sentence) => {
    const found = mistake(parse, marked.replace('^', ''));
    expect(found).toEqual({ marked, sentence: expect.stringContaining(sentence) });
  });
});

describe('the message of a TextError', () => {
  it('ends with the text and a caret under the mistake', () => {
    expect(() => parseFlow('in_port=1,priority=x,actions=drop')).toThrow(
      [
        "the priority is a number, got 'x'",
        '  in_port=1,priority=x,actions=drop',
        '                     ^',
      ].join('\n'),
    );
  });

  it('shows what is around the mistake in a long text', () => {
    const text = `actions=${'output:1,'.repeat(50)}outptu:2,${'output:3,'.repeat(50)}output:4`;
    const [, shown, caret] = (() => {
      try {
        return parseFlow(text) && [];
      } catch (error) {
        return (error as TextError).message.split('\n');
      }
    })() as string[];
    expect(shown!.length).toBeLessThan(70);
    expect(shown!.slice(caret!.indexOf('^'))).toMatch(/^outptu:2/);
  });
});
