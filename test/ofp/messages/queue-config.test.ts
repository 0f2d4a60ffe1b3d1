import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import type { QueueGetConfigReply } from '../../../src/ofp/messages/queue-config.ts';
import { bytesOf, codeOf, plain } from '../checks.ts';
import { fixture, fixturesOf } from '../fixtures.ts';

describe('the configuration of queues', () => {
  it.each([
    ['OFPT_QUEUE_GET_CONFIG_REQUEST: queue-get-config', 1],
    ['OFPT_QUEUE_GET_CONFIG_REQUEST: queue-get-config (2)', 0xffffffff],
  ])('is asked for by port (%s)', (name, port) => {
    expect(decode(fixture(name).bytes)).toMatchObject({ type: 'queueGetConfigRequest', port });
  });

  it.each(fixturesOf('OFPT_QUEUE_GET_CONFIG_REPLY'))(
    'has the queues of a switch ($name)',
    ({ bytes, print }) => {
      const message = decode(bytes);
      if (message.type !== 'queueGetConfigReply') throw new Error(message.type);
      const printed = [...print.matchAll(/^queue (\d+):/gm)].map(([, id]) => Number(id));
      expect(message.queues.map(({ queueId }) => queueId).sort()).toEqual(printed);
    },
  );

  it('has rates, and properties that are not known', () => {
    const message: Omit<QueueGetConfigReply, 'xid'> = {
      type: 'queueGetConfigReply',
      port: 1,
      queues: [
        {
          queueId: 2,
          port: 1,
          properties: [
            { type: 'minRate', rate: 500 },
            { type: 'maxRate', rate: 0xffff },
            { type: 'unknown', code: 0xffff, raw: bytesOf('0011223300000000') },
          ],
        },
        { queueId: 3, port: 1, properties: [] },
      ],
    };
    const properties = [
      '0001 0010 00000000 01f4 000000000000',
      '0002 0010 00000000 ffff 000000000000',
      'ffff 0010 00000000 00112233 00000000',
    ];
    const queues = [
      `00000002 00000001 0040 000000000000 ${properties.join('')}`,
      '00000003 00000001 0010 000000000000',
    ];
    const bytes = bytesOf(`04170060 00000000 00000001 00000000 ${queues.join('')}`);
    expect(encode(message).equals(bytes)).toBe(true);
    expect(plain(decode(bytes))).toEqual(plain({ ...message, xid: 0 }));
  });

  const reply = (queue: string) => {
    const size = 16 + bytesOf(queue).length;
    return bytesOf(`0417${size.toString(16).padStart(4, '0')} 00000000 00000001 00000000 ${queue}`);
  };

  it.each([
    ['a cut queue', '00000002 00000001 0010 0000000000', 'OFP_TRUNCATED'],
    ['a queue over the message', '00000002 00000001 0018 000000000000', 'OFP_BAD_LENGTH'],
    ['a queue that would never end', '00000002 00000001 0000 000000000000', 'OFP_BAD_LENGTH'],
    ['a cut property', '00000002 00000001 0014 000000000000 0001 0010', 'OFP_TRUNCATED'],
    ['a property over its queue', '00000002 00000001 0018 000000000000 0001 0010 00000000', 'OFP_BAD_LENGTH'],
    [
      'a property that would never end',
      '00000002 00000001 0018 000000000000 0005 0000 00000000',
      'OFP_BAD_LENGTH',
    ],
    ['a rate without its number', '00000002 00000001 0018 000000000000 0001 0008 00000000', 'OFP_BAD_LENGTH'],
  ])('is refused for %s', (_what, queue, code) => {
    expect(codeOf(() => decode(reply(queue)))).toBe(code);
  });
});
