import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { PortNo } from '../../../src/ofp/ports.ts';
import { actionFixtures } from '../action-fixtures.ts';
import { bytesOf, codeOf } from '../checks.ts';

describe('NXT_FLOW_MOD', () => {
  it('has the cookies that it looks at apart from the match', () => {
    const flowMods = actionFixtures.deletions.map(({ hex }) => decode(Buffer.from(hex, 'hex')));
    expect(flowMods).toMatchObject([
      {
        type: 'nxFlowMod',
        command: 'delete',
        match: { nxmEthType: 0x800, nxmIpProto: 6, reg0: 5 },
        cookieMatch: { value: Long.fromNumber(0x12, true), mask: Long.MAX_UNSIGNED_VALUE },
      },
      {
        outPort: 3,
        match: { nxmEthType: 0x86dd },
        cookieMatch: { value: Long.fromNumber(0x12, true), mask: Long.fromNumber(0xff, true) },
      },
      { tableId: 4, outPort: PortNo.LOCAL, match: { nxmInPort: 0xfffe } },
    ]);
    expect(flowMods[2]).not.toHaveProperty('cookieMatch');
  });

  it('ends with instructions, as Open vSwitch has it over OpenFlow 1.3', () => {
    // ovs-ofctl ofp-print: ADD table:4 ip,reg1=0x4/0xf cookie:0x7 idle:5 out_port:3 send_flow_rem actions=resubmit(,5)
    const bytes = bytesOf(`0404 0060 00000000 00002320 0000000d
      0000000000000007 0400 0005 0000 8000 ffffffff 0003 0001 0012 000000000000
      00000602 0800 00010308 00000004 0000000f 000000000000
      0004 0018 00000000 ffff 0010 00002320 000e fff8 05 000000`);
    const written = encode({
      type: 'nxFlowMod',
      command: 'add',
      tableId: 4,
      cookie: 7,
      idleTimeout: 5,
      outPort: 3,
      flags: 1,
      match: { nxmEthType: 0x800, reg1: { value: 4, mask: 0xf } },
      instructions: [{ type: 'applyActions', actions: [{ type: 'nxResubmitTable', tableId: 5 }] }],
    });
    expect(written.equals(bytes)).toBe(true);
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('has its usual values unless others are given', () => {
    expect(decode(encode({ type: 'nxFlowMod', command: 'modifyStrict' }))).toEqual({
      type: 'nxFlowMod',
      xid: 0,
      cookie: Long.UZERO,
      command: 'modifyStrict',
      tableId: 0,
      idleTimeout: 0,
      hardTimeout: 0,
      priority: 0x8000,
      bufferId: 0xffffffff,
      outPort: PortNo.ANY,
      flags: 0,
      match: {},
      instructions: [],
    });
  });

  it('leaves a cookie before other fields where it is', () => {
    const bytes = bytesOf(`0404 0048 00000000 00002320 0000000d
      0000000000000000 0000 0000 0000 8000 ffffffff ffff 0000 0014 000000000000
      00013c08 0000000000000001 00010004 00000005 00000000`);
    expect(decode(bytes)).toMatchObject({
      match: { 'unknown:0x00013c08': bytesOf('0000000000000001'), reg0: 5 },
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('is refused with a match over its end', () => {
    const bytes = bytesOf(`0404 0030 00000000 00002320 0000000d
      0000000000000000 0000 0000 0000 8000 ffffffff ffff 0000 0001 000000000000`);
    expect(codeOf(() => decode(bytes))).toBe('OFP_BAD_LENGTH');
  });
});
