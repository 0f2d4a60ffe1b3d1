import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  defineSchema,
  type LeaseOptions,
  leaseTable,
  OvsdbClient,
  OvsdbTestServer,
} from '../../../src/ovsdb/index.ts';
import { rejection } from '../../net/sockets.ts';
import { FakeTime } from '../fake-time.ts';

const schema = defineSchema({
  name: 'Leases',
  tables: {
    Lease: leaseTable,
    Log: { columns: { text: { type: 'string' } }, isRoot: true },
    Election: {
      columns: {
        what: { type: 'string' },
        who: { type: 'string' },
        until: { type: 'integer' },
        epoch: { type: { key: { type: 'integer', minInteger: 0, maxInteger: 2 } } },
      },
      isRoot: true,
    },
  },
});
type Leases = typeof schema.json;
type Client = OvsdbClient<Leases>;

let server: OvsdbTestServer<Leases>;
let time: FakeTime;
let clients: Client[];

beforeEach(() => {
  server = new OvsdbTestServer(schema);
  time = new FakeTime();
  clients = [];
});

afterEach(async () => {
  for (const client of clients) await client.close();
  await server.close();
});

async function connect(clock = time): Promise<Client> {
  const { now, setTimer } = clock;
  const client = await OvsdbClient.connect('unix:test', {
    ...{ schema, dial: server.dial, probeIntervalMs: 0, now, setTimer },
  });
  clients.push(client);
  return client;
}

const options = { durationMs: 9000, renewMs: 3000, date: () => 1_000_000 };
const contend = (client: Client, more: LeaseOptions<Leases> = {}) =>
  client.lease('job', { ...options, ...more });
const row = () => server.rows('Lease')[0];
const write = (client: Client, lease: { guard(tx: never): void }, text: string) =>
  client.transact((tx) => {
    lease.guard(tx as never);
    tx.insert('Log', { text });
  });

/** Lets everything happen that needs no time to pass. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
}

/** Lets time pass in steps, and everything happen at each. */
async function pass(ms: number, ...clocks: FakeTime[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    for (const clock of clocks.length === 0 ? [time] : clocks) clock.advance(500);
    await settle();
  }
}

