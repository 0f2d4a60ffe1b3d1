import { duplexPair } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SoftSwitch } from '../../src/datapath/index.ts';
import { output } from '../../src/ofp/actions/standard.ts';
import type { QueueStats } from '../../src/ofp/multipart/queue-stats.ts';
import { Switch } from '../../src/ofp/session/switch.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';
import { FakeClock } from '../ofp/session/clock.ts';
import { udpFrame } from './frames.ts';

const FRAME = udpFrame();

describe('queues', () => {
  let soft: SoftSwitch;
  let sw: Switch;
  const clock = new FakeClock();

  beforeEach(async () => {
    soft = new SoftSwitch({
      datapathId: 1,
      clock,
      ports: [
        { portNo: 1 },
        { portNo: 2, queues: [{ queueId: 7, minRate: 100, maxRate: 500 }, { queueId: 0 }] },
        { portNo: 3, queues: [{ queueId: 1 }] },
      ],
    });
    const [ours, theirs] = duplexPair();
    soft.connect(theirs);
    sw = await Switch.open(ours);
  });

  afterEach(async () => {
    await sw.close();
    await soft.close();
  });

  const stats = async (portNo = 0xffff_ffff, queueId = 0xffff_ffff) =>
    ((await sw.multipart('queue', { portNo, queueId })) as readonly QueueStats[]).map(
      ({ portNo: port, queueId: id, txPackets, txBytes, txErrors, durationSec }) =>
        `${port}.${id}: ${txPackets} ${txBytes} ${txErrors} ${durationSec}`,
    );

  it('are told with their rates, those of a port or of all', async () => {
    const all = await sw.request({ type: 'queueGetConfigRequest', port: 0xffff_ffff });
    expect(all).toMatchObject({
      type: 'queueGetConfigReply',
      queues: [
        { port: 2, queueId: 0, properties: [] },
        {
          port: 2,
          queueId: 7,
          properties: [
            { type: 'minRate', rate: 100 },
            { type: 'maxRate', rate: 500 },
          ],
        },
        { port: 3, queueId: 1, properties: [] },
      ],
    });
    expect(await sw.request({ type: 'queueGetConfigRequest', port: 1 })).toMatchObject({ queues: [] });
    const unknown = sw.request({ type: 'queueGetConfigRequest', port: 9 });
    await expect(unknown).rejects.toMatchObject({ code: 'OFPQOFC_BAD_PORT' });
  });

  it('count what goes through them, and the default queue the rest', async () => {
    await sw.sendAll([
      parseFlow(
        'in_port=1,actions=set_queue:7,output:2,set_queue:1,output:2,output:3,pop_queue,output:2,output:3',
      ),
      parseFlow('in_port=3,actions=write_actions(set_queue:7,output:2)'),
    ]);
    for (let i = 0; i < 3; i++) soft.receive(1, FRAME);
    soft.receive(3, FRAME);
    clock.advance(2000);
    const size = FRAME.length;
    expect(await stats()).toEqual([
      `2.0: 6 ${6 * size} 0 2`,
      `2.7: 4 ${4 * size} 0 2`,
      `3.1: 3 ${3 * size} 0 2`,
    ]);
    soft.setLink(2, false);
    soft.receive(3, FRAME);
    expect(await stats(2, 7)).toEqual([`2.7: 4 ${4 * size} 1 2`]);
    await soft.stop();
    soft.start();
    expect([...soft.pipeline.ports.get(2)!.queues].map(({ txPackets }) => txPackets)).toEqual([0, 0]);
  });

  it('are chosen for a bucket and a clone alone', async () => {
    const buckets = [
      { actions: [{ type: 'setQueue', queueId: 7 } as const, output(2)] },
      { actions: [output(2)] },
    ];
    await sw.sendAll([
      { type: 'groupMod', command: 'add', groupType: 'all', groupId: 1, buckets },
      parseFlow('actions=group:1,output:2,clone(set_queue:7,output:2),output:2'),
    ]);
    for (let i = 0; i < 2; i++) soft.receive(1, FRAME);
    expect(await stats(2)).toEqual([expect.stringMatching(/^2.0: 6 /), expect.stringMatching(/^2.7: 4 /)]);
  });

  it.each([
    [1, 0, 'OFPQOFC_BAD_QUEUE'],
    [2, 1, 'OFPQOFC_BAD_QUEUE'],
    [0xffff_ffff, 9, 'OFPQOFC_BAD_QUEUE'],
    [9, 0, 'OFPQOFC_BAD_PORT'],
    [9, 0xffff_ffff, 'OFPQOFC_BAD_PORT'],
  ])('are not there: port %i, queue %i is %s', async (portNo, queueId, code) => {
    await expect(stats(portNo, queueId)).rejects.toMatchObject({ code });
  });

  it('are found by their number on any port, and none is no error', async () => {
    expect(await stats(0xffff_ffff, 1)).toEqual(['3.1: 0 0 0 0']);
    expect(await stats(1)).toEqual([]);
  });
});
