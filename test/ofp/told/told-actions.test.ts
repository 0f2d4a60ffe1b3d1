import { describe, expect, it } from '@jest/globals';
import type { Action, ActionInit } from '../../../src/ofp/actions/action.ts';
import { toldActions } from '../../../src/ofp/told/told-actions.ts';

const UDP = 17;

describe('actions that are told', () => {
  it.each<readonly [Action, object]>([
    [
      { type: 'setDlSrc', dlAddr: '02:00:00:00:00:01' },
      { field: 'ethSrc', value: '02:00:00:00:00:01' },
    ],
    [
      { type: 'setDlDst', dlAddr: '02:00:00:00:00:01' },
      { field: 'ethDst', value: '02:00:00:00:00:01' },
    ],
    [
      { type: 'setNwSrc', nwAddr: '10.0.0.1' },
      { field: 'ipv4Src', value: '10.0.0.1' },
    ],
    [
      { type: 'setNwDst', nwAddr: '10.0.0.1' },
      { field: 'ipv4Dst', value: '10.0.0.1' },
    ],
    [
      { type: 'setNwTos', nwTos: 0xb8 },
      { field: 'ipDscp', value: 46 },
    ],
    [
      { type: 'setNwEcn', nwEcn: 2 },
      { field: 'ipEcn', value: 2 },
    ],
    [
      { type: 'setVlanVid', vlanVid: 7 },
      { field: 'vlanVid', value: 0x1007 },
    ],
    [
      { type: 'setVlanPcp', vlanPcp: 7 },
      { field: 'vlanPcp', value: 7 },
    ],
    [
      { type: 'setMplsLabel', mplsLabel: 7 },
      { field: 'mplsLabel', value: 7 },
    ],
    [
      { type: 'setMplsTc', mplsTc: 7 },
      { field: 'mplsTc', value: 7 },
    ],
    [
      { type: 'setTpSrc', tpPort: 53 },
      { field: 'udpSrc', value: 53 },
    ],
    [
      { type: 'setTpDst', tpPort: 53 },
      { field: 'udpDst', value: 53 },
    ],
    [
      { type: 'nxSetTunnel', tunnelId: 7 },
      { field: 'tunnelId', value: { low: 7 } },
    ],
  ])('write fields in the way of OpenFlow 1.3: %j', (action, told) => {
    expect(toldActions([action], UDP)).toMatchObject([{ type: 'setField', ...told }]);
    const outer: ActionInit[] = [
      { type: 'nxClone', actions: [action] },
      { type: 'nxCt', actions: [action] },
    ];
    for (const each of toldActions(outer, UDP))
      expect(each).toMatchObject({ actions: [{ type: 'setField', ...told }] });
  });

  it('leave a port whose protocol nobody knows', () => {
    const action: Action = { type: 'setTpSrc', tpPort: 53 };
    expect(toldActions([action])).toEqual([action]);
    expect(toldActions([action], 1)).toEqual([action]);
  });

  it('name fields as OXM in the specification, as NXM in the extension', () => {
    const dst = { field: 'ethDst', start: 0, bits: 48 } as const;
    const src = { field: 'nxmEthSrc', start: 0, bits: 48 } as const;
    const copied = { src: { ...src, field: 'ethSrc' }, dst };
    const moved = { src, dst: { ...dst, field: 'nxmEthDst' } };
    expect(toldActions([{ type: 'onfCopyField', src, dst }])).toEqual([{ type: 'onfCopyField', ...copied }]);
    expect(toldActions([{ type: 'nxRegMove', src, dst }])).toEqual([{ type: 'nxRegMove', ...moved }]);
    const written = { field: 'nxmEthSrc', value: '02:00:00:00:00:01' } as const;
    expect(toldActions([{ type: 'setField', ...written }])).toMatchObject([{ field: 'ethSrc' }]);
  });

  it.each<ActionInit>([
    { type: 'nxRegLoad', dst: { field: 'ethDst', start: 0, bits: 48 }, value: 1 },
    { type: 'nxRegLoad2', field: 'ethDst', value: '02:00:00:00:00:01' },
    { type: 'nxStackPush', field: 'ethDst', start: 0, bits: 48 },
    { type: 'nxOutputReg2', src: { field: 'ethDst', start: 0, bits: 16 } },
    { type: 'nxCheckPktLarger', pktLen: 1, dst: { field: 'ethDst', start: 0 } },
    { type: 'nxCt', zone: { field: 'ethDst', start: 0, bits: 16 } },
    {
      type: 'nxLearn2',
      tableId: 1,
      resultDst: { field: 'ethDst', start: 0 },
      specs: [{ type: 'load', src: { value: 1 }, dst: { field: 'ethDst', start: 0, bits: 1 } }],
    },
  ])('name the fields of every action of the extension so: %j', (action) => {
    const names = JSON.stringify(toldActions([action])).match(/"field":"\w+"/g);
    expect(new Set(names)).toEqual(new Set(['"field":"nxmEthDst"']));
  });

  it('leave out what goes without saying', () => {
    const controller = { type: 'nxController2', maxLen: 0xffff, controllerId: 0, reason: 'action' } as const;
    const empty = { ...controller, userdata: new Uint8Array() };
    const said = { type: 'nxController2', maxLen: 7, reason: 'noMatch', userdata: Buffer.of(1) } as const;
    const load = { type: 'nxRegLoad2', field: 'reg0', value: 5 } as const;
    expect(toldActions([controller, empty, said])).toEqual([
      { type: 'nxController2' },
      { type: 'nxController2' },
      said,
    ]);
    expect(toldActions([{ ...load, mask: 0xffff_ffff }])).toEqual([load]);
    expect(toldActions([{ ...load, mask: 0xf }])).toEqual([{ ...load, mask: 0xf }]);
  });
});
