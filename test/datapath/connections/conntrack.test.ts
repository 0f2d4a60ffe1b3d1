import { describe, expect, it } from '@jest/globals';
import { isFlushedBy } from '../../../src/datapath/connections/connection-flush.ts';
import {
  Conntrack,
  CtState,
  type Tracked,
  type TrackOrder,
} from '../../../src/datapath/connections/conntrack.ts';
import { Packet } from '../../../src/datapath/packet/packet.ts';
import type { NxCtFlush } from '../../../src/ofp/messages/nicira-ct-flush.ts';
import { ethernet, ipv4, ipv6, ports, udp } from '../frames.ts';
import { TextPipeline } from '../switch-text.ts';

const { NEW, ESTABLISHED, REPLY, INVALID, TRACKED } = CtState;
const NOTHING = { value: 0n, mask: 0n };
const LOOK: TrackOrder = { zone: 0, commits: false, forces: false, mark: NOTHING, label: NOTHING };
const COMMIT: TrackOrder = { ...LOOK, commits: true };
const [SYN, SYN_ACK, ACK, FIN_ACK, RST] = [0x02, 0x12, 0x10, 0x11, 0x04];

function udpPacket(isReply = false, sport = 1000): Buffer {
  if (isReply) return ethernet(0x0800, ipv4(17, udp(80, sport), { src: '10.0.0.2', dst: '10.0.0.1' }));
  return ethernet(0x0800, ipv4(17, udp(sport, 80)));
}

function tcpPacket(flags: number, isReply = false): Buffer {
  const segment = isReply ? ports(80, 1000, 20) : ports(1000, 80, 20);
  segment.writeUInt16BE(0x5000 | flags, 12);
  const ends = isReply ? { src: '10.0.0.2', dst: '10.0.0.1' } : {};
  return ethernet(0x0800, ipv4(6, segment, ends));
}

function echoPacket(type: number, id: number): Buffer {
  const isReply = type === 129;
  const [src, dst] = isReply ? ['fd00::2', 'fd00::1'] : ['fd00::1', 'fd00::2'];
  return ethernet(0x86dd, ipv6(58, Buffer.from([type, 0, 0, 0, 0, id, 0, 1]), src, dst));
}

/** A tracker that is asked about one frame after the other. */
class Asked {
  readonly conntrack: Conntrack;
  nowMs = 0;

  constructor(maxConnections = 10) {
    this.conntrack = new Conntrack(maxConnections);
  }

  track(frame: Uint8Array, order = COMMIT, isDry = false): Tracked {
    return this.conntrack.track(Packet.receive(frame, 1), order, this.nowMs, isDry);
  }

  /** The state without the bit that every packet has. */
  state(frame: Uint8Array, order = COMMIT): number {
    return this.track(frame, order).state & ~TRACKED;
  }
}

