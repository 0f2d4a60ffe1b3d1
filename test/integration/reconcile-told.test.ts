import { afterAll, beforeAll, expect, it } from '@jest/globals';
import {
  type ActionInit,
  connectSwitch,
  type FieldName,
  type FlowSpec,
  type GroupSpec,
  type InstructionInit,
  type MatchInit,
  output,
  parseFlow,
  type Switch,
  setField,
} from '../../src/ofp/index.ts';
import { Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { ODD_FORMS } from './differential/odd-forms.ts';

const ALL = { cookie: 0, cookieMask: 0, ownsGroup: () => true };
const NONE = { added: 0, changed: 0, deleted: 0 };
const MAC = '02:00:00:00:00:01';

const part = <F extends FieldName>(field: F, bits: number, start = 0) => ({ field, start, bits });

/** Actions of every kind that names fields or has defaults, by the names of OXM as by those of NXM. */
const ACTIONS: readonly (readonly [kind: string, ...ActionInit[]])[] = [
  ...(['ethSrc', 'nxmEthSrc'] as const).flatMap((field): [string, ...ActionInit[]][] => [
    ['', { type: 'nxRegMove', src: part(field, 48), dst: part('ethDst', 48) }],
    ['', { type: 'onfCopyField', src: part(field, 48), dst: part('ethDst', 48) }],
    ['', { type: 'nxRegLoad', dst: part(field, 8, 3), value: 5 }],
    ['', { type: 'nxRegLoad2', field, value: MAC }],
    ['', { type: 'nxRegLoad2', field, value: MAC, mask: 'ff:ff:ff:ff:ff:ff' }],
    ['', { type: 'nxRegLoad2', field, value: '02:00:00:00:00:00', mask: 'ff:00:00:00:00:00' }],
    ['', setField(field, MAC)],
    ['', { type: 'nxStackPush', ...part(field, 48) }, { type: 'nxStackPop', ...part(field, 48) }],
    ['', { type: 'nxOutputReg', src: part(field, 16) }, { type: 'nxOutputReg2', src: part(field, 16) }],
    ['', { type: 'nxCheckPktLarger', pktLen: 100, dst: { field, start: 3 } }],
    ['ip,', { type: 'nxCt', flags: 1, zone: part(field, 16), actions: [setField('ctMark', 5)] }],
    ['', { type: 'nxClone', actions: [setField(field, MAC), { type: 'setDlDst', dlAddr: MAC }] }],
    [
      '',
      {
        type: 'nxLearn2',
        tableId: 9,
        flags: 4,
        resultDst: { field, start: 3 },
        specs: [
          { type: 'match', src: part(field, 48), dst: part('ethDst', 48) },
          { type: 'load', src: { value: 5 }, dst: part(field, 16) },
          { type: 'output', src: part('inPort', 16) },
        ],
      },
    ],
  ]),
  ['', ...parsed('multipath(eth_src,50,modulo_n,1,0,NXM_NX_REG0[])')],
  ['', ...parsed('bundle_load(eth_src,0,hrw,ofport,NXM_NX_REG0[],members:4,8)')],
  ['tcp,', { type: 'nxRegMove', src: part('tcpFlags', 12), dst: part('reg0', 12) }],
  ['', { type: 'nxRegMove', src: part('tunnelId', 32), dst: part('metadata', 32) }],
  ['ip,', { type: 'setNwTos', nwTos: 0xb8 }, setField('nxmIpTos', 0xb8), setField('ipDscp', 46)],
  ['sctp,', { type: 'setTpSrc', tpPort: 5 }, { type: 'setTpDst', tpPort: 5 }],
  ['', { type: 'nxController2', maxLen: 0xffff, controllerId: 0, reason: 'action', userdata: Buffer.of() }],
  ['', { type: 'nxController2', maxLen: 5, controllerId: 6, reason: 'noMatch', userdata: Buffer.of(1) }],
  ['', { type: 'nxController', maxLen: 0xffff, controllerId: 0, reason: 'action' }],
];

const MATCHES: readonly MatchInit[] = [
  { nxmInPort: 3 },
  { nxmEthSrc: `${MAC}/ff:ff:ff:00:00:ff`, nxmEthDst: MAC },
  { nxmVlanTci: 0x7005 },
  { nxmVlanTci: { value: 0x1006, mask: 0x1fff } },
  { nxmVlanTci: { value: 0x1000, mask: 0x1000 } },
  { nxmEthType: 0x0800, nxmIpTos: 0xb8, nxmIpEcn: 1, nxmIpSrc: '10.0.0.0/8' },
  { nxmEthType: 0x0800, nxmIpProto: 6, nxmTcpDst: 80, tcpFlags: { value: 2, mask: 3 } },
  { nxmEthType: 0x0806, nxmArpOp: 1, nxmArpSpa: '10.0.0.1', nxmArpSha: MAC },
  { nxmEthType: 0x86dd, nxmIpv6Label: 5, nxmIpv6Dst: 'fd00::/8' },
  { ethType: 0x86dd, ipProto: 58, nxmIcmpv6Type: 135, nxmIcmpv6Code: 0, nxmNdTarget: 'fd00::1' },
  { nxmTunId: { value: 5, mask: 0xff }, actsetOutput: 1 },
];

function parsed(actions: string, kind = ''): readonly ActionInit[] {
  return parseFlow(`${kind}actions=${actions}`, 'add').instructions!.flatMap((each) =>
    'actions' in each ? each.actions : [],
  );
}

const apply = (actions: readonly ActionInit[]): InstructionInit => ({ type: 'applyActions', actions });

describeWithLab('reconciling an Open vSwitch that lists flows in words of its own', () => {
  let lab: Lab;
  let session: Switch;

  beforeAll(async () => {
    lab = await Lab.create();
    const host = await lab.addSwitch();
    session = await connectSwitch(`unix:${host.ovs.mgmt(host.bridge)}`);
  });

  afterAll(async () => {
    await session?.close();
    await lab?.close();
  });

  /** Whether the switch takes a flow at all. */
  async function isTaken(flow: FlowSpec): Promise<boolean> {
    try {
      await session.sendAll([{ type: 'flowMod', command: 'add', ...flow, tableId: 200 }]);
      return true;
    } catch {
      return false;
    }
  }

  it('finds nothing to do the second time, whichever way actions were said', async () => {
    const group: GroupSpec = {
      groupId: 1,
      groupType: 'all',
      buckets: [
        { actions: [...ACTIONS[0]!.slice(1), { type: 'setDlSrc', dlAddr: MAC }, output(1)] as ActionInit[] },
      ],
    };
    await session.reconcile({ groups: [group] }, ALL);
    const said = [
      ...ACTIONS,
      ...ODD_FORMS.map(({ kind, action }) => [kind, action] as const),
    ] as readonly (readonly [string, ...ActionInit[]])[];
    const flows: FlowSpec[] = [];
    for (const [i, [kind, ...actions]] of said.entries()) {
      const { match = {} } = parseFlow(`${kind}actions=drop`, 'add');
      const flow = { tableId: 1, priority: i + 1, match, instructions: [apply(actions)] };
      // Some of the odd forms are for other versions of OpenFlow.
      if (i < ACTIONS.length || (await isTaken(flow))) flows.push(flow);
    }
    expect(flows.length).toBeGreaterThan(ACTIONS.length + 50);
    const desired = { flows, groups: [group] };
    expect(await session.reconcile(desired, ALL)).toMatchObject({ added: flows.length, changed: 0 });
    expect(await session.reconcile(desired, ALL)).toEqual(NONE);
  });

  it('finds nothing to do the second time, whichever way matches were said', async () => {
    const flows = MATCHES.map((match, i) => ({ tableId: 1, priority: i + 1, match }));
    await session.reconcile({}, ALL);
    expect(await session.reconcile({ flows }, ALL)).toEqual({ ...NONE, added: flows.length });
    expect(await session.reconcile({ flows }, ALL)).toEqual(NONE);
    expect(await session.reconcile({}, ALL)).toEqual({ ...NONE, deleted: flows.length });
    expect(await session.multipart('flow', {})).toEqual([]);
  });
});
