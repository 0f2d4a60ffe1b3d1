import { describe, expect, it } from '@jest/globals';
import { OpenFlowStreams } from '../../../src/cli/capture/openflow-streams.ts';
import { encode } from '../../../src/ofp/index.ts';
import { tcpFrame } from './captures.ts';

const MESSAGES = [1, 2, 3].map((xid) => encode({ type: 'echoRequest', xid, data: Buffer.alloc(20, xid) }));
const STREAM = Buffer.concat(MESSAGES);
/** Where the sequence numbers begin again at 0 in the middle of the messages. */
const FIRST = 0xffff_fff0;

/** The xids of the messages that the frames carry. */
function xids(frames: readonly Buffer[]): number[] {
  const streams = new OpenFlowStreams([6653]);
  return frames
    .flatMap((bytes) => streams.take({ timeMs: 0, linkType: 1, bytes }))
    .map(({ bytes }) => Buffer.from(bytes).readUInt32BE(4));
}

function segment(start: number, end: number): Buffer {
  return tcpFrame({ sequence: FIRST + 1 + start }, STREAM.subarray(start, end));
}

const SYN = tcpFrame({ sequence: FIRST, syn: true });

describe('OpenFlow in captured packets', () => {
  it('is found with time and direction, over IPv4, IPv6 and tags', () => {
    const streams = new OpenFlowStreams([6653]);
    const take = (bytes: Buffer, timeMs: number) => streams.take({ timeMs, linkType: 1, bytes });
    const [message] = MESSAGES;
    expect(take(tcpFrame({}, message), 5)).toEqual([
      { timeMs: 5, from: '127.0.0.1.40000', to: '127.0.0.2.6653', bytes: message },
    ]);
    expect(take(tcpFrame({ from: 6653, to: 7, vlan: true }, message), 6)).toMatchObject([
      { from: '127.0.0.1.6653', to: '127.0.0.2.7' },
    ]);
    expect(take(tcpFrame({ ipv6: true }, message), 7)).toMatchObject([{ from: '::1.40000', to: '::2.6653' }]);
    expect(take(tcpFrame({ from: 1, to: 2 }, message), 8)).toEqual([]);
  });

  it('is put together from segments, however they are cut', () => {
    for (let cut = 1; cut < STREAM.length; cut++) {
      expect(xids([SYN, segment(0, cut), segment(cut, STREAM.length)])).toEqual([1, 2, 3]);
    }
  });

  it('is put in order, and read once when it comes twice', () => {
    const [a, b, c] = [segment(0, 10), segment(10, 40), segment(40, STREAM.length)];
    expect(xids([SYN, c, b, a])).toEqual([1, 2, 3]);
    expect(xids([SYN, a, a, c, segment(0, 40), b, c])).toEqual([1, 2, 3]);
  });

  it('is found from the first segment that begins with a message, where the capture has no beginning', () => {
    expect(xids([segment(5, 28), segment(28, STREAM.length)])).toEqual([2, 3]);
  });

  it('goes on behind bytes that the capture lacks', () => {
    const late = FIRST + 1 + 1_000_000;
    const big = Buffer.concat(Array.from({ length: 2000 }, () => MESSAGES[1]!));
    const frames = Array.from({ length: 100 }, (_, index) =>
      tcpFrame({ sequence: late + index * big.length }, big),
    );
    expect(new Set(xids([SYN, segment(0, 30), ...frames]))).toEqual(new Set([1, 2]));
  });

  it('begins anew when the connection does', () => {
    const again = [tcpFrame({ sequence: 500, syn: true }), tcpFrame({ sequence: 501 }, MESSAGES[2])];
    expect(xids([SYN, segment(0, 10), ...again])).toEqual([3]);
  });

  it('is not looked for in damaged or foreign packets', () => {
    const whole = tcpFrame({}, MESSAGES[0]);
    for (let size = 0; size < 54; size++) expect(xids([whole.subarray(0, size)])).toEqual([]);
    expect(xids([tcpFrame({}, Buffer.from('GET / HTTP/1.1\r\n'))])).toEqual([]);
    expect(xids([tcpFrame({}, Buffer.from('0402000400000000', 'hex'))])).toEqual([]);
    expect(new OpenFlowStreams([6653]).take({ timeMs: 0, linkType: 147, bytes: whole })).toEqual([]);
  });
});
