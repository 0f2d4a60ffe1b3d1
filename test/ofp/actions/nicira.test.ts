import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { type ActionInit, encodeActions } from '../../../src/ofp/actions/action.ts';
import { CtFlag } from '../../../src/ofp/actions/nicira/conntrack.ts';
import { PacketType } from '../../../src/ofp/actions/nicira/encap.ts';
import { LearnFlag } from '../../../src/ofp/actions/nicira/learn.ts';
import { NatFlag } from '../../../src/ofp/actions/nicira/nat.ts';
import { CURRENT_TABLE } from '../../../src/ofp/actions/nicira/resubmit.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { Writer } from '../../../src/ofp/wire/writer.ts';
import { actionFixtures, actionsOf, recordedActions } from '../action-fixtures.ts';
import { bytesOf } from '../checks.ts';

/**
 * What ovs-ofctl was told, and the actions with all that may be left out left out. They must encode to what it sent;
 * what is decoded from that must have at least what is here.
 */
const MEANINGS: readonly (readonly [text: string, actions: readonly ActionInit[]])[] = [
  ['resubmit:1', [{ type: 'nxResubmitTable', inPort: 1 }]],
  ['resubmit(5,7)', [{ type: 'nxResubmitTable', inPort: 5, tableId: 7 }]],
  ['resubmit(LOCAL,9)', [{ type: 'nxResubmitTable', inPort: PortNo.LOCAL, tableId: 9 }]],
  ['resubmit(,9)', [{ type: 'nxResubmitTable', tableId: 9 }]],
  ['resubmit(,9,ct)', [{ type: 'nxResubmitTableCt', tableId: 9 }]],
  ['set_queue:4,pop_queue', [{ type: 'setQueue', queueId: 4 }, { type: 'nxPopQueue' }]],
  [
    'move:NXM_NX_REG0[0..15]->NXM_NX_REG1[16..31]',
    [
      {
        type: 'nxRegMove',
        src: { field: 'reg0', start: 0, bits: 16 },
        dst: { field: 'reg1', start: 16, bits: 16 },
      },
    ],
  ],
  [
    'move:NXOXM_NSH_C1[0..7]->NXOXM_NSH_C2[8..15]',
    [
      {
        type: 'nxRegMove',
        src: { field: 'nshC1', start: 0, bits: 8 },
        dst: { field: 'nshC2', start: 8, bits: 8 },
      },
    ],
  ],
  [
    'move:NXM_NX_TUN_METADATA0[0..31]->NXM_NX_REG0[]',
    [
      {
        type: 'nxRegMove',
        src: { field: 'tunMetadata0', start: 0, bits: 32 },
        dst: { field: 'reg0', start: 0, bits: 32 },
      },
    ],
  ],
  [
    'load:0x5->NXM_NX_REG0[4..7]',
    [{ type: 'nxRegLoad', dst: { field: 'reg0', start: 4, bits: 4 }, value: 5 }],
  ],
  [
    'load:1->NXM_NX_XXREG0[100]',
    [{ type: 'nxRegLoad', dst: { field: 'xxreg0', start: 100, bits: 1 }, value: 1n }],
  ],
  [
    'load:0xffffffffffffffff->OXM_OF_METADATA[]',
    [{ type: 'nxRegLoad', dst: { field: 'metadata', start: 0, bits: 64 }, value: Long.MAX_UNSIGNED_VALUE }],
  ],
  [
    'load:0xffff->NXM_NX_TUN_METADATA0[0..15]',
    [{ type: 'nxRegLoad2', field: 'tunMetadata0', value: bytesOf('ffff'), mask: bytesOf('ffff') }],
  ],
  [
    'set_field:0x12/0xff->tun_erspan_idx',
    [{ type: 'nxRegLoad2', field: 'tunErspanIdx', value: 0x12, mask: 0xff }],
  ],
  [
    'set_field:0x11223344->tun_metadata0',
    [{ type: 'setField', field: 'tunMetadata0', value: bytesOf('11223344') }],
  ],
  [
    'set_field:0x11223344/0xffff->tun_metadata3',
    [{ type: 'nxRegLoad2', field: 'tunMetadata3', value: bytesOf('11223344'), mask: bytesOf('0000ffff') }],
  ],
  ['note:01.02.03', [{ type: 'nxNote', note: bytesOf('010203 000000') }]],
  ['note:01.02.03.04.05.06.07', [{ type: 'nxNote', note: bytesOf('01020304050607 00000000000000') }]],
  [
    'multipath(symmetric_l3l4+udp,0,iter_hash,12,77,NXM_NX_REG4[2..9])',
    [
      {
        type: 'nxMultipath',
        fields: 'symmetricL3L4Udp',
        algorithm: 'iterHash',
        maxLink: 11,
        arg: 77,
        dst: { field: 'reg4', start: 2, bits: 8 },
      },
    ],
  ],
  [
    'multipath(eth_src,50,modulo_n,1,0,NXM_NX_REG0[])',
    [
      {
        type: 'nxMultipath',
        fields: 'ethSrc',
        basis: 50,
        algorithm: 'moduloN',
        maxLink: 0,
        dst: { field: 'reg0', start: 0, bits: 32 },
      },
    ],
  ],
  [
    'bundle(symmetric_l4,60,hrw,ofport,members:2,3)',
    [{ type: 'nxBundle', algorithm: 'hrw', fields: 'symmetricL4', basis: 60, members: [2, 3] }],
  ],
  [
    'bundle(eth_src,0,active_backup,ofport,members:1,2,3,4,5)',
    [{ type: 'nxBundle', algorithm: 'activeBackup', fields: 'ethSrc', members: [1, 2, 3, 4, 5] }],
  ],
  [
    'bundle_load(eth_src,0,hrw,ofport,NXM_NX_REG0[0..15],members:1,LOCAL)',
    [
      {
        type: 'nxBundleLoad',
        algorithm: 'hrw',
        fields: 'ethSrc',
        members: [1, PortNo.LOCAL],
        dst: { field: 'reg0', start: 0, bits: 16 },
      },
    ],
  ],
  ['output:NXM_NX_REG0[0..15]', [{ type: 'nxOutputReg', src: { field: 'reg0', start: 0, bits: 16 } }]],
  ['output:NXOXM_NSH_C1[0..15]', [{ type: 'nxOutputReg2', src: { field: 'nshC1', start: 0, bits: 16 } }]],
  ['output(port=LOCAL,max_len=64)', [{ type: 'nxOutputTrunc', port: PortNo.LOCAL, maxLen: 64 }]],
  ['exit', [{ type: 'nxExit' }]],
  ['dec_ttl(1,2,3)', [{ type: 'nxDecTtlCntIds', controllerIds: [1, 2, 3] }]],
  [
    'fin_timeout(idle_timeout=5,hard_timeout=6)',
    [{ type: 'nxFinTimeout', finIdleTimeout: 5, finHardTimeout: 6 }],
  ],
  [
    'controller(max_len=64,id=3,reason=invalid_ttl)',
    [{ type: 'nxController', maxLen: 64, controllerId: 3, reason: 'invalidTtl' }],
  ],
  [
    'controller(userdata=01.02.03.04.05,pause,meter_id=5,id=9,max_len=9,reason=no_match)',
    [
      {
        type: 'nxController2',
        maxLen: 9,
        controllerId: 9,
        reason: 'noMatch',
        userdata: bytesOf('0102030405'),
        pause: true,
        meterId: 5,
      },
    ],
  ],
  ['controller(pause)', [{ type: 'nxController2', pause: true }]],
  [
    'push:NXM_NX_REG2[3..9],pop:NXM_NX_REG0[0..6]',
    [
      { type: 'nxStackPush', field: 'reg2', start: 3, bits: 7 },
      { type: 'nxStackPop', field: 'reg0', start: 0, bits: 7 },
    ],
  ],
  ['push:NXOXM_NSH_C1[0..15]', [{ type: 'nxStackPush', field: 'nshC1', start: 0, bits: 16 }]],
  [
    'sample(probability=12345,collector_set_id=23456,obs_domain_id=34567,obs_point_id=45678)',
    [
      {
        type: 'nxSample',
        probability: 12345,
        collectorSetId: 23456,
        obsDomainId: 34567,
        obsPointId: 45678,
      },
    ],
  ],
  [
    'sample(probability=1,collector_set_id=2,obs_domain_id=3,obs_point_id=4,sampling_port=56)',
    [
      {
        type: 'nxSample2',
        probability: 1,
        collectorSetId: 2,
        obsDomainId: 3,
        obsPointId: 4,
        samplingPort: 56,
      },
    ],
  ],
  [
    'sample(probability=1,collector_set_id=2,obs_domain_id=3,obs_point_id=4,sampling_port=LOCAL,egress)',
    [
      {
        type: 'nxSample3',
        probability: 1,
        collectorSetId: 2,
        obsDomainId: 3,
        obsPointId: 4,
        samplingPort: PortNo.LOCAL,
        direction: 'egress',
      },
    ],
  ],
  [
    'conjunction(7,2/2),conjunction(9,3/3)',
    [
      { type: 'nxConjunction', id: 7, clause: 1, nClauses: 2 },
      { type: 'nxConjunction', id: 9, clause: 2, nClauses: 3 },
    ],
  ],
  ['ct', [{ type: 'nxCt' }]],
  ['ct(commit,zone=5)', [{ type: 'nxCt', flags: CtFlag.COMMIT, zone: 5 }]],
  ['ct(table=1,nat)', [{ type: 'nxCt', recircTable: 1, actions: [{ type: 'nxNat' }] }]],
  [
    'ct(commit,force,table=3,zone=NXM_NX_REG0[0..15],exec(set_field:0x7->ct_mark,load:0x1->NXM_NX_CT_LABEL[0]))',
    [
      {
        type: 'nxCt',
        flags: CtFlag.COMMIT | CtFlag.FORCE,
        zone: { field: 'reg0', start: 0, bits: 16 },
        recircTable: 3,
        actions: [
          { type: 'setField', field: 'ctMark', value: 7 },
          { type: 'nxRegLoad', dst: { field: 'ctLabel', start: 0, bits: 1 }, value: 1 },
        ],
      },
    ],
  ],
  [
    'ct(commit,alg=ftp,zone=1,nat(src=10.0.0.1-10.0.0.9:100-200,persistent,random))',
    [
      {
        type: 'nxCt',
        flags: CtFlag.COMMIT,
        zone: 1,
        alg: 21,
        actions: [
          {
            type: 'nxNat',
            flags: NatFlag.SRC | NatFlag.PERSISTENT | NatFlag.PROTO_RANDOM,
            ipv4Min: '10.0.0.1',
            ipv4Max: '10.0.0.9',
            protoMin: 100,
            protoMax: 200,
          },
        ],
      },
    ],
  ],
  [
    'ct(commit,nat(src=2001:db8::1-2001:db8::9,hash))',
    [
      {
        type: 'nxCt',
        flags: CtFlag.COMMIT,
        actions: [
          {
            type: 'nxNat',
            flags: NatFlag.SRC | NatFlag.PROTO_HASH,
            ipv6Min: '2001:db8::1',
            ipv6Max: '2001:db8::9',
          },
        ],
      },
    ],
  ],
  ['ct_clear', [{ type: 'nxCtClear' }]],
  [
    'clone(output:1,clone(resubmit(,2)))',
    [
      {
        type: 'nxClone',
        actions: [
          { type: 'output', port: 1 },
          { type: 'nxClone', actions: [{ type: 'nxResubmitTable', tableId: 2 }] },
        ],
      },
    ],
  ],
  ['encap(ethernet)', [{ type: 'nxEncap', newPktType: PacketType.ETHERNET }]],
  [
    'encap(nsh(md_type=2,tlv(0x1000,10,0x12345678),tlv(0x2000,20,0xfedcba9876543210)))',
    [
      {
        type: 'nxEncap',
        newPktType: PacketType.NSH,
        properties: [
          { type: 'nshMdType', mdType: 2 },
          { type: 'nshTlv', tlvClass: 0x1000, tlvType: 10, data: bytesOf('12345678') },
          { type: 'nshTlv', tlvClass: 0x2000, tlvType: 20, data: bytesOf('fedcba9876543210') },
        ],
      },
    ],
  ],
  ['decap()', [{ type: 'nxDecap', newPktType: PacketType.USE_NEXT_PROTO }]],
  ['decap(packet_type(ns=0,type=0))', [{ type: 'nxDecap', newPktType: PacketType.ETHERNET }]],
  ['dec_nsh_ttl', [{ type: 'nxDecNshTtl' }]],
  [
    'check_pkt_larger(9000)->OXM_OF_PKT_REG2[40]',
    [{ type: 'nxCheckPktLarger', pktLen: 9000, dst: { field: 'xreg2', start: 40 } }],
  ],
  ['delete_field:tun_metadata0', [{ type: 'nxDeleteField', field: 'tunMetadata0' }]],
  [
    'learn(table=1,NXM_OF_ETH_DST[]=NXM_OF_ETH_SRC[],output:NXM_OF_IN_PORT[])',
    [
      {
        type: 'nxLearn',
        tableId: 1,
        specs: [
          {
            type: 'match',
            src: { field: 'nxmEthSrc', start: 0, bits: 48 },
            dst: { field: 'nxmEthDst', start: 0, bits: 48 },
          },
          { type: 'output', src: { field: 'nxmInPort', start: 0, bits: 16 } },
        ],
      },
    ],
  ],
  [
    'learn(table=2,result_dst=OXM_OF_PKT_REG1[63],eth_type=0x86dd,ipv6_src=2001:db8::1)',
    [
      {
        type: 'nxLearn2',
        tableId: 2,
        resultDst: { field: 'xreg1', start: 63 },
        specs: [
          { type: 'match', src: { value: 0x86dd }, dst: { field: 'nxmEthType', start: 0, bits: 16 } },
          {
            type: 'match',
            src: { value: 0x20010db8000000000000000000000001n },
            dst: { field: 'nxmIpv6Src', start: 0, bits: 128 },
          },
        ],
      },
    ],
  ],
];

