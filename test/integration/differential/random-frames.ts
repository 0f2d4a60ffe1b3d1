import { ethernet, ipv4, ipv6, neighbor, ports, tcp, udp } from '../../datapath/frames.ts';
import type { Random } from '../../fuzz/random.ts';

/** What packets are made of and flows ask for: few values, so that the two meet. */
export const POOLS = {
  mac: [
    '02:00:00:00:00:01',
    '02:00:00:00:00:02',
    '02:aa:bb:00:01:03',
    '01:00:5e:00:00:01',
    'ff:ff:ff:ff:ff:ff',
  ],
  ipv4: ['10.0.0.1', '10.0.0.2', '10.0.1.1', '192.168.7.9', '224.0.0.5'],
  ipv6: ['fd00::1', 'fd00::2', 'fd00:0:0:1::1', 'fe80::aa', 'ff02::1'],
  port: [1, 22, 53, 80, 443, 0x1234, 0xffff],
  inPort: [1, 2, 3, 4],
  tunnel4: ['0.0.0.0', '192.0.2.1', '192.0.2.2', '192.0.2.3'],
  tunnel6: ['::', 'fd02::1', 'fd02::2'],
  vlan: [0, 1, 7, 100, 4095],
  label: [0, 1, 16, 1000, 0xfffff],
  ttl: [0, 1, 2, 64, 255],
  tos: [0, 1, 4, 0x2c, 0xb8, 0xff],
} as const;

/**
 * The payload of later fragments, which is no transport header: in longer ones Open vSwitch 3.1 changes, with an
 * address, what it takes for the checksum of one.
 */
const LATER_PAYLOAD = 4;

/** A frame of some kind, most of them whole and right. */
export function randomFrame(random: Random): Buffer {
  const init = { src: random.pick(POOLS.mac), dst: random.pick(POOLS.mac), vlans: randomTags(random) };
  const [type, payload] = randomPayload(random);
  const frame = ethernet(type, payload, init);
  if (init.vlans.length > 0 && random.oneIn(4)) frame.writeUInt16BE(0x88a8, 12);
  // Not ARP: Open vSwitch 3.1 writes into what is no whole ARP packet.
  if (!random.oneIn(20) || type === 0x0806) return frame;
  // With a label: Open vSwitch 3.1 adds one when it writes into what is not there.
  const least = type === 0x8847 || type === 0x8848 ? 14 + 4 * init.vlans.length + 4 : 14;
  return frame.subarray(0, least + random.below(frame.length - least + 1));
}

function randomTags(random: Random): number[] {
  if (!random.oneIn(3)) return [];
  const tag = () => random.pick(POOLS.vlan) | (random.below(8) << 13);
  return random.oneIn(4) ? [tag(), tag()] : [tag()];
}

function randomPayload(random: Random): [type: number, payload: Buffer] {
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return [0x0800, randomIpv4(random)];
    case 4:
    case 5:
    case 6:
      return [0x86dd, randomIpv6(random)];
    case 7:
      return [random.oneIn(5) ? 0x8035 : 0x0806, randomArp(random)];
    case 8:
      return [random.oneIn(4) ? 0x8848 : 0x8847, randomMpls(random)];
    default:
      return [random.pick([0x88cc, 0x1234, 0x0600, 0x0026]), random.bytes(10 + random.below(40))];
  }
}

function randomIpv4(random: Random): Buffer {
  const fragment = random.oneIn(6) ? random.pick([0x2000, 0x2010, 0x0010]) : 0;
  const protocols = fragment === 0 ? [1, 2, 6, 6, 17, 17, 132, 89] : [1, 6, 17, 89];
  const [protocol, whole] = randomTransport(random, random.pick(protocols));
  const payload = (fragment & 0x1fff) === 0 ? whole : whole.subarray(0, LATER_PAYLOAD);
  const packet = ipv4(protocol, payload, {
    src: random.pick(POOLS.ipv4),
    dst: random.pick(POOLS.ipv4),
    ttl: random.pick(POOLS.ttl),
    tos: random.pick(POOLS.tos),
    fragment,
  });
  // Bytes behind the packet are padding.
  return random.oneIn(6) ? Buffer.concat([packet, random.bytes(6)]) : packet;
}

