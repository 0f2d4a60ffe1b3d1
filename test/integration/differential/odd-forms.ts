import type { ActionInit } from '../../../src/ofp/actions/action.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';
import { otherForms } from './respell.ts';

/** Actions that have other forms, with what the packets have to be. */
const SAMPLES: readonly (readonly [kind: string, action: string])[] = [
  ['', 'set_field:02:00:00:00:00:01->eth_src'],
  ['', 'set_field:02:00:00:00:00:01->eth_dst'],
  ['', 'set_field:3->tun_id'],
  ['', 'set_field:3->metadata'],
  ['vlan_vid=0x1000/0x1000,', 'set_field:0x1007->vlan_vid'],
  ['vlan_vid=0x1000/0x1000,', 'set_field:3->vlan_pcp'],
  ['ip,', 'set_field:10.0.0.1->ip_src'],
  ['ip,', 'set_field:10.0.0.1->ip_dst'],
  ['ip,', 'set_field:11->ip_dscp'],
  ['ip,', 'set_field:1->nw_ecn'],
  ['ip,', 'set_field:9->nw_ttl'],
  ['ip,', 'dec_ttl'],
  ['tcp,', 'set_field:80->tcp_src'],
  ['udp,', 'set_field:80->udp_dst'],
  ['mpls,', 'set_field:9->mpls_label'],
  ['mpls,', 'set_field:1->mpls_tc'],
  ['mpls,', 'set_field:9->mpls_ttl'],
  ['mpls,', 'dec_mpls_ttl'],
  ['mpls,', 'pop_mpls:0x0800'],
  ['', 'push_mpls:0x8847'],
  ['', 'push_vlan:0x8100'],
  ['vlan_vid=0x1000/0x1000,', 'strip_vlan'],
  ['', 'set_queue:1'],
  ['', 'group:1'],
  ['', 'note:01'],
  ['', 'sample(probability=1,collector_set_id=1,obs_domain_id=2,obs_point_id=3)'],
  ['', 'output:NXM_NX_REG0[]'],
  ['', 'resubmit(,3)'],
  ['', 'resubmit:2'],
  ['', 'move:NXM_NX_REG0[]->NXM_NX_REG1[]'],
];

interface OddForm {
  /** What a flow has to match for it. */
  readonly kind: string;
  readonly action: ActionInit;
  /** The action as it usually is. */
  readonly text: string;
}

/** Each form of an action that there is. */
export const ODD_FORMS: readonly OddForm[] = SAMPLES.flatMap(([kind, text]) => {
  const [instruction] = parseFlow(`${kind}actions=${text}`, 'add').instructions ?? [];
  const [action] = (instruction as { readonly actions: readonly ActionInit[] }).actions;
  return [action!, ...otherForms(action!)].map((form) => ({ kind, action: form, text }));
});