describe.each(MEANINGS)('%s', (text, actions) => {
  it('is what the actions encode to', () => {
    expect(hexOf(actions)).toBe(hexOf(recordedActions(text)));
  });

  it('decodes to the actions', () => {
    expect(recordedActions(text).map(({ type }) => type)).toEqual(actions.map(({ type }) => type));
    expect(hexOf(actionsOf(hexOf(actions)))).toBe(hexOf(actions));
  });
});

describe('decoding', () => {
  it('says what a learn action makes', () => {
    const [, text] = actionFixtures.openflow13
      .find((row) => row.text.includes('fin_idle_timeout=1'))!
      .text.split('actions=');
    expect(recordedActions(text!)).toEqual([
      {
        type: 'nxLearn',
        idleTimeout: 10,
        hardTimeout: 20,
        priority: 7,
        cookie: Long.fromNumber(0x123, true),
        flags: LearnFlag.SEND_FLOW_REM | LearnFlag.DELETE_LEARNED,
        tableId: 1,
        finIdleTimeout: 1,
        finHardTimeout: 2,
        specs: [
          { type: 'match', src: { value: '0x0800' }, dst: { field: 'nxmEthType', start: 0, bits: 16 } },
          { type: 'match', src: { value: '0x0006' }, dst: { field: 'nxmIpProto', start: 0, bits: 8 } },
          {
            type: 'match',
            src: { field: 'nxmIpDst', start: 0, bits: 32 },
            dst: { field: 'nxmIpSrc', start: 0, bits: 32 },
          },
          { type: 'load', src: { value: '0x0005' }, dst: { field: 'reg0', start: 0, bits: 4 } },
          {
            type: 'load',
            src: { field: 'reg1', start: 0, bits: 8 },
            dst: { field: 'reg2', start: 8, bits: 8 },
          },
        ],
      },
    ]);
  });

  it('fills in what was left out', () => {
    expect(recordedActions('resubmit(,9)')).toEqual([
      { type: 'nxResubmitTable', inPort: PortNo.IN_PORT, tableId: 9 },
    ]);
    expect(recordedActions('resubmit:1')).toEqual([
      { type: 'nxResubmitTable', inPort: 1, tableId: CURRENT_TABLE },
    ]);
    expect(recordedActions('ct')).toEqual([{ type: 'nxCt', flags: 0, zone: 0, alg: 0, actions: [] }]);
    expect(recordedActions('ct(table=1,nat)')).toEqual([
      { type: 'nxCt', flags: 0, zone: 0, recircTable: 1, alg: 0, actions: [{ type: 'nxNat', flags: 0 }] },
    ]);
  });

  it('reads what ovs-ofctl sends over OpenFlow 1.0 only', () => {
    const actions = actionFixtures.openflow10.flatMap(({ hex }) => actionsOf(hex));
    expect(actions).toEqual([
      { type: 'nxSetTunnel', tunnelId: 0x1234 },
      { type: 'nxSetTunnel64', tunnelId: Long.fromString('123456789abcdef0', true, 16) },
      { type: 'nxSetQueue', queueId: 7 },
      { type: 'nxDecTtl' },
      { type: 'nxResubmitTable', inPort: PortNo.IN_PORT, tableId: 3 },
      { type: 'nxPushMpls', ethType: 0x8847 },
      { type: 'nxPopMpls', ethType: 0x0800 },
      { type: 'nxSetMplsTtl', ttl: 9 },
      { type: 'nxDecMplsTtl' },
      { type: 'nxSetMplsLabel', mplsLabel: 5 },
      { type: 'nxSetMplsTc', mplsTc: 3 },
      { type: 'nxGroup', groupId: 7 },
    ]);
  });

  it('reads the older forms that ovs-ofctl no longer sends', () => {
    expect(actionsOf('ffff001000002320 0001 fff8 00000000'.replaceAll(' ', ''))).toEqual([
      { type: 'nxResubmit', inPort: PortNo.IN_PORT },
    ]);
    const metadata = 'ffff002000002320 0016 000000000000 0000000000000012 00000000000000ff';
    expect(actionsOf(metadata.replaceAll(' ', ''))).toEqual([
      {
        type: 'nxWriteMetadata',
        metadata: Long.fromNumber(0x12, true),
        metadataMask: Long.fromNumber(0xff, true),
      },
    ]);
    const copy = 'ffff0020 4f4e4600 0c80 0000 0008 0001 0002 0000 00010004 00010204 00000000';
    expect(actionsOf(copy.replaceAll(' ', ''))).toEqual([
      {
        type: 'onfCopyField',
        src: { field: 'reg0', start: 1, bits: 8 },
        dst: { field: 'reg1', start: 2, bits: 8 },
      },
    ]);
    expect(hexOf(actionsOf(copy.replaceAll(' ', '')))).toBe(copy.replaceAll(' ', ''));
  });
});

function hexOf(actions: readonly ActionInit[]): string {
  const writer = new Writer();
  encodeActions(writer, actions);
  return writer.bytes.toString('hex', 0, writer.offset);
}
