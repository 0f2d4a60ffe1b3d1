import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { InactivityProbe } from '../../../src/ovsdb/rpc/probe.ts';
import { FakeTime } from '../fake-time.ts';

describe('InactivityProbe', () => {
  const start = (probeIntervalMs: number) => {
    const time = new FakeTime();
    const seen: string[] = [];
    const probe = new InactivityProbe(
      { probeIntervalMs, now: time.now, setTimer: time.setTimer },
      { probe: () => seen.push('probe'), expire: (idleMs) => seen.push(`expire ${idleMs}`) },
    );
    return { time, seen, probe };
  };

  it('probes after one interval of silence, and gives up after two', async () => {
    const { time, seen } = start(5000);
    time.advance(4999);
    expect(seen).toEqual([]);
    time.advance(1);
    expect(seen).toEqual(['probe']);
    time.advance(4999);
    await nextTurn();
    expect(seen).toEqual(['probe']);
    time.advance(1);
    await nextTurn();
    expect(seen).toEqual(['probe', 'expire 10000']);
    expect(time.pending).toBe(0);
  });

  it('starts over with anything received', async () => {
    const { time, seen, probe } = start(5000);
    time.advance(3000);
    probe.received();
    time.advance(4999);
    expect(seen).toEqual([]);
    time.advance(1);
    expect(seen).toEqual(['probe']);
    probe.received();
    time.advance(4999);
    await nextTurn();
    expect(seen).toEqual(['probe']);
    time.advance(1);
    expect(seen).toEqual(['probe', 'probe']);
  });

  it('reads what has come before it gives up', async () => {
    const { time, seen, probe } = start(5000);
    time.advance(10_000);
    probe.received();
    await nextTurn();
    expect(seen).toEqual(['probe']);
    expect(time.pending).toBe(1);
  });

  it('does nothing once stopped, nor with an interval of 0', async () => {
    const { time, probe, seen } = start(5000);
    time.advance(10_000);
    probe.stop();
    await nextTurn();
    expect(seen).toEqual(['probe']);
    expect(time.pending).toBe(0);
    expect(start(0).time.pending).toBe(0);
  });
});
