import { describe, expect, it } from '@jest/globals';
import { encode } from '../../../src/ofp/message.ts';
import { bytesOf } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';
import { numbersIn, replyOf, requestOf } from './bodies.ts';

describe('queue statistics', () => {
  it.each(fixturesOf('OFPST_QUEUE reply'))(
    'are those that Open vSwitch prints ($name)',
    ({ bytes, print }) => {
      const queues = replyOf('queue', bytes);
      expect(queues.map(({ portNo }) => portNo)).toEqual(numbersIn(print, /port (\d+)/g));
      expect(queues.map(({ queueId }) => queueId)).toEqual(numbersIn(print, /queue (\d+)/g));
      expect(queues.map(({ txBytes }) => txBytes.toNumber())).toEqual(numbersIn(print, /bytes=(\d+)/g));
      expect(queues.map(({ txPackets }) => txPackets.toNumber())).toEqual(numbersIn(print, /pkts=(\d+)/g));
      expect(queues.map(({ txErrors }) => txErrors.toNumber())).toEqual(numbersIn(print, /errors=(\d+)/g));
      expect(queues.map(({ durationSec }) => durationSec)).toEqual(numbersIn(print, /duration=(\d+)\./g));
    },
  );

  it('are asked for by port and queue', () => {
    const { bytes } = fixture('OFPST_QUEUE request: queue-stats (2)');
    expect(requestOf('queue', bytes)).toEqual({ portNo: 1, queueId: 2 });
  });

  it('have bytes before packets, unlike those of ports', () => {
    const row = {
      portNo: 1,
      queueId: 2,
      txBytes: 3,
      txPackets: 4,
      txErrors: 5,
      durationSec: 6,
      durationNsec: 7,
    };
    const bytes = encode({ type: 'multipartReply', multipartType: 'queue', body: [row] });
    const fields = '00000001 00000002 0000000000000003 0000000000000004 0000000000000005 00000006 00000007';
    expect(bytes.equals(bytesOf(`04130038 00000000 0005 0000 00000000 ${fields}`))).toBe(true);
  });
});
