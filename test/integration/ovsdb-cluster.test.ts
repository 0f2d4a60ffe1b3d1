import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Backoff } from '../../src/net/index.ts';
import { OvsdbClient, type OvsdbConnectOptions } from '../../src/ovsdb/index.ts';
import { Lab } from '../lab/index.ts';
import { rejection } from '../net/sockets.ts';
import { testSchema } from '../ovsdb/test-schema.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { RaftCluster } from './raft-cluster.ts';

type Test = typeof testSchema.json;

describeWithLab('OVSDB with a cluster of three servers', () => {
  let lab: Lab;
  let cluster: RaftCluster;
  const clients: OvsdbClient<Test>[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    cluster = await RaftCluster.create(lab, 3);
  });

  afterAll(async () => {
    for (const client of clients) await client.close();
    await lab?.close();
  });

  async function connect(methods: string | readonly string[], options: OvsdbConnectOptions<Test> = {}) {
    const backoff = new Backoff({ minMs: 5, maxMs: 50 });
    const client = await OvsdbClient.connect(methods, { schema: testSchema, backoff, ...options });
    clients.push(client);
    return client;
  }

  /** The server that a client goes to next. */
  async function nextConnection(client: OvsdbClient<Test>) {
    const [{ name }] = (await once(client, 'connected')) as [{ name: string }];
    return name;
  }

  it('works with the leader only, unless told otherwise', async () => {
    const leader = await cluster.leader();
    const follower = cluster.methods[(leader + 1) % 3]!;
    expect(await rejection(connect(follower))).toMatchObject({
      code: 'OVSDB_SERVER_UNFIT',
      message: `${follower} is of no use for Test: it is not the leader of its cluster`,
    });
    const reader = await connect(follower, { leaderOnly: false });
    const id = await reader.getServerId();
    const worker = await connect(cluster.methods);
    expect(await worker.getServerId()).not.toBe(id);
    const direct = await connect(cluster.methods[leader]!);
    expect(await worker.getServerId()).toBe(await direct.getServerId());
  });

  it('moves when the leadership does, and loses neither an event nor a transaction', async () => {
    const client = await connect(cluster.methods);
    const replica = await client.replicate({ Thing: ['name'] });
    const told: string[] = [];
    replica.Thing.on('insert', ({ name }) => told.push(name));
    replica.Thing.on('delete', ({ name }) => told.push(`deleted ${name}`));
    const committed: string[] = [];
    const insert = async (name: string, count: number) => {
      await client.transact((tx) => {
        tx.insert('Thing', { name, count, parts: [tx.insert('Part', { name })] });
      });
      committed.push(name);
      expect(replica.Thing.find({ name })).toBeDefined();
    };
    let isMoving = true;
    const writing = (async () => {
      for (let i = 0; isMoving || i < 30; i++) await insert(`moved${i}`, i % 100);
    })();
    for (let i = 0; i < 3; i++) {
      const moved = nextConnection(client);
      const leader = await cluster.transferLeadership();
      expect(cluster.methods).toContain(await moved);
      expect(leader).toBeGreaterThanOrEqual(0);
    }
    isMoving = false;
    await writing;
    expect(told).toEqual(committed);
    const { rows } = await client.transact((tx) => tx.select('Thing', [], ['name']));
    expect(rows.map(({ name }) => name).sort()).toEqual([...committed].sort());
    const left = nextConnection(client);
    const leader = await cluster.transferLeadership();
    expect(await left).toBe(cluster.methods[leader]);
  });

  it('goes on when the leader is killed', async () => {
    const client = await connect(cluster.methods);
    const replica = await client.replicate({ Thing: ['name'] });
    const leader = await cluster.leader();
    const moved = nextConnection(client);
    await cluster.kill(leader);
    expect(await moved).not.toBe(cluster.methods[leader]);
    await client.transact((tx) => {
      tx.insert('Thing', { name: 'after', ratio: 7, parts: [tx.insert('Part', { name: 'after' })] });
    });
    expect(replica.Thing.find({ name: 'after' })).toBeDefined();
    await cluster.restart(leader);
  });

  it('leaves a server that has lost its cluster, and does not go back in time', async () => {
    const leader = await cluster.leader();
    const [isolated, other] = [(leader + 1) % 3, (leader + 2) % 3];
    const client = await connect(cluster.methods[isolated]!, { leaderOnly: false });
    const both = await connect([cluster.methods[isolated]!, cluster.methods[other]!], { leaderOnly: false });
    const gone = once(client, 'disconnected');
    const moved = nextConnection(both);
    await cluster.isolate(isolated);
    expect(await gone).toMatchObject([
      {
        error: {
          code: 'OVSDB_SERVER_UNFIT',
          message: expect.stringContaining('no connection to its cluster'),
        },
      },
    ]);
    expect(await moved).toBe(cluster.methods[other]);
  });
});
