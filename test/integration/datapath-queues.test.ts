import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { QueueGetConfigReply } from '../../src/ofp/messages/queue-config.ts';
import type { QueueStats } from '../../src/ofp/multipart/queue-stats.ts';
import { PortNo } from '../../src/ofp/ports.ts';
import type { Switch } from '../../src/ofp/session/switch.ts';
import { Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import type { Contender } from './differential/contender.ts';
import { DummySwitch } from './differential/dummy-switch.ts';
import { SoftwareSwitch } from './differential/software-switch.ts';

const PORTS = [1, 2, 3, 4];
const ALL_QUEUES = 0xffff_ffff;

describeWithLab('queues beside Open vSwitch', () => {
  let lab: Lab;
  let both: readonly Contender[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    const real = await DummySwitch.start(join(lab.dir, 'dummy'), PORTS, { GALAGO_LAB: lab.dir });
    both = [real, await SoftwareSwitch.start(join(lab.dir, 'ours.sock'), real.session.ports.values())];
  });

  afterAll(async () => {
    for (const each of both) await each.close();
    await lab?.close();
  });

  it.each([1, 4, 9, PortNo.ANY, PortNo.MAX, PortNo.FLOOD, PortNo.IN_PORT, 0])(
    'are told of port %i, or refused',
    async (port) => {
      const [theirs, ours] = await Promise.all(both.map(({ session }) => configOf(session, port)));
      expect(ours).toEqual(theirs);
    },
  );

  const requests = [1, 9, PortNo.ANY, PortNo.CONTROLLER].flatMap((portNo) =>
    [0, 1, 0xffff_fffe, ALL_QUEUES].map((queueId) => [portNo, queueId] as const),
  );
  it.each(requests)('have statistics of port %i, queue %i, or are refused', async (portNo, queueId) => {
    const [theirs, ours] = await Promise.all(both.map(({ session }) => statsOf(session, portNo, queueId)));
    expect(ours).toEqual(theirs);
  });
});

/** What is told, in the order of the ports. */
async function configOf(session: Switch, port: number): Promise<unknown> {
  try {
    const reply = (await session.request({ type: 'queueGetConfigRequest', port })) as QueueGetConfigReply;
    return { port: reply.port, queues: reply.queues.toSorted((a, b) => a.port - b.port) };
  } catch (error) {
    return (error as { code: string }).code;
  }
}

async function statsOf(session: Switch, portNo: number, queueId: number): Promise<unknown> {
  try {
    const stats = (await session.multipart('queue', { portNo, queueId })) as readonly QueueStats[];
    return stats.map((queue) => `${queue.portNo}.${queue.queueId}`).sort();
  } catch (error) {
    return (error as { code: string }).code;
  }
}
