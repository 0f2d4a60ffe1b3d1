import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import {
  connectSwitch,
  type FlowModInit,
  type FlowMonitorEvent,
  FlowMonitorFlag,
  output,
  Switch,
} from '../../src/ofp/index.ts';
import { type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';

const { INITIAL, ADD, DELETE, MODIFY, ACTIONS, OWN } = FlowMonitorFlag;
const CHANGES = ADD | DELETE | MODIFY;

describeWithLab('a monitor of the flows of an Open vSwitch', () => {
  let lab: Lab;
  let host: Host;
  /** The one that monitors, and another controller. */
  let session: Switch;
  let other: Switch;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
  });

  beforeEach(async () => {
    const method = `unix:${host.ovs.mgmt(host.bridge)}`;
    [session, other] = await Promise.all([connectSwitch(method), connectSwitch(method)]);
    await other.sendAll([{ type: 'flowMod', command: 'delete', tableId: 0xff }]);
  });

  afterEach(() => Promise.all([session.close(), other.close()]));

  afterAll(() => lab?.close());

  const flow = (priority: number, port = 1): FlowModInit => ({
    type: 'flowMod',
    command: 'add',
    tableId: 3,
    priority,
    instructions: [{ type: 'applyActions', actions: [output(port)] }],
  });

  const change = (sw: Switch, ...messages: readonly FlowModInit[]) => sw.sendAll(messages);

  /** An event in a few words. */
  function words(event: FlowMonitorEvent): string {
    switch (event.type) {
      case 'added':
      case 'modified':
        return `${event.type} ${event.priority}`;
      case 'deleted':
        return `deleted ${event.priority} ${event.reason}`;
      default:
        return event.type;
    }
  }

  async function read(monitor: AsyncGenerator<FlowMonitorEvent, void>, count: number): Promise<string[]> {
    const events: string[] = [];
    while (events.length < count) events.push(words((await monitor.next()).value!));
    return events;
  }

  /** Begins a monitor: what it tells first is waited for by nobody yet. */
  async function begin(sw: Switch, flags: number): Promise<() => Promise<string>> {
    const first = sw.flowMonitor({ flags, tableId: 3 }).next();
    await sw.barrier();
    return async () => words((await first).value!);
  }

  it('tells what is there, and what comes, changes and goes, and why', async () => {
    await change(other, flow(1), flow(2));
    const monitor = session.flowMonitor({ flags: INITIAL | CHANGES, tableId: 3 });
    expect((await read(monitor, 2)).sort()).toEqual(['added 1', 'added 2']);
    await change(other, { ...flow(9), tableId: 4 }, { ...flow(3), hardTimeout: 1 });
    await change(other, { ...flow(1, 2), command: 'modifyStrict' }, { ...flow(2), command: 'deleteStrict' });
    expect(await read(monitor, 4)).toEqual([
      'added 3',
      'modified 1',
      'deleted 2 delete',
      'deleted 3 hardTimeout',
    ]);
    await monitor.return();
  });

  it('tells the instructions when it is asked to', async () => {
    const monitor = session.flowMonitor({ flags: INITIAL | CHANGES | ACTIONS, tableId: 3 });
    await change(other, { ...flow(1, 7), cookie: 0xabcn, match: { ethType: 0x0800, ipv4Dst: '10.0.0.0/8' } });
    const { value } = await monitor.next();
    expect(value).toMatchObject({
      type: 'added',
      match: { ethType: 0x0800, ipv4Dst: { value: '10.0.0.0', mask: '255.0.0.0' } },
      instructions: [{ type: 'applyActions', actions: [{ type: 'output', port: 7 }] }],
    });
    await monitor.return();
  });

  it('tells what this session changed by its xid, or in full when it is asked to', async () => {
    const brief = await begin(session, CHANGES);
    const full = await begin(other, CHANGES | OWN);
    await change(session, flow(1));
    expect(await brief()).toBe('abbrev');
    expect(await full()).toBe('added 1');
  });

  it('is over when the loop is left', async () => {
    await change(other, flow(1));
    for await (const event of session.flowMonitor({ flags: INITIAL | CHANGES, tableId: 3 })) {
      expect(words(event)).toBe('added 1');
      break;
    }
    await session.barrier();
    const told: string[] = [];
    session.on('message', ({ type }) => told.push(type));
    session.on('requestError', ({ error }) => told.push(error.message));
    await change(other, flow(2));
    await session.barrier();
    expect(told).toEqual([]);
  });

  it('may be read by two, who hear of the same changes', async () => {
    await change(other, flow(1));
    const one = session.flowMonitor({ flags: INITIAL | CHANGES, tableId: 3 });
    expect(await read(one, 1)).toEqual(['added 1']);
    const two = session.flowMonitor({ flags: INITIAL | CHANGES, tableId: 3 });
    expect(await read(two, 1)).toEqual(['added 1']);
    await change(other, flow(2));
    expect([await read(one, 1), await read(two, 1)]).toEqual([['added 2'], ['added 2']]);
    await one.return();
    await change(other, flow(3));
    expect(await read(two, 1)).toEqual(['added 3']);
    await two.return();
  });

  /** A session whose socket is at hand, so that it can stop reading. */
  async function openSlow(): Promise<{ readonly slow: Switch; readonly socket: Socket }> {
    const socket = connect(host.ovs.mgmt(host.bridge));
    await once(socket, 'connect');
    return { slow: await Switch.open(socket), socket };
  }

  const MANY = 20_000;

  function addMany(): Promise<void> {
    return other.bundle((bundle) => {
      for (let i = 0; i < MANY; i++) {
        const ipv4Dst = `10.${i >> 16}.${(i >> 8) & 0xff}.${i & 0xff}`;
        bundle.send({ ...flow(1), match: { ethType: 0x0800, ipv4Dst } });
      }
    });
  }

  it('leaves changes out when it is not read, and tells then how things are', async () => {
    const { slow, socket } = await openSlow();
    const monitor = slow.flowMonitor({ flags: CHANGES, tableId: 3 });
    const first = monitor.next();
    await slow.barrier();
    socket.pause();
    await addMany();
    await change(other, {
      ...flow(1),
      command: 'delete',
      match: { ethType: 0x0800, ipv4Dst: '10.0.0.0/24' },
    });
    await change(other, flow(2), flow(3), { ...flow(3), command: 'deleteStrict' });
    socket.resume();
    const events = [words((await first).value!)];
    while (events.at(-1) !== 'resumed') events.push(...(await read(monitor, 1)));
    expect(events.slice(0, MANY)).toEqual(Array<string>(MANY).fill('added 1'));
    expect(events.slice(MANY)).toEqual([
      'paused',
      ...Array<string>(256).fill('deleted 1 delete'),
      'added 2',
      'resumed',
    ]);
    await slow.close();
  });

  it('fails when more updates wait than may, and leaves the session as it is', async () => {
    const monitor = session.flowMonitor({ flags: CHANGES, tableId: 3 }, { maxWaitingUpdates: 100 });
    const first = monitor.next();
    await session.barrier();
    await addMany();
    await session.barrier();
    expect(words((await first).value!)).toBe('added 1');
    await expect(read(monitor, MANY)).rejects.toMatchObject({ code: 'OFP_MONITOR_OVERFLOW' });
    await session.barrier();
    expect(session.isClosed).toBe(false);
  });

  it('tells as many flows as there are, however few updates may wait', async () => {
    await addMany();
    const options = { maxWaitingUpdates: 1 };
    const monitor = session.flowMonitor({ flags: INITIAL | CHANGES, tableId: 3 }, options);
    const events = new Set(await read(monitor, MANY));
    expect([...events]).toEqual(['added 1']);
    await monitor.return();
  });
});
