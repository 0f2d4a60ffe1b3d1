import { describe, expect, it } from '@jest/globals';
import { toldActions, toldInstruction } from '../../../src/datapath/tables/told-actions.ts';
import type { Action } from '../../../src/ofp/actions/action.ts';
import { FlowKey } from '../../../src/ofp/text/flow-key.ts';

const key = new FlowKey();
key.setExact('nwProto', 17);

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
    expect(toldActions([action], key)).toMatchObject([{ type: 'setField', ...told }]);
    const clone: Action = { type: 'nxClone', actions: [action] };
    expect(toldInstruction({ type: 'applyActions', actions: [clone] }, key)).toMatchObject({
      actions: [{ type: 'nxClone', actions: [{ type: 'setField', ...told }] }],
    });
  });

  it('leave a port whose protocol nobody knows', () => {
    const action: Action = { type: 'setTpSrc', tpPort: 53 };
    expect(toldActions([action])).toEqual([action]);
    expect(toldActions([action], new FlowKey())).toEqual([action]);
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

  it('output to what a register says in the shorter form, where the field fits into it', () => {
    const src = { field: 'reg0', start: 0, bits: 16 } as const;
    expect(toldActions([{ type: 'nxOutputReg2', src, maxLen: 0 }])).toEqual([
      { type: 'nxOutputReg', src, maxLen: 0 },
    ]);
    const long = { ...src, field: 'nshC1' } as const;
    expect(toldActions([{ type: 'nxOutputReg2', src: long, maxLen: 0 }])).toMatchObject([
      { type: 'nxOutputReg2' },
    ]);
  });
});
