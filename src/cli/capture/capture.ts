import { ChunkReader } from './chunk-reader.ts';
import type { CapturedPacket } from './format.ts';
import { readPcap } from './pcap.ts';
import { readPcapng } from './pcapng.ts';

/** The first bytes of pcapng files, in either byte order. */
const PCAPNG_MAGIC = '0a0d0d0a';

/**
 * Reads the packets of a pcap or pcapng file as it comes; one that ends in the middle of a packet, as those that are
 * still being written do, ends before it.
 * @throws WireError `PACKET_CAPTURE_INVALID`
 */
export async function* readCapture(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<CapturedPacket, void> {
  const reader = new ChunkReader(chunks);
  try {
    const magic = await reader.take(4);
    yield* magic.toString('hex') === PCAPNG_MAGIC ? readPcapng(reader, magic) : readPcap(reader, magic);
  } finally {
    await reader.close();
  }
}
