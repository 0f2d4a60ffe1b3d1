/** A packet to be put into a file. */
export interface Packet {
  readonly timeMs: number;
  readonly bytes: Buffer;
}

/** Makes a pcap file of Ethernet frames. */
export function pcap(
  packets: readonly Packet[],
  { littleEndian = true, nanoseconds = false }: { littleEndian?: boolean; nanoseconds?: boolean } = {},
): Buffer {
  const u32 = (...values: number[]) => {
    const bytes = Buffer.alloc(values.length * 4);
    for (const [index, value] of values.entries()) {
      if (littleEndian) bytes.writeUInt32LE(value, index * 4);
      else bytes.writeUInt32BE(value, index * 4);
    }
    return bytes;
  };
  const unit = nanoseconds ? 1e6 : 1e3;
  const header = u32(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4, 0x0004_0002, 0, 0, 65_535, 1);
  const records = packets.flatMap(({ timeMs, bytes }) => [
    u32(Math.floor(timeMs / 1000), (timeMs % 1000) * unit, bytes.length, bytes.length),
    bytes,
  ]);
  return Buffer.concat([header, ...records]);
}

/** Makes a pcapng file of Ethernet frames, whose times count milliseconds. */
export function pcapng(packets: readonly Packet[]): Buffer {
  const blocks = packets.map(({ timeMs, bytes }) => {
    const head = Buffer.alloc(20);
    head.writeUInt32LE(Math.floor(timeMs / 2 ** 32), 4);
    head.writeUInt32LE(timeMs % 2 ** 32, 8);
    head.writeUInt32LE(bytes.length, 12);
    head.writeUInt32LE(bytes.length, 16);
    return block(6, Buffer.concat([head, bytes]));
  });
  return Buffer.concat([sectionBlock(), interfaceBlock(), ...blocks]);
}

/** The block that a pcapng file begins with. */
export function sectionBlock(): Buffer {
  return block(0x0a0d0d0a, Buffer.from('4d3c2b1a01000000ffffffffffffffff', 'hex'));
}

/** An interface of Ethernet frames with times in milliseconds. */
export function interfaceBlock(): Buffer {
  return block(1, Buffer.from('0100000000000000090001000300000000000000', 'hex'));
}

/** A block of a pcapng file. */
export function block(type: number, body: Buffer): Buffer {
  const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
  const bytes = Buffer.alloc(padded.length + 12);
  bytes.writeUInt32LE(type, 0);
  bytes.writeUInt32LE(bytes.length, 4);
  padded.copy(bytes, 8);
  bytes.writeUInt32LE(bytes.length, bytes.length - 4);
  return bytes;
}

/** An Ethernet frame with a TCP segment. */
export function tcpFrame(
  { from = 40_000, to = 6653, sequence = 0, syn = false, ipv6 = false, vlan = false },
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const tag = vlan ? '81000064' : '';
  const ethernet = Buffer.from(`020000000001020000000002${tag}${ipv6 ? '86dd' : '0800'}`, 'hex');
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(from, 0);
  tcp.writeUInt16BE(to, 2);
  tcp.writeUInt32BE(sequence >>> 0, 4);
  tcp[12] = 0x50;
  tcp[13] = syn ? 0x02 : 0x10;
  const size = tcp.length + payload.length;
  return Buffer.concat([ethernet, ipv6 ? ipv6Header(size) : ipv4Header(size), tcp, payload, Buffer.alloc(6)]);
}

function ipv4Header(payloadSize: number): Buffer {
  const header = Buffer.from('4500000000000000400600007f0000017f000002', 'hex');
  header.writeUInt16BE(20 + payloadSize, 2);
  return header;
}

function ipv6Header(payloadSize: number): Buffer {
  const header = Buffer.concat([Buffer.from('600000000000', 'hex'), Buffer.from([6, 64]), Buffer.alloc(32)]);
  header.writeUInt16BE(payloadSize, 4);
  header[23] = 1;
  header[39] = 2;
  return header;
}
