import { describe, expect, it } from '@jest/globals';
import { decode, encode } from '../../../src/ofp/message.ts';
import {
  type AnyPacketIn,
  type PacketInClass,
  PacketInQueue,
  type PacketInQueueOptions,
} from '../../../src/ofp/session/packet-in-queue.ts';

/** A packet-in whose table tells its class and whose data its number. */
function packetIn(number: number, name: PacketInClass = 'normal'): AnyPacketIn {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(number);
  const tableId = CLASSES.indexOf(name);
  return decode(
    encode({ type: 'packetIn', reason: 'action', tableId, cookie: 0, match: {}, data }),
  ) as AnyPacketIn;
}

const CLASSES: readonly PacketInClass[] = ['urgent', 'normal', 'bulk'];
const byTable = { classifyPacketIn: ({ tableId }: AnyPacketIn) => CLASSES[tableId]! };

function numberOf({ data }: AnyPacketIn): number {
  return Buffer.from(data).readUInt32BE();
}

/** A queue that writes down what it does, by a clock that goes on by a millisecond with each packet-in. */
function watch(
  options: PacketInQueueOptions = {},
  handle: (number: number) => void = () => {},
): { readonly queue: PacketInQueue; readonly slices: number[][] } {
  const slices: number[][] = [[]];
  let nowMs = 0;
  const queue = new PacketInQueue(
    { now: () => nowMs, ...options },
    (message) => {
      nowMs++;
      slices.at(-1)!.push(numberOf(message));
      handle(numberOf(message));
    },
    () => slices.push([]),
  );
  return { queue, slices };
}

function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function drained(queue: PacketInQueue): Promise<void> {
  while (queue.length > 0) await nextTurn();
}

