import { describe, expect, it } from '@jest/globals';
import type { MatchInit } from '../../../src/ofp/index.ts';
import { withToldMatch } from '../../../src/ofp/told/told-match.ts';

const flow = { tableId: 0, priority: 1 };

describe('a match that is told', () => {
  it('is the very same when it is of OXM', () => {
    const plain = { ...flow, match: { inPort: 1, ethType: 0x0800, ipv4Dst: '10.0.0.0/8', tunnelId: 5 } };
    expect(withToldMatch(plain)).toBe(plain);
    expect(withToldMatch(flow)).toBe(flow);
  });

  it.each<[MatchInit, MatchInit]>([
    [
      { nxmInPort: 5, nxmEthType: 0x0800, nxmIpDst: '10.0.0.0/8' },
      { inPort: 5, ethType: 0x0800, ipv4Dst: '10.0.0.0/8' },
    ],
    [{ nxmInPort: 0xfffe }, { inPort: 0xffff_fffe }],
    [{ nxmTunId: { value: 5, mask: 7 } }, { tunnelId: { value: 5, mask: 7 } }],
    [
      { ethType: 0x0800, nxmIpTos: 0xb8 },
      { ethType: 0x0800, ipDscp: 46 },
    ],
    [
      { tcpFlags: 2, actsetOutput: 1 },
      { onfTcpFlags: 2, onfActsetOutput: 1 },
    ],
    [{ nxmVlanTci: 0x7005 }, { vlanVid: { value: 0x1005, mask: 0x1fff }, vlanPcp: 3 }],
    [{ nxmVlanTci: { value: 0x1000, mask: 0x1000 } }, { vlanVid: { value: 0x1000, mask: 0x1000 } }],
    [{ xreg1: 0x1_0000_0002n }, { reg2: 1, reg3: 2 }],
    [{ xxreg0: { value: 5n, mask: 7n } }, { reg3: { value: 5, mask: 7 } }],
  ])('names fields as OXM does: %j', (match, told) => {
    expect(withToldMatch({ ...flow, match })).toEqual({ ...flow, match: told });
  });

  it.each<MatchInit>([
    { nxmEthSrc: '02:00:00:00:00:01', ethSrc: '02:00:00:00:00:01' },
    { xreg0: 1, reg0: 1 },
    { nxmVlanTci: 0 },
    { nxmVlanTci: { value: 0x2000, mask: 0x2000 } },
  ])('leaves what OXM has no words for: %j', (match) => {
    expect(withToldMatch({ ...flow, match })).toEqual({ ...flow, match });
  });
});
