/** Flows that ovs-ofctl takes and we refuse, told by what we say of them, and why we do. */
interface Stricter {
  readonly sentence: RegExp;
  readonly why: string;
  readonly example: string;
}

/** What ovs-ofctl 3.1 refuses and we take. */
interface Looser {
  readonly why: string;
  readonly example: string;
}

/** Where ovs-ofctl sends something else than what a text seems to say, a clear error is of more use. */
export const STRICTER: readonly Stricter[] = [
  {
    sentence: / is not in every packet; add /,
    why: 'it leaves the field out, and takes every packet',
    example: 'tcp_dst=80,actions=drop',
  },
  {
    sentence: /is a decimal number of at most \d+ bits/,
    why: 'it reads these numbers with atoi, which cuts what is too large and takes anything else for 0',
    example: 'actions=bundle(eth_src,65536,hrw,ofport,members:1)',
  },
  {
    sentence: /^(the cookie|the namespace|[a-z]+\d*(_[a-z]+\d*)*) is a number, got '/,
    why: 'it reads the digits in front, and passes over what follows them',
    example: 'actions=load:1x->reg0[]',
  },
  {
    sentence: /has at most 32 bits, got (\d{10,}|0x[\da-f]{9,})$/,
    why: 'it takes the low 32 bits of a number that is too large',
    example: 'actions=set_queue:4294967296',
  },
  {
    sentence: /^expected an Ethernet address like/,
    why: 'it takes the low 8 bits of each byte, and passes over what follows the sixth',
    example: 'actions=mod_dl_src:02:00:00:00:00:100',
  },
  {
    sentence: /is an IPv4 address, got '|' is no IPv4 address$|^a range is .*, got '[\d.:-]+'$/,
    why: 'it takes the low 8 bits of each byte, and reads 010 as ten',
    example: 'ip,nw_dst=10.0.0.256,actions=drop',
  },
  {
    sentence: /^packet_type is written \(namespace,type\)/,
    why: 'it passes over what follows the parenthesis',
    example: 'packet_type=(1,0x800)),actions=drop',
  },
  {
    sentence: /^decap has no '/,
    why: 'it passes over every word behind the first, such as actions behind a parenthesis that is missing',
    example: 'actions=decap(packet_type(ns=0,type=0),output:1',
  },
  {
    sentence: /^resubmit has no '/,
    why: 'it looks for the ct among whatever comes third',
    example: 'actions=resubmit(,1,,ct)',
  },
  {
    sentence: /^the port is a number or .*, got 'tun_metadata\d+(\[\])?'$/,
    why: 'it sends the low 10 bits of where the bits are and how many, and so a part of the field',
    example: 'actions=output:tun_metadata3',
  },
  {
    sentence: /^this action takes up to 64 bits/,
    why: 'it sends the low 6 bits of the count, and so a part of the field',
    example: 'actions=multipath(eth_src,0,modulo_n,1,0,NXM_NX_XXREG0[])',
  },
  {
    sentence: /^bit \d{10,} comes after bit|, not a bit \d{10,}$/,
    why: 'it takes the low 32 bits of the number of a bit',
    example: 'actions=load:0->reg0[4294967296]',
  },
  {
    sentence: /^tlv is written tlv\(/,
    why: 'it takes half a byte for a whole one, and -1 for 255',
    example: 'actions=encap(nsh(md_type=2,tlv(0x1000,10,0xb)))',
  },
  {
    sentence: /^commands are written out: /,
    why: 'it takes d for delete, with every flow',
    example: 'd',
  },
];

/** Flows that only we take: OpenFlow 1.3 has these actions, which other switches may be sent. */
export const LOOSER_FLOWS: readonly Looser[] = [
  'push_pbb:0x88e7',
  'pop_pbb',
  'copy_ttl_in',
  'copy_ttl_out',
].map((action) => ({ why: 'Open vSwitch has no such action', example: `actions=${action}` }));

/** Groups that only we take. */
export const LOOSER_GROUPS: readonly Looser[] = [
  {
    why: 'ovs-ofctl 3.1 writes the words of a bucket anew, and loses the arrow',
    example: 'group_id=1,type=all,bucket=check_pkt_larger(100)->reg0[0]',
  },
];