describe('PacketInQueue', () => {
  it('hands on in later turns, never from within push', async () => {
    const { queue, slices } = watch();
    queue.start();
    queue.push(packetIn(1));
    expect(slices).toEqual([[]]);
    await nextTurn();
    expect(slices).toEqual([[1], []]);
  });

  it('keeps what comes before it is started', async () => {
    const { queue, slices } = watch();
    queue.push(packetIn(1));
    await nextTurn();
    queue.push(packetIn(2));
    expect(queue.length).toBe(2);
    queue.start();
    await nextTurn();
    expect(slices).toEqual([[1, 2], []]);
  });

  it('handles urgent ones first, bulk ones last, and each class in its order', async () => {
    const { queue, slices } = watch(byTable);
    queue.start();
    for (const number of [1, 2, 3]) {
      for (const [index, name] of (['bulk', 'normal', 'urgent'] as const).entries())
        queue.push(packetIn(10 * index + number, name));
    }
    await drained(queue);
    expect(slices.flat()).toEqual([21, 22, 23, 11, 12, 13, 1, 2, 3]);
  });

  it('lets an urgent one that comes late overtake all that waits', async () => {
    const { queue, slices } = watch(byTable);
    queue.start();
    for (const number of numbers(0, 200)) queue.push(packetIn(number, 'bulk'));
    await nextTurn();
    queue.push(packetIn(999, 'urgent'));
    await nextTurn();
    expect(slices[1]![0]).toBe(999);
    await drained(queue);
    expect(slices.flat()).toHaveLength(201);
  });

  it('handles for ten milliseconds at a time, and gives others their turn in between', async () => {
    const { queue, slices } = watch();
    queue.start();
    for (const number of numbers(0, 95)) queue.push(packetIn(number));
    let turns = 0;
    while (queue.length > 0) {
      await nextTurn();
      turns++;
    }
    expect(turns).toBeGreaterThanOrEqual(10);
    expect(slices.map(({ length }) => length)).toEqual([...Array<number>(9).fill(10), 5, 0]);
    expect(slices.flat()).toEqual(numbers(0, 95));
  });

  it('handles one at a time when that takes longer', async () => {
    let nowMs = 0;
    const { queue, slices } = watch({ now: () => nowMs }, () => {
      nowMs += 50;
    });
    queue.start();
    for (const number of numbers(0, 3)) queue.push(packetIn(number));
    await drained(queue);
    expect(slices).toEqual([[0], [1], [2], []]);
  });

  it('looks at the clock once in eight packet-ins when they take next to nothing', async () => {
    let looks = 0;
    const { queue, slices } = watch({ now: () => looks++ / 1000 });
    queue.start();
    for (const number of numbers(0, 81)) queue.push(packetIn(number));
    await nextTurn();
    expect(slices[0]).toEqual(numbers(0, 81));
    // At the beginning, behind the first, and behind each eight of the others.
    expect(looks).toBe(12);
  });

  it('takes turns with another queue', async () => {
    const order: string[] = [];
    let nowMs = 0;
    const queues = ['a', 'b'].map(
      (name) =>
        new PacketInQueue(
          { now: () => nowMs },
          () => {
            nowMs++;
            order.push(name);
          },
          () => {},
        ),
    );
    for (const queue of queues) {
      queue.start();
      for (const number of numbers(0, 100)) queue.push(packetIn(number));
    }
    await drained(queues[1]!);
    const changes = order.filter((name, index) => index > 0 && order[index - 1] !== name);
    expect(changes).toHaveLength(19);
  });

  it('drops what is beyond the limit of its class, and counts it', async () => {
    const { queue, slices } = watch({ ...byTable, maxQueuedPacketIns: 3 });
    queue.start();
    for (const number of numbers(0, 5)) queue.push(packetIn(number, 'bulk'));
    for (const number of numbers(10, 4)) queue.push(packetIn(number, 'urgent'));
    expect(queue.dropped).toBe(3);
    expect(queue.length).toBe(6);
    await drained(queue);
    expect(slices.flat()).toEqual([10, 11, 12, 0, 1, 2]);
    queue.push(packetIn(20, 'bulk'));
    await drained(queue);
    expect(slices.flat().at(-1)).toBe(20);
    expect(queue.dropped).toBe(3);
  });

  it('holds 4096 of a class unless told otherwise', () => {
    const { queue } = watch();
    for (const number of numbers(0, 5000)) queue.push(packetIn(number));
    expect([queue.length, queue.dropped]).toEqual([4096, 904]);
  });

  it('loses nothing and keeps the order while more comes than it handles', async () => {
    const { queue, slices } = watch({ maxQueuedPacketIns: 100_000 });
    queue.start();
    for (const burst of numbers(0, 60)) {
      for (const number of numbers(100 * burst, 100)) queue.push(packetIn(number));
      await nextTurn();
    }
    await drained(queue);
    expect(slices.flat()).toEqual(numbers(0, 6000));
  });

  it('drops what waits when it is cleared from within a handler, and goes on with what comes then', async () => {
    const { queue, slices } = watch({}, (number) => {
      if (number === 2) queue.clear();
    });
    queue.start();
    for (const number of numbers(1, 5)) queue.push(packetIn(number));
    await nextTurn();
    expect(slices.flat()).toEqual([1, 2]);
    queue.push(packetIn(6));
    await drained(queue);
    expect(slices.flat()).toEqual([1, 2, 6]);
    expect(queue.dropped).toBe(0);
  });

  it('handles in the next turn what a handler pushes', async () => {
    const { queue, slices } = watch({}, (number) => {
      if (number < 3) queue.push(packetIn(number + 1));
    });
    queue.start();
    queue.push(packetIn(1));
    await drained(queue);
    expect(slices.flat()).toEqual([1, 2, 3]);
  });

  it('leaves what a classifier throws to who pushes', () => {
    const { queue } = watch({
      classifyPacketIn: () => {
        throw new Error('oh no');
      },
    });
    expect(() => queue.push(packetIn(1))).toThrow('oh no');
    expect(queue.length).toBe(0);
  });
});