describe('a lease', () => {
  it('is ours when it resolves, in a row that stays when it is given up', async () => {
    const client = await connect();
    {
      await using lease = await contend(client, { owner: 'me' });
      expect([lease.isHeld, lease.term]).toEqual([true, 1]);
      expect(lease.owner).toMatch(/^me\/[-0-9a-f]{36}$/);
      expect(row()).toMatchObject({ name: 'job', owner: lease.owner, expiry: 1_009_000, term: 1 });
      await write(client, lease, 'mine');
    }
    expect(row()).toMatchObject({ name: 'job', owner: '', term: 1 });
    const again = await contend(client);
    expect([again.term, row()?.term]).toEqual([2, 2]);
  });

  it('is renewed before it ends, and meanwhile nobody else gets it', async () => {
    const [one, two] = [await connect(), await connect()];
    const lease = await contend(one);
    const waiting = rejection(contend(two));
    await pass(60_000);
    expect([lease.isHeld, row()?.owner, row()?.term]).toEqual([true, lease.owner, 1]);
    await two.close();
    expect(await waiting).toMatchObject({ code: 'OVSDB_CLOSED' });
  });

  it('goes to the next at once when it is released', async () => {
    const [one, two] = [await connect(), await connect()];
    const lease = await contend(one);
    const lost = once(lease, 'lost');
    const waiting = contend(two);
    await settle();
    await lease.release();
    await lease.release();
    const next = await waiting;
    expect(await lost).toMatchObject([{ error: { code: 'OVSDB_CLOSED' } }]);
    expect([lease.isHeld, next.isHeld, next.term]).toEqual([false, true, 2]);
    expect(await rejection(lease.acquired())).toMatchObject({ code: 'OVSDB_CLOSED' });
  });

  it('goes to the next when it has not been renewed, which the holder knows before', async () => {
    const [one, two] = [await connect(), await connect()];
    const lease = await contend(one);
    const told: string[] = [];
    lease.on('lost', ({ error }) => told.push(`lost ${error.message}`));
    const waiting = contend(two).then((next) => {
      told.push(`taken in term ${next.term}`);
      return next;
    });
    await settle();
    server.connections[0]!.stall();
    await pass(8500);
    expect([lease.isHeld, told]).toEqual([true, []]);
    await pass(500);
    const next = await waiting;
    expect(told).toEqual(["lost the lease 'job' is not ours: it was not renewed in time", 'taken in term 2']);
    expect(await rejection(write(one, lease, 'late'))).toMatchObject({
      code: 'OVSDB_LEASE_LOST',
      message: "the lease 'job' is not ours: it has expired, or was never taken",
    });
    await write(two, next, 'now');
    expect(server.rows('Log').map(({ text }) => text)).toEqual(['now']);
  });

  it('keeps a holder that was paused from writing, although it knows of nothing', async () => {
    const paused = new FakeTime();
    const [one, two] = [await connect(paused), await connect()];
    const lease = await contend(one);
    const waiting = contend(two);
    await settle();
    server.connections[0]!.hold();
    await pass(9000);
    const next = await waiting;
    expect([lease.isHeld, next.isHeld]).toEqual([true, true]);
    const late = rejection(write(one, lease, 'late'));
    const lost = once(lease, 'lost');
    await write(two, next, 'now');
    server.connections[0]!.release();
    expect(await late).toMatchObject({ code: 'OVSDB_TIMED_OUT', operation: 0, table: 'Lease' });
    expect(await lost).toMatchObject([
      { error: { message: `the lease 'job' is not ours: it is of ${next.owner}, in term 2` } },
    ]);
    expect(server.rows('Log').map(({ text }) => text)).toEqual(['now']);
  });

  it('goes on in its term when the answer to a renewal was lost', async () => {
    const client = await connect();
    const lease = await contend(client);
    const { expiry } = row()!;
    server.connections[0]!.hold();
    await pass(3000);
    expect(row()!.expiry).toBeGreaterThan(expiry);
    server.dropConnections();
    await pass(9000);
    expect([lease.isHeld, lease.term, row()?.term]).toEqual([true, 1, 1]);
  });

  it('is known for ours when only the answer to taking it was lost', async () => {
    const client = await connect();
    await client.replicate({ Log: true });
    const [connection] = server.connections;
    const leased = contend(client);
    while (row() === undefined) {
      connection!.hold();
      await new Promise(setImmediate);
      if (row() === undefined) connection!.release();
      await new Promise(setImmediate);
    }
    server.dropConnections();
    await pass(1000);
    expect([(await leased).term, row()?.term]).toEqual([1, 1]);
  });

  it('is ours again, in the same term, when it had lapsed and nobody else wanted it', async () => {
    const client = await connect();
    const lease = await contend(client);
    const told: unknown[] = [];
    lease.on('lost', () => told.push('lost'));
    lease.on('acquired', ({ term }) => told.push(term));
    server.refuseConnections();
    server.dropConnections();
    await pass(9000);
    expect([lease.isHeld, told]).toEqual([false, ['lost']]);
    const again = lease.acquired();
    server.refuseConnections(false);
    await pass(9000);
    await again;
    expect([lease.isHeld, told]).toEqual([true, ['lost', 1]]);
  });

  it('never goes back to an earlier term, even when somebody deletes the row', async () => {
    const client = await connect();
    const lease = await contend(client);
    const lost = once(lease, 'lost');
    server.transact([{ op: 'delete', table: 'Lease', where: [] }]);
    expect(await lost).toMatchObject([{ error: { message: "the lease 'job' is not ours: it is gone" } }]);
    await lease.acquired();
    await pass(3000);
    expect([lease.term, row()?.term]).toEqual([2, 2]);
  });

  it('is kept wherever the caller likes', async () => {
    const client = await connect();
    const columns = { name: 'what', owner: 'who', expiry: 'until', term: 'epoch' } as const;
    const lease = await client.lease('job', { ...options, table: 'Election', columns });
    await write(client, lease, 'mine');
    expect(server.rows('Election')).toMatchObject([{ what: 'job', who: lease.owner, epoch: 1 }]);
    await lease.release();
    await (await client.lease('job', { ...options, table: 'Election', columns })).release();
    const full = rejection(client.lease('job', { ...options, table: 'Election', columns }));
    expect(await full).toMatchObject({ code: 'OVSDB_BAD_VALUE' });
  });

  it('is refused without a place for it, with impossible times, and when the client is closed', async () => {
    const client = await connect();
    expect(await rejection(contend(client, { table: 'Leese' as never }))).toMatchObject({
      code: 'OVSDB_UNKNOWN_TABLE',
    });
    expect(await rejection(contend(client, { renewMs: 9000 }))).toMatchObject({
      code: 'OVSDB_BAD_LEASE',
      message: 'expected 0 < renewMs < durationMs, got renewMs 9000, durationMs 9000',
    });
    const lease = await contend(client);
    expect(await rejection(contend(client, { timeoutMs: 1 }))).toMatchObject({ code: 'OVSDB_NO_ANSWER' });
    await client.close();
    expect(lease.isHeld).toBe(false);
    expect(await rejection(lease.acquired())).toMatchObject({ code: 'OVSDB_CLOSED' });
    expect(await rejection(contend(client))).toMatchObject({ code: 'OVSDB_CLOSED' });
  });
});