describe('the connection tracker', () => {
  it('finds packets new until the connection is answered, and established from then on', () => {
    const asked = new Asked();
    const states = [false, false, true, false, true].map((isReply) => asked.state(udpPacket(isReply)));
    expect(states).toEqual([NEW, NEW, ESTABLISHED | REPLY, ESTABLISHED, ESTABLISHED | REPLY]);
  });

  it('keeps nothing that is not committed', () => {
    const asked = new Asked();
    expect([asked.state(udpPacket(), LOOK), asked.state(udpPacket(true), LOOK)]).toEqual([NEW, NEW]);
    expect(asked.conntrack.size).toBe(0);
  });

  it('tells zones apart', () => {
    const asked = new Asked();
    asked.track(udpPacket());
    expect(asked.state(udpPacket(true), { ...LOOK, zone: 1 })).toBe(NEW);
    expect(asked.state(udpPacket(true), LOOK)).toBe(ESTABLISHED | REPLY);
  });

  it('follows TCP through its handshake to its end, and takes up what comes after it', () => {
    const asked = new Asked();
    const told = [
      [SYN, false],
      [SYN_ACK, true],
      [ACK, false],
      [FIN_ACK, false],
      [FIN_ACK, true],
      [ACK, false],
      [SYN, false],
    ] as const;
    const states = told.map(([flags, isReply]) => asked.state(tcpPacket(flags, isReply)));
    const [forth, back] = [ESTABLISHED, ESTABLISHED | REPLY];
    expect(states).toEqual([NEW, back, forth, forth, back, forth, NEW]);
    expect(asked.conntrack.size).toBe(1);
  });

  it.each([
    ['flags that no TCP sends', tcpPacket(SYN | RST)],
    ['the answer to a handshake that it has not seen', tcpPacket(SYN_ACK)],
    ['an answer to an echo request that it has not seen', echoPacket(129, 1)],
    ['a wrong checksum', Buffer.concat([udpPacket().subarray(0, -1), Buffer.from('x')])],
    ['port 0', udpPacket(false, 0)],
    ['a fragment', ethernet(0x0800, ipv4(17, udp(1000, 80), { fragment: 0x2000 }))],
    ['ARP', ethernet(0x0806, Buffer.alloc(28))],
  ])('finds %s invalid', (_what, frame) => {
    const asked = new Asked();
    expect(asked.state(frame)).toBe(INVALID);
    expect(asked.conntrack.size).toBe(0);
  });

  it('tells echo requests of one host apart by their identifiers', () => {
    const asked = new Asked();
    asked.track(echoPacket(128, 1));
    expect(asked.state(echoPacket(129, 1))).toBe(ESTABLISHED | REPLY);
    expect(asked.state(echoPacket(129, 2))).toBe(INVALID);
  });

  it.each([
    ['UDP', [udpPacket()], 60_000],
    ['answered UDP', [udpPacket(), udpPacket(true)], 30_000],
    ['TCP in its handshake', [tcpPacket(SYN)], 30_000],
    ['TCP', [tcpPacket(SYN), tcpPacket(SYN_ACK, true), tcpPacket(ACK)], 86_400_000],
    ['TCP that was reset', [tcpPacket(SYN), tcpPacket(RST, true)], 30_000],
    ['ICMPv6', [echoPacket(128, 1)], 60_000],
  ])('forgets %s that nobody uses', (_what, frames, idleMs) => {
    const asked = new Asked();
    for (const frame of frames) asked.track(frame);
    const last = frames.at(-1)!;
    asked.nowMs = idleMs - 1;
    expect(asked.track(last, LOOK, true).connection).toBeDefined();
    asked.nowMs = idleMs;
    expect(asked.track(last, LOOK, true).connection).toBeUndefined();
  });

  it('commits no more than it may, and has room again when time has passed', () => {
    const asked = new Asked(2);
    for (const sport of [1, 2, 3]) expect(asked.state(udpPacket(false, sport))).toBe(NEW);
    expect(asked.conntrack.size).toBe(2);
    expect([2, 3].map((sport) => asked.state(udpPacket(true, sport), LOOK))).toEqual([
      ESTABLISHED | REPLY,
      NEW,
    ]);
    asked.nowMs = 60_000;
    asked.track(udpPacket(false, 3));
    expect(asked.state(udpPacket(true, 3), LOOK)).toBe(ESTABLISHED | REPLY);
    expect(asked.conntrack.size).toBe(1);
  });

  it('turns a connection around when it is forced', () => {
    const asked = new Asked();
    asked.track(udpPacket());
    expect(asked.state(udpPacket(true), { ...COMMIT, forces: true })).toBe(NEW);
    expect(asked.state(udpPacket(), LOOK)).toBe(ESTABLISHED | REPLY);
    expect(asked.conntrack.size).toBe(1);
  });

  it('writes the bits of marks and labels that are given', () => {
    const asked = new Asked();
    asked.track(udpPacket(), {
      ...COMMIT,
      mark: { value: 0x12n, mask: 0xffn },
      label: { value: 1n, mask: 1n },
    });
    asked.track(udpPacket(), { ...COMMIT, mark: { value: 0x30n, mask: 0xf0n } });
    expect(asked.track(udpPacket(true), LOOK)).toMatchObject({ mark: 0x32n, label: 1n });
  });

  it.each<[what: Omit<NxCtFlush, 'type' | 'xid'>, left: number]>([
    [{ ipProto: 0 }, 0],
    [{ ipProto: 17 }, 1],
    [{ ipProto: 0, zoneId: 3 }, 1],
    [{ ipProto: 0, orig: { src: '10.0.0.1', dstPort: 80 } }, 1],
    [{ ipProto: 17, reply: { src: '10.0.0.1' } }, 2],
    [{ ipProto: 0, orig: { dst: 'fd00::2', icmpId: 1, icmpType: 128, icmpCode: 0 } }, 1],
    [{ ipProto: 0, orig: { icmpId: 2 } }, 2],
  ])('forgets what %j says', (what, left) => {
    const asked = new Asked();
    asked.track(udpPacket());
    asked.track(echoPacket(128, 1), { ...COMMIT, zone: 3 });
    asked.conntrack.flush(isFlushedBy({ type: 'nxCtFlush', xid: 1, ...what }));
    expect(asked.conntrack.size).toBe(left);
  });

  it('changes nothing when it only tells what would be', () => {
    const asked = new Asked();
    const marks = { ...COMMIT, mark: { value: 1n, mask: 1n } };
    expect(asked.track(udpPacket(), marks, true)).toMatchObject({ state: NEW | TRACKED, mark: 1n });
    expect(asked.conntrack.size).toBe(0);
    asked.track(udpPacket());
    expect(asked.track(udpPacket(true), marks, true).state).toBe(ESTABLISHED | REPLY | TRACKED);
    expect(asked.track(udpPacket(), LOOK)).toMatchObject({ state: NEW | TRACKED, mark: 0n });
  });
});

describe('ct', () => {
  const FIREWALL = [
    'priority=9,udp,actions=ct(table=1)',
    'table=1,ct_state=+trk+new,udp,in_port=1,actions=ct(commit,exec(set_field:7->ct_mark)),output:2',
    'table=1,ct_state=+trk+est,ct_mark=7,actions=output:3',
  ];

  it('lets answers through, however alike packets before them were', () => {
    const sw = new TextPipeline();
    sw.flows(...FIREWALL);
    const out = [sw.ports(udpPacket(true), 2), sw.ports(udpPacket(true), 2), sw.ports(udpPacket(), 1)];
    expect(out).toEqual([[], [], [2]]);
    expect([sw.ports(udpPacket(true), 2), sw.ports(udpPacket(true), 2)]).toEqual([[3], [3]]);
    expect(sw.ports(udpPacket(), 1)).toEqual([3]);
  });

  it('says nothing of connections outside of the table that it leads to', () => {
    const sw = new TextPipeline();
    sw.flows('udp,actions=ct(commit),resubmit(,1)', 'table=1,ct_state=-trk,actions=output:2');
    expect(sw.ports(udpPacket())).toEqual([2]);
  });

  it('ends after as many rounds as in Open vSwitch', () => {
    const sw = new TextPipeline();
    sw.flows('udp,actions=output:2,ct(table=0)');
    expect(sw.ports(udpPacket())).toEqual([2, 2, 2, 2, 2, 2, 2]);
  });
});
