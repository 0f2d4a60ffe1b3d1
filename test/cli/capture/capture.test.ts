import { describe, expect, it } from '@jest/globals';
import { readCapture } from '../../../src/cli/capture/capture.ts';
import type { CapturedPacket } from '../../../src/cli/capture/format.ts';
import { block, interfaceBlock, pcap, pcapng, sectionBlock } from './captures.ts';

async function read(file: Buffer, chunkSize = file.length): Promise<CapturedPacket[]> {
  const packets: CapturedPacket[] = [];
  for await (const packet of readCapture(chunks(file, chunkSize))) packets.push(packet);
  return packets;
}

async function* chunks(file: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
}

const PACKETS = [
  { timeMs: 1_700_000_000_123, bytes: Buffer.from('first packet') },
  { timeMs: 1_700_000_001_456, bytes: Buffer.from('the second') },
];

describe('captured packets', () => {
  const files: [string, Buffer][] = [
    ['pcap', pcap(PACKETS)],
    ['pcap, the other byte order', pcap(PACKETS, { littleEndian: false })],
    ['pcap with nanoseconds', pcap(PACKETS, { nanoseconds: true })],
    ['pcapng', pcapng(PACKETS)],
  ];

  it.each(files)('are read from %s, however it is cut', async (_, file) => {
    for (const chunkSize of [1, 7, file.length]) {
      const packets = await read(file, chunkSize);
      expect(packets.map(({ timeMs, bytes }) => ({ timeMs, bytes: `${bytes}` }))).toEqual(
        PACKETS.map(({ timeMs, bytes }) => ({ timeMs, bytes: `${bytes}` })),
      );
      expect(packets.map(({ linkType }) => linkType)).toEqual([1, 1]);
    }
  });

  it.each(files)('end before the packet in which %s ends', async (_, file) => {
    for (let size = 28; size < file.length; size++) {
      const count = (await read(file.subarray(0, size))).length;
      expect(count).toBeLessThanOrEqual(2);
    }
    expect(await read(file.subarray(0, -5))).toHaveLength(1);
  });

  it('may have no time', async () => {
    const simple = Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.from('abc\0')]);
    const file = Buffer.concat([sectionBlock(), interfaceBlock(), block(3, simple)]);
    expect(await read(file)).toEqual([{ timeMs: undefined, linkType: 1, bytes: Buffer.from('abc') }]);
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'expected a pcap or pcapng file'],
    ['text', Buffer.from('hello, these are thirty-two bytes!'), 'expected a pcap or pcapng file'],
    ['a packet that is too long', pcap(PACKETS).fill(0xff, 32, 36), 'a packet of 4294967295 bytes'],
    [
      'a block that is too short',
      Buffer.concat([sectionBlock(), Buffer.from('0100000004000000', 'hex')]),
      'a block of 4',
    ],
    [
      'a packet of no interface',
      Buffer.concat([sectionBlock(), block(6, Buffer.alloc(20))]),
      'no such packet',
    ],
    ['a section without byte order', Buffer.from('0a0d0d0a1c00000000000000', 'hex'), 'has no byte order'],
  ])('are refused of %s', async (_, file, message) => {
    await expect(read(file)).rejects.toMatchObject({
      code: 'PACKET_CAPTURE_INVALID',
      message: expect.stringContaining(message),
    });
  });
});
