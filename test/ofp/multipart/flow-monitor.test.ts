import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { FlowMonitorFlag } from '../../../src/ofp/multipart/flow-monitor.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

const { INITIAL, ADD, DELETE, MODIFY, ACTIONS, OWN } = FlowMonitorFlag;

function withBody(type: 18 | 19, body: string): Buffer {
  const bytes = Buffer.concat([
    bytesOf('0400 0000 00000000 ffff 0000 00000000 4f4e4600 0000074e'),
    bytesOf(body),
  ]);
  bytes[1] = type;
  bytes.writeUInt16BE(bytes.length, 2);
  return bytes;
}

describe('a request of ONFST_FLOW_MONITOR', () => {
  it('is what ovs-ofctl sends', () => {
    const { bytes } = fixturesOf('ONFST_FLOW_MONITOR request')[0]!;
    const flags = INITIAL | ADD | DELETE | MODIFY | ACTIONS | OWN;
    const init = { type: 'multipartRequest', multipartType: 'onfFlowMonitor' } as const;
    const body = [{ monitorId: 0, flags }];
    expect(encode({ ...init, xid: bytes.readUInt32BE(4), body }).equals(bytes)).toBe(true);
    expect(decode(bytes)).toMatchObject({
      ...init,
      body: [{ monitorId: 0, flags, outPort: PortNo.ANY, tableId: 0xff, match: {} }],
    });
  });

  it('begins several monitors', () => {
    // ovs-ofctl ofp-print: id=1 flags=initial,add ip / id=2 flags=delete out_port=7 table=3 in_port=4
    const bytes = withBody(
      18,
      `00000001 0003 000a ffffffff ff 000000 0001 000a 80000a02 0800 000000000000
       00000002 0004 000c 00000007 03 000000 0001 000c 80000004 00000004 00000000`,
    );
    expect(decode(bytes)).toMatchObject({
      body: [
        { monitorId: 1, flags: INITIAL | ADD, match: { ethType: 0x800 } },
        { monitorId: 2, flags: DELETE, outPort: 7, tableId: 3, match: { inPort: 4 } },
      ],
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('keeps a length of the match that is not the one in its header', () => {
    const bytes = withBody(18, '00002000 0004 ffff 00000002 01 000000 0001 0004 00000000');
    expect(decode(bytes)).toMatchObject({ body: [{ monitorId: 0x2000, matchLen: 0xffff, match: {} }] });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('is refused when it is cut off', () => {
    expect(codeOf(() => decode(withBody(18, '00000001 0003 0004 ffffffff')))).toBe('OFP_TRUNCATED');
    expect(codeOf(() => decode(withBody(18, '00000001 0003 0004 ffffffff ff 000000 0001')))).toBe(
      'OFP_TRUNCATED',
    );
  });
});

describe('a reply of ONFST_FLOW_MONITOR', () => {
  it.each(fixturesOf('ONFST_FLOW_MONITOR reply'))(
    'has the updates that Open vSwitch reads ($name)',
    ({ bytes, print }) => {
      const events = [...print.matchAll(/event=(\w+)(?: reason=(\w+))? table=(\d+)/g)].map(
        ([, event, reason, table]) => ({
          type: event!.toLowerCase(),
          ...(reason !== undefined && { reason }),
          tableId: Number(table),
        }),
      );
      expect(decode(bytes)).toMatchObject({ multipartType: 'onfFlowMonitor', body: events });
      expect(encode(decode(bytes)).equals(bytes)).toBe(true);
    },
  );

  it('has updates of each kind', () => {
    // ovs-ofctl ofp-print: event=ADDED table=3 idle_timeout=1 hard_timeout=2 cookie=0x4 in_port=4 actions=goto_table:9 /
    // event=DELETED reason=idle … / event=ABBREV xid=0x63
    const flow = '0005 0001 0002 000c 03 00 0000000000000004 0001 000c 80000004 00000004 00000000';
    const bytes = withBody(
      19,
      `0030 0000 0000 ${flow} 0001 0008 09 000000  0028 0001 0000 ${flow}  0028 0002 0000 ${flow}
       0008 0003 00000063  0008 0009 01020304`,
    );
    const common = {
      priority: 5,
      idleTimeout: 1,
      hardTimeout: 2,
      tableId: 3,
      cookie: Long.fromNumber(4, true),
      match: { inPort: 4 },
      instructions: [],
    };
    expect(decode(bytes)).toMatchObject({
      body: [
        { type: 'added', ...common, instructions: [{ type: 'gotoTable', tableId: 9 }] },
        { type: 'deleted', reason: 'idleTimeout', ...common },
        { type: 'modified', ...common },
        { type: 'abbrev', xid: 0x63 },
        { type: 'unknown', code: 9, raw: bytesOf('01020304') },
      ],
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it.each([
    ['an update over its end', '0010 0003 00000063'],
    ['an update under its header', '0002 0003 00000063'],
    ['an abbreviated update that is too long', '0010 0003 00000063 0000000000000000'],
    ['an update without a flow', '0008 0000 00000000'],
  ])('is refused with %s', (_what, body) => {
    expect(codeOf(() => decode(withBody(19, body)))).toMatch(/^OFP_(BAD_LENGTH|TRUNCATED)$/);
  });
});
