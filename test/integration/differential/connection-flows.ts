import type { Random } from '../../fuzz/random.ts';

/** Where packets show their state, and all that is known of their connection. */
const SHOWN = 'table=9,actions=controller,move:NXM_NX_CT_STATE[]->NXM_NX_REG0[],resubmit(,10)';

/** What packets are done to, by what they are. */
const ACTIONS = [
  'ct(table=9)',
  'ct(commit),output:3',
  'ct(commit,zone=5,exec(set_field:7->ct_mark)),ct(zone=5,table=9)',
  'ct(commit,zone=5,exec(set_field:0x30/0xf0->ct_mark,set_field:9->ct_label),table=9),output:4',
  'set_field:5->reg3,ct(zone=NXM_NX_REG3[0..15],table=9)',
  'ct(zone=5,table=8)',
  'ct(commit,force,table=9)',
  'ct(table=9),ct(zone=5,table=9),output:2',
  'ct(commit,exec(load:3->NXM_NX_CT_MARK[4..7],move:NXM_OF_ETH_SRC[]->NXM_NX_CT_LABEL[0..47])),ct(table=9)',
  'output:2,ct(table=0)',
  'push:NXM_OF_IN_PORT[],clone(ct(commit,table=9)),ct_clear,output:3',
  'write_actions(ct(commit,zone=5,table=9))',
];

const FLOWS = [
  SHOWN,
  'table=10,priority=12,ct_state=+trk+new,ip,ct_nw_proto=17,ct_tp_src=1001,actions=output:1,output:2',
  'table=10,priority=11,ct_state=+trk+est,ipv6,ct_ipv6_src=fd00::1,ct_nw_proto=17,ct_tp_dst=80/0xff,actions=output:2,output:3',
  'table=10,priority=10,ct_state=+trk+new,ipv6,ct_ipv6_dst=fd00::/64,actions=output:3,output:4',
  'table=10,priority=9,ct_state=+trk+est-rpl,actions=output:2',
  'table=10,priority=9,ct_state=+trk+est+rpl,actions=output:3',
  'table=10,priority=8,ct_state=+trk+new,ct_mark=0x30/0xf0,ip,actions=output:4',
  'table=10,priority=7,ct_state=+trk+new,ip,ct_nw_src=10.0.0.1,ct_nw_dst=10.0.0.2,actions=output:2,output:4',
  'table=10,priority=6,ct_state=+trk+inv,actions=output:1,output:4',
  'table=10,priority=5,ct_zone=5,ct_label=0x9/0xf,actions=output:1',
  'table=10,priority=4,ct_zone=5,actions=output:4',
  'table=8,priority=2,ip,ct_state=+est,actions=ct_clear,resubmit(,9),ct(zone=6,commit,table=9)',
  'table=8,priority=1,ip,actions=ct(zone=5,commit,exec(set_field:1->ct_label),table=9)',
];

const KINDS = ['icmp', 'icmp6', 'tcp,in_port=1', 'tcp', 'udp,in_port=2', 'udp', 'ip', 'ipv6'];

/** Flows that track what they are given, as text. */
export function connectionFlows(random: Random): string[] {
  return [...FLOWS, ...KINDS.map((kind, i) => `priority=${20 - i},${kind},actions=${random.pick(ACTIONS)}`)];
}
