import { describe, expect, it } from '@jest/globals';
import { fieldByNumber } from '../../../src/ofp/oxm/field-index.ts';
import { Experimenter, OxmClass } from '../../../src/ofp/oxm/fields.ts';
import { rows } from './fields.ts';

/** OXM_OF_ fields 0 to 39 of OpenFlow 1.3.5, table 12: name, bits, and M where they may be masked. */
const SPECIFIED = `
  IN_PORT 32, IN_PHY_PORT 32, METADATA 64 M, ETH_DST 48 M, ETH_SRC 48 M, ETH_TYPE 16, VLAN_VID 13 M, VLAN_PCP 3,
  IP_DSCP 6, IP_ECN 2, IP_PROTO 8, IPV4_SRC 32 M, IPV4_DST 32 M, TCP_SRC 16, TCP_DST 16, UDP_SRC 16, UDP_DST 16,
  SCTP_SRC 16, SCTP_DST 16, ICMPV4_TYPE 8, ICMPV4_CODE 8, ARP_OP 16, ARP_SPA 32 M, ARP_TPA 32 M, ARP_SHA 48 M,
  ARP_THA 48 M, IPV6_SRC 128 M, IPV6_DST 128 M, IPV6_FLABEL 20 M, ICMPV6_TYPE 8, ICMPV6_CODE 8, IPV6_ND_TARGET 128,
  IPV6_ND_SLL 48, IPV6_ND_TLL 48, MPLS_LABEL 20, MPLS_TC 3, MPLS_BOS 1, PBB_ISID 24 M, TUNNEL_ID 64 M, IPV6_EXTHDR 9 M
`
  .split(',')
  .map((line, field) => {
    const [name, bits, mask] = line.trim().split(' ');
    return { name: camelCase(name!), field, bits: Number(bits), maskable: mask === 'M' };
  });

function camelCase(name: string): string {
  return name.toLowerCase().replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

describe('the OXM table', () => {
  it.each(SPECIFIED)('has $name as the specification has it', ({ name, field, bits, maskable }) => {
    const [, row] = rows.find(([candidate]) => candidate === name)!;
    expect(row).toMatchObject({ oxmClass: OxmClass.OPENFLOW_BASIC, experimenter: 0, field, bits });
    // Open vSwitch lets more fields be masked than the specification does.
    if (maskable) expect(row.maskability).toBe('maskable');
  });

  it('has no two fields of one number', () => {
    const numbers = rows.map(([, row]) => `${row.oxmClass}/${row.experimenter}/${row.field}`);
    expect(new Set(numbers).size).toBe(rows.length);
  });

  it('finds each field by its number', () => {
    for (const [name, { oxmClass, experimenter, field }] of rows) {
      expect(fieldByNumber(oxmClass, field, experimenter)?.name).toBe(name);
    }
  });

  it('finds nothing for numbers that nobody has', () => {
    expect(fieldByNumber(OxmClass.OPENFLOW_BASIC, 40, 0)).toBeUndefined();
    expect(fieldByNumber(OxmClass.EXPERIMENTER, 0, 0x1234)).toBeUndefined();
    expect(fieldByNumber(0x4321, 0, 0)).toBeUndefined();
  });

  it('has an experimenter for class 0xffff only, one that is known', () => {
    const known: readonly number[] = Object.values(Experimenter);
    for (const [name, row] of rows) {
      const expected = row.oxmClass === OxmClass.EXPERIMENTER ? known : [0];
      expect([name, expected.includes(row.experimenter)]).toEqual([name, true]);
    }
  });

  it('has sizes that its bits fit, and that a length of 8 bits can say with a mask', () => {
    for (const [name, row] of rows) {
      if (row.kind === 'bytes') continue;
      const expected = { number: [1, 2, 3, 4], u64: [8], mac: [6], ipv4: [4], ipv6: [16], hex: [16] }[
        row.kind
      ];
      expect([name, expected.includes(row.size), row.bits <= row.size * 8]).toEqual([name, true, true]);
    }
  });

  it('has field numbers of seven bits', () => {
    for (const [name, { field }] of rows) expect([name, field >= 0 && field < 128]).toEqual([name, true]);
  });
});