function randomIpv6(random: Random): Buffer {
  const [protocol, payload] = randomTransport(random, random.pick([6, 17, 58, 58, 58, 132, 50]));
  const packet = ipv6(protocol, payload, random.pick(POOLS.ipv6), random.pick(POOLS.ipv6));
  const tos = random.pick(POOLS.tos);
  packet.writeUInt32BE((0x6000_0000 + (tos << 20) + random.pick(POOLS.label)) >>> 0, 0);
  packet[7] = random.pick(POOLS.ttl);
  if (!random.oneIn(6)) return packet;
  // A fragment header between the two: the checksum holds as it is. Not one that says that there is but one fragment
  // (RFC 6946): Open vSwitch 3.1 does not mend the checksum of such packets.
  const place = random.pick([1, 0x10, 0x11]);
  const header = Buffer.from([protocol, 0, 0, place, 1, 2, 3, 4]);
  const rest = packet.subarray(40, place < 2 ? packet.length : 40 + LATER_PAYLOAD);
  const extended = Buffer.concat([packet.subarray(0, 40), header, rest]);
  extended.writeUInt16BE(rest.length + header.length, 4);
  extended[6] = 44;
  return extended;
}

function randomTransport(random: Random, protocol: number): [protocol: number, payload: Buffer] {
  const [src, dst] = [random.pick(POOLS.port), random.pick(POOLS.port)];
  if (protocol === 6) return [6, tcp(src, dst, random.below(0x200))];
  if (protocol === 17) return [17, random.oneIn(8) ? withoutChecksum(udp(src, dst)) : udp(src, dst)];
  if (protocol === 132) return [132, ports(src, dst, 12 + 4 * random.below(4))];
  if (protocol === 58 && random.oneIn(2)) return [58, neighbor(random.pick([135, 136]), random.pick([1, 2]))];
  if (protocol === 1 || protocol === 58) {
    const echo = Buffer.concat([Buffer.alloc(4), random.bytes(8)]);
    echo[0] = random.pick([0, 3, 8, 128, 129]);
    echo[1] = random.pick([0, 0, 1]);
    return [protocol, echo];
  }
  return [protocol, random.bytes(8 + random.below(16))];
}

function withoutChecksum(datagram: Buffer): Buffer {
  datagram.writeUInt16BE(0, 6);
  return datagram;
}

function randomArp(random: Random): Buffer {
  const packet = Buffer.from('0001080006040001', 'hex');
  packet[7] = random.pick([1, 2, 3]);
  if (random.oneIn(10)) packet[6] = 1;
  const mac = () => Buffer.from(random.pick(POOLS.mac).replaceAll(':', ''), 'hex');
  const address = () => Buffer.from(random.pick(POOLS.ipv4).split('.').map(Number));
  return Buffer.concat([packet, mac(), address(), mac(), address()]);
}

function randomMpls(random: Random): Buffer {
  const labels = 1 + random.below(4);
  const stack = Buffer.alloc(labels * 4);
  for (let i = 0; i < labels; i++) {
    const bottom = i === labels - 1 ? 0x100 : 0;
    const label = random.pick(POOLS.label);
    // Of more labels than it follows, Open vSwitch 3.1 aborts when the outermost becomes one of zeros.
    const number = labels === 4 && i === 0 ? label || 16 : label;
    const entry = number * 0x1000 + (random.below(8) << 9) + bottom + random.pick(POOLS.ttl);
    stack.writeUInt32BE(entry, i * 4);
  }
  return Buffer.concat([stack, random.oneIn(2) ? randomIpv4(random) : randomIpv6(random)]);
}
