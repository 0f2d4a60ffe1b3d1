import type { ChunkReader } from './chunk-reader.ts';
import { type CapturedPacket, invalidCapture, MAX_PACKET_BYTES } from './format.ts';

interface Format {
  readonly littleEndian: boolean;
  /** What a second has of the unit of the times' second word. */
  readonly perSecond: number;
}

/** By the first four bytes of the file. */
const FORMATS: Readonly<Record<string, Format>> = {
  a1b2c3d4: { littleEndian: false, perSecond: 1e6 },
  d4c3b2a1: { littleEndian: true, perSecond: 1e6 },
  a1b23c4d: { littleEndian: false, perSecond: 1e9 },
  '4d3cb2a1': { littleEndian: true, perSecond: 1e9 },
};

const HEADER_SIZE = 24;
const RECORD_HEADER_SIZE = 16;

/** Reads a pcap file behind its magic number (draft-ietf-opsawg-pcap). @throws WireError `PACKET_CAPTURE_INVALID` */
export async function* readPcap(reader: ChunkReader, magic: Buffer): AsyncGenerator<CapturedPacket, void> {
  const format = FORMATS[magic.toString('hex')];
  const rest = await reader.take(HEADER_SIZE - magic.length);
  if (format === undefined || rest.length < HEADER_SIZE - magic.length) {
    throw invalidCapture('expected a pcap or pcapng file, which begins otherwise');
  }
  const u32 = (bytes: Buffer, at: number) =>
    format.littleEndian ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  const linkType = u32(rest, 16) & 0xffff;
  for (;;) {
    const header = await reader.take(RECORD_HEADER_SIZE);
    if (header.length < RECORD_HEADER_SIZE) return;
    const size = u32(header, 8);
    if (size > MAX_PACKET_BYTES) throw invalidCapture(`a packet of ${size} bytes: the file is damaged`);
    const bytes = await reader.take(size);
    if (bytes.length < size) return;
    const timeMs = u32(header, 0) * 1000 + Math.floor((u32(header, 4) * 1000) / format.perSecond);
    yield { timeMs, linkType, bytes };
  }
}
