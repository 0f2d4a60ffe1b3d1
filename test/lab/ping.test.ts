import { describe, expect, it } from '@jest/globals';
import { ContinuousPing, parsePing } from './ping.ts';

describe('parsePing', () => {
  it('reads replies and the summary', () => {
    const text = [
      'PING 10.0.0.2 (10.0.0.2) 56(84) bytes of data.',
      '64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=1.25 ms',
      '64 bytes from 10.0.0.2: icmp_seq=1 ttl=64 time=1.50 ms (DUP!)',
      '64 bytes from 10.0.0.2: icmp_seq=3 ttl=64 time=0.045 ms',
      '',
      '--- 10.0.0.2 ping statistics ---',
      '3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 102ms',
      'rtt min/avg/max/mdev = 0.045/0.932/1.500/0.632 ms',
    ].join('\n');
    expect(parsePing(text)).toEqual({ sent: 3, received: 2, duplicates: 1, rttMs: [1.25, 0.045] });
  });

  it('reads that nothing came back', () => {
    const text =
      '\n--- fd00::2 ping statistics ---\n2 packets transmitted, 0 received, 100% packet loss, time 10ms\n';
    expect(parsePing(text)).toEqual({ sent: 2, received: 0, duplicates: 0, rttMs: [] });
  });

  it('refuses text without a summary', () => {
    expect(() => parsePing('ping: connect: Network is unreachable')).toThrow(
      expect.objectContaining({ code: 'LAB_PING_UNREADABLE' }),
    );
  });
});

describe('ContinuousPing', () => {
  it('counts from the first reply on, past the end of the 16-bit numbers', async () => {
    const ping = await pinging([65534, 65535, 1, 2]);
    expect(await ping.stop()).toMatchObject({ sent: 5, received: 4, lost: 1, duplicates: 0 });
  });

  it('tells duplicates from replies', async () => {
    const ping = await pinging([5, 5, 6]);
    expect(await ping.stop()).toMatchObject({ sent: 2, received: 2, lost: 0, duplicates: 1 });
  });
});

/** A ping with these replies, stamped so late that none is missing when it is stopped. */
async function pinging(sequences: readonly number[]): Promise<ContinuousPing> {
  const later = (Date.now() + 60_000) / 1000;
  const ping = new ContinuousPing();
  return ping.start('10.0.0.2', 10, async (_args, onLine) => {
    sequences.forEach((sequence, i) => {
      const duplicate = sequences[i - 1] === sequence ? ' (DUP!)' : '';
      onLine(`[${later}] 64 bytes from 10.0.0.2: icmp_seq=${sequence} ttl=64 time=0.1 ms${duplicate}`);
    });
    return { output: '', stop: async () => ({ code: 0, signal: null }) };
  });
}
