import type { ChunkReader } from './chunk-reader.ts';
import { type CapturedPacket, invalidCapture, MAX_PACKET_BYTES } from './format.ts';

/** Block types (draft-ietf-opsawg-pcapng, 11.1). */
const Block = { SECTION: 0x0a0d0d0a, INTERFACE: 1, SIMPLE_PACKET: 3, ENHANCED_PACKET: 6 } as const;

/** The option of an interface that says what its times count. */
const IF_TSRESOL = 9;

interface Interface {
  readonly linkType: number;
  /** What a second has of the unit of its times. */
  readonly perSecond: number;
}

/** Reads in the byte order of a section. */
interface Order {
  u16(bytes: Buffer, at: number): number;
  u32(bytes: Buffer, at: number): number;
}

const BIG: Order = { u16: (bytes, at) => bytes.readUInt16BE(at), u32: (bytes, at) => bytes.readUInt32BE(at) };
const LITTLE: Order = {
  u16: (bytes, at) => bytes.readUInt16LE(at),
  u32: (bytes, at) => bytes.readUInt32LE(at),
};

/**
 * Reads a pcapng file, whose first four bytes have been taken already (draft-ietf-opsawg-pcapng).
 * @throws WireError `PACKET_CAPTURE_INVALID`
 */
export async function* readPcapng(reader: ChunkReader, magic: Buffer): AsyncGenerator<CapturedPacket, void> {
  let order = BIG;
  let interfaces: Interface[] = [];
  for (let type = magic; type.length === 4; type = await reader.take(4)) {
    let lengthBytes = await reader.take(4);
    if (type.readUInt32BE(0) === Block.SECTION) {
      const orderBytes = await reader.take(4);
      if (orderBytes.length < 4) return;
      order = byteOrder(orderBytes);
      interfaces = [];
      lengthBytes = Buffer.concat([lengthBytes, orderBytes]);
    }
    const taken = 4 + lengthBytes.length;
    if (taken < 8) return;
    const size = order.u32(lengthBytes, 0);
    if (size < 12 || size % 4 !== 0 || size > MAX_PACKET_BYTES) {
      throw invalidCapture(`a block of ${size} bytes: the file is damaged`);
    }
    const body = await reader.take(size - taken);
    if (body.length < size - taken) return;
    // The length stands at the end again.
    const block = body.subarray(0, -4);
    const kind = order.u32(type, 0);
    if (kind === Block.INTERFACE && block.length >= 8) interfaces.push(readInterface(block, order));
    else if (kind === Block.ENHANCED_PACKET) yield* enhancedPacket(block, order, interfaces);
    else if (kind === Block.SIMPLE_PACKET) yield* simplePacket(block, order, interfaces);
  }
}

function byteOrder(bytes: Buffer): Order {
  const hex = bytes.toString('hex');
  if (hex === '1a2b3c4d') return BIG;
  if (hex === '4d3c2b1a') return LITTLE;
  throw invalidCapture('a section of the pcapng file has no byte order');
}

function readInterface(block: Buffer, order: Order): Interface {
  let perSecond = 1e6;
  for (let at = 8; at + 4 <= block.length; ) {
    const length = order.u16(block, at + 2);
    if (order.u16(block, at) === IF_TSRESOL && length === 1 && at + 4 < block.length) {
      const resolution = block[at + 4]!;
      perSecond = (resolution & 0x80) === 0 ? 10 ** resolution : 2 ** (resolution & 0x7f);
    }
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return { linkType: order.u16(block, 0), perSecond };
}

function* enhancedPacket(
  block: Buffer,
  order: Order,
  interfaces: readonly Interface[],
): Generator<CapturedPacket> {
  if (block.length < 20) throw invalidCapture('a packet block ends before its packet');
  const found = interfaces[order.u32(block, 0)];
  const size = order.u32(block, 12);
  if (found === undefined || size > block.length - 20)
    throw invalidCapture('a packet block has no such packet');
  const time = order.u32(block, 4) * 2 ** 32 + order.u32(block, 8);
  const timeMs = Math.floor((time / found.perSecond) * 1000);
  yield { timeMs, linkType: found.linkType, bytes: block.subarray(20, 20 + size) };
}

function* simplePacket(
  block: Buffer,
  order: Order,
  interfaces: readonly Interface[],
): Generator<CapturedPacket> {
  const [first] = interfaces;
  if (first === undefined || block.length < 4) throw invalidCapture('a packet block has no such packet');
  const size = Math.min(order.u32(block, 0), block.length - 4);
  yield { timeMs: undefined, linkType: first.linkType, bytes: block.subarray(4, 4 + size) };
}
