import { describe, expect, it } from '@jest/globals';
import type { FlowModCommand } from '../../../src/ofp/messages/flow-mod.ts';
import { formatFlow } from '../../../src/ofp/text/flow-format.ts';
import { udpFrame } from '../frames.ts';
import { TextPipeline } from '../switch-text.ts';

describe('flow-mods', () => {
  it('replaces a flow with an add, which keeps the counters and begins its time anew', () => {
    const sw = new TextPipeline();
    sw.flows('cookie=1,priority=5,udp,actions=output:2');
    sw.ports(udpFrame());
    sw.nowMs = 5000;
    sw.flows('cookie=2,priority=5,udp,actions=output:3');
    const [flow] = [...sw.pipeline.tables.tables[0]!.flows.rules()];
    expect(flow).toMatchObject({ packets: 1, cookie: 2n, createdMs: 5000 });
    sw.flows('reset_counts,priority=5,udp,actions=output:3');
    expect(sw.counts()).toEqual({ 5: 0 });
  });

  it('changes what a flow does with a modify, and nothing else of it', () => {
    const sw = new TextPipeline();
    sw.flows('cookie=1,idle_timeout=60,priority=5,udp,actions=output:2');
    sw.ports(udpFrame());
    sw.nowMs = 5000;
    sw.flow('actions=output:3', 'modify');
    const [flow] = [...sw.pipeline.tables.tables[0]!.flows.rules()];
    expect(flow).toMatchObject({ packets: 1, cookie: 1n, createdMs: 0, idleTimeout: 60 });
    expect(sw.ports(udpFrame())).toEqual([3]);
  });

  it('adds nothing with a modify that finds nothing', () => {
    const sw = new TextPipeline();
    sw.flow('udp,actions=output:3', 'modify');
    sw.flow('priority=1,udp,actions=output:3', 'modifyStrict');
    expect(sw.counts()).toEqual({});
  });

  const FLOWS = [
    'cookie=0x11,priority=1,udp,actions=output:1',
    'cookie=0x12,priority=2,udp,tp_dst=2000,actions=output:2',
    'cookie=0x21,priority=3,tcp,actions=output:3',
    'cookie=0x22,priority=4,actions=write_actions(output:2)',
    'cookie=0x22,priority=5,ip,nw_dst=10.0.0.0/8,actions=output:4',
  ];
  const deletions: readonly [text: string, command: FlowModCommand, left: readonly number[]][] = [
    ['', 'delete', []],
    ['udp', 'delete', [3, 4, 5]],
    ['ip', 'delete', [4]],
    ['ip,nw_dst=10.0.0.0/9', 'delete', [1, 2, 3, 4, 5]],
    ['ip,nw_dst=10.0.0.0/7', 'delete', [1, 2, 3, 4]],
    ['cookie=0x10/0xf0', 'delete', [3, 4, 5]],
    ['cookie=0x2/0xf,ip', 'delete', [1, 3, 4]],
    ['out_port=2', 'delete', [1, 3, 5]],
    ['priority=1,udp', 'deleteStrict', [2, 3, 4, 5]],
    ['priority=2,udp', 'deleteStrict', [1, 2, 3, 4, 5]],
    ['priority=1,udp,cookie=0x12/-1', 'deleteStrict', [1, 2, 3, 4, 5]],
    ['table=7', 'delete', [1, 2, 3, 4, 5]],
  ];
  it.each(deletions)('deletes with %j (%s) all but %j', (text, command, left) => {
    const sw = new TextPipeline();
    sw.flows(...FLOWS);
    sw.flow(text, command);
    expect(Object.keys(sw.counts()).map(Number)).toEqual(left);
  });

  const refusals: readonly [error: string, text: string][] = [
    ['OFPFMFC_OVERLAP', 'check_overlap,priority=2,udp,tp_src=1,actions=drop'],
    ['OFPBRC_EPERM', 'table=254,actions=drop'],
    ['NXBAC_CT_DATAPATH_SUPPORT', 'ip,actions=ct(commit,nat(src=10.0.0.9))'],
    ['NXBAC_CT_DATAPATH_SUPPORT', 'tcp,actions=ct(commit,alg=ftp)'],
    ['NXFMFC_INVALID_TLV_FIELD', 'tun_metadata0=5,actions=drop'],
    ['NXFMFC_INVALID_TLV_FIELD', 'actions=set_field:5->tun_metadata0'],
  ];
  it.each(refusals)('answers %s to %s', (error, text) => {
    const sw = new TextPipeline();
    sw.flows(...FLOWS);
    expect(sw.flow(text)).toBe(error);
    expect(Object.keys(sw.counts())).toHaveLength(FLOWS.length);
  });

  it('takes a flow that another only leaves room for', () => {
    const sw = new TextPipeline();
    sw.flows(...FLOWS);
    expect(sw.flow('check_overlap,priority=2,tcp,actions=drop')).toBeUndefined();
    expect(sw.flow('check_overlap,priority=9,udp,actions=drop')).toBeUndefined();
  });

  it('refuses more flows than a table takes', () => {
    const sw = new TextPipeline({ maxFlows: 1 });
    sw.flows('priority=1,actions=drop');
    expect(sw.flow('priority=2,actions=drop')).toBe('OFPFMFC_TABLE_FULL');
    expect(sw.flow('priority=1,actions=output:1')).toBeUndefined();
  });

  it('lets flows go when they are idle, and at the end of their time', () => {
    const gone: string[] = [];
    const sw = new TextPipeline({ onFlowRemoved: (flow, reason) => gone.push(`${flow.priority} ${reason}`) });
    sw.flows('priority=1,idle_timeout=5,actions=drop', 'priority=2,hard_timeout=8,tcp,actions=drop');
    const at = (nowMs: number) => {
      sw.nowMs = nowMs;
      sw.pipeline.expire();
      return gone.splice(0);
    };
    expect(at(4999)).toEqual([]);
    sw.ports(udpFrame());
    expect(at(8000)).toEqual(['2 hardTimeout']);
    expect(at(9999)).toEqual(['1 idleTimeout']);
    expect(sw.pipeline.tables.hasTimeouts).toBe(false);
  });

  it('tells its matches as they were said', () => {
    const sw = new TextPipeline();
    sw.flows('priority=7,ip,nw_dst=10.0.0.0/8,dl_vlan=5,reg1=0x4/0xf,actions=drop');
    const [flow] = [...sw.pipeline.tables.tables[0]!.flows.rules()];
    const { tableId, priority } = flow!;
    expect(formatFlow({ tableId, priority, match: flow!.matchFields, instructions: [] })).toContain(
      'priority=7,ip,reg1=0x4/0xf,dl_vlan=5,nw_dst=10.0.0.0/8',
    );
  });
});
