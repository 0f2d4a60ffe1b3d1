import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { bytesOf, codeOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

const STATS = `0000000000000001 0000000000000002 0000000000000003 0000000000000004 0000000000000005
  0000000000000006 0000000000000007 0000000000000008 0000000000000009 000000000000000a 0000000b 00000000`;

describe('the multipart types of IPFIX', () => {
  it('are asked for without a body', () => {
    const bridge = fixturesOf('NXST_IPFIX_BRIDGE request')[0]!.bytes;
    const flow = fixturesOf('NXST_IPFIX_FLOW request')[0]!.bytes;
    expect(decode(bridge)).toMatchObject({ multipartType: 'nxIpfixBridge' });
    expect(decode(flow)).toMatchObject({ multipartType: 'nxIpfixFlow' });
    const init = { type: 'multipartRequest', xid: bridge.readUInt32BE(4) } as const;
    expect(encode({ ...init, multipartType: 'nxIpfixBridge' }).equals(bridge)).toBe(true);
    expect(encode({ ...init, multipartType: 'nxIpfixFlow' }).equals(flow)).toBe(true);
  });

  it('have what an exporter has counted', () => {
    const bytes = bytesOf(`0413 0070 00000000 ffff 0000 00000000 00002320 00000003 ${STATS}`);
    const long = (value: number) => Long.fromNumber(value, true);
    expect(decode(bytes)).toMatchObject({
      multipartType: 'nxIpfixBridge',
      body: {
        totalFlows: long(1),
        currentFlows: long(2),
        pkts: long(3),
        ipv4Pkts: long(4),
        ipv6Pkts: long(5),
        errorPkts: long(6),
        ipv4ErrorPkts: long(7),
        ipv6ErrorPkts: long(8),
        txPkts: long(9),
        txErrors: long(10),
        collectorSetId: 11,
      },
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('have any number of exporters that flows name', () => {
    const bytes = bytesOf(`0413 00c8 00000000 ffff 0000 00000000 00002320 00000004 ${STATS} ${STATS}`);
    expect(decode(bytes)).toMatchObject({
      multipartType: 'nxIpfixFlow',
      body: [{ collectorSetId: 11 }, { collectorSetId: 11 }],
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });

  it('are refused when they are cut off', () => {
    expect(
      codeOf(() =>
        decode(bytesOf('0413 0020 00000000 ffff 0000 00000000 00002320 00000003 0000000000000001')),
      ),
    ).toBe('OFP_TRUNCATED');
    expect(
      codeOf(() =>
        decode(bytesOf('0413 0020 00000000 ffff 0000 00000000 00002320 00000004 0000000000000001')),
      ),
    ).toBe('OFP_TRUNCATED');
  });
});

describe('a multipart type of an experimenter that is not known', () => {
  it.each(['00002320 00000063', '00112233 00000003'])('keeps its body: %s', (id) => {
    const bytes = bytesOf(`0413 001c 00000000 ffff 0000 00000000 ${id} 01020304`);
    expect(decode(bytes)).toMatchObject({
      multipartType: 'experimenter',
      body: { data: bytesOf('01020304') },
    });
    expect(encode(decode(bytes)).equals(bytes)).toBe(true);
  });
});
