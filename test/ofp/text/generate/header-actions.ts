import type { MakeAction } from './fields.ts';
import { numberText, oneOf } from './values.ts';

/** Actions that put headers on and take them off, and count their time to live down. */
export const headerActions: Readonly<Record<string, MakeAction>> = {
  push_vlan: (random) => `push_vlan:${random.pick(['0x8100', '0x88a8', '33024', '0x9100'])}`,
  pop_vlan: () => 'pop_vlan',
  strip_vlan: () => 'strip_vlan',
  push_mpls: (random) => `push_mpls:${random.pick(['0x8847', '0x8848', '0x800'])}`,
  pop_mpls: (random) => `pop_mpls:${random.pick(['0x0800', '0x86dd', '0x8847', '0x0806'])}`,
  set_mpls_ttl: (random) => `set_mpls_ttl:${numberText(random, 8)}`,
  dec_mpls_ttl: () => 'dec_mpls_ttl',
  mod_nw_ttl: (random) => `mod_nw_ttl:${numberText(random, 8)}`,
  set_nw_ttl: (random) => `set_nw_ttl:${numberText(random, 8)}`,
  dec_ttl: (random) => random.pick(['dec_ttl', 'dec_ttl(0)', 'dec_ttl(1,2,3)', 'DEC_TTL', 'dec_ttl(4 5,6)']),
  dec_nsh_ttl: () => 'dec_nsh_ttl',
  encap: (random) =>
    oneOf(random, [
      'encap(nsh)',
      'encap(nsh())',
      'encap(ethernet)',
      'encap(mpls)',
      'encap(mpls_mc)',
      'encap(nsh(md_type=1))',
      'encap(nsh(md_type=2,tlv(0x1000,10,0x12345678)))',
      (source) => `encap(nsh(md_type=2,tlv(0x${source.bytes(2).toString('hex')},${source.below(256)},0xab)))`,
    ]),
  decap: (random) =>
    random.pick([
      'decap',
      'decap()',
      'decap(packet_type(ns=0,type=0))',
      'decap(packet_type(ns=1,type=0x894f))',
    ]),
};
