import { describe, expect, it } from '@jest/globals';
import Long from 'long';
import { decode, encode } from '../../../src/ofp/message.ts';
import { flowRemovedReasons } from '../../../src/ofp/messages/flow-removed.ts';
import { bytesOf } from '../checks.ts';
import { fixturesOf } from '../fixtures.ts';

/** What Open vSwitch prints for the reasons that are in the fixtures. */
const REASONS = { delete: 'delete', group_delete: 'groupDelete', hard: 'hardTimeout', idle: 'idleTimeout' };

describe('a flow-removed', () => {
  it.each(fixturesOf('OFPT_FLOW_REMOVED'))('says what Open vSwitch reads ($name)', ({ bytes, print }) => {
    const message = decode(bytes);
    if (message.type !== 'flowRemoved') throw new Error(message.type);
    const printed = /priority=(\d+),.* reason=(\w+) table_id=(\d+) cookie:(\w+) duration(\d+)\.(\d+)s/.exec(
      print,
    )!;
    const [, priority, reason, tableId, cookie, seconds, milliseconds] = printed;
    expect(message).toMatchObject({
      priority: Number(priority),
      reason: REASONS[reason as keyof typeof REASONS],
      tableId: Number(tableId),
      cookie: Long.fromNumber(Number(cookie), true),
      durationSec: Number(seconds),
    });
    expect(Math.floor(message.durationNsec / 1e6)).toBe(Number(milliseconds));
    expect(Object.keys(message.match).length).toBeGreaterThan(0);
  });

  it('is written field by field', () => {
    const bytes = encode({
      type: 'flowRemoved',
      cookie: 1,
      priority: 2,
      reason: 'eviction',
      tableId: 3,
      durationSec: 4,
      durationNsec: 5,
      idleTimeout: 6,
      hardTimeout: 7,
      packetCount: 8n,
      byteCount: Long.MAX_UNSIGNED_VALUE,
      match: { ethType: 0x800 },
    });
    const fixed = '0000000000000001 0002 05 03 00000004 00000005 0006 0007 0000000000000008 ffffffffffffffff';
    expect(bytes.equals(bytesOf(`040b0040 00000000 ${fixed} 0001 000a 80000a02 0800 000000000000`))).toBe(
      true,
    );
  });

  it('has the reasons of the specification, and those that Open vSwitch adds', () => {
    const names = [0, 1, 2, 3, 4, 5, 6].map((code) => flowRemovedReasons.name(code));
    expect(names).toEqual([
      'idleTimeout',
      'hardTimeout',
      'delete',
      'groupDelete',
      'meterDelete',
      'eviction',
      6,
    ]);
  });
});
