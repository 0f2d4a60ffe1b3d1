import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Backoff, defineSchema, leaseTable, OvsdbClient } from '../../src/ovsdb/index.ts';
import { Lab } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { RaftCluster } from './raft-cluster.ts';

const schema = defineSchema({
  name: 'Leases',
  tables: {
    Lease: leaseTable,
    Write: {
      columns: { owner: { type: 'string' }, term: { type: 'integer' }, number: { type: 'integer' } },
      isRoot: true,
    },
  },
});

describeWithLab('a lease in a cluster of three servers', () => {
  let lab: Lab;
  let cluster: RaftCluster;
  let observer: OvsdbClient<typeof schema.json>;

  beforeAll(async () => {
    lab = await Lab.create();
    cluster = await RaftCluster.create(lab, 3, schema);
    const backoff = new Backoff({ minMs: 5, maxMs: 50 });
    observer = await OvsdbClient.connect(cluster.methods, { schema, backoff });
  });

  afterAll(async () => {
    await observer?.close();
    await lab?.close();
  });

  it('never has two holders whose writes both succeed, whoever is killed, paused or moved', async () => {
    const holders = new Map<string, RunningProcess>();
    const outputs: RunningProcess[] = [];
    const start = async (name: string) => {
      const holder = await lab.start('node', [
        'test/integration/lease-holder.js',
        cluster.methods.join(),
        name,
      ]);
      holders.set(name, holder);
      outputs.push(holder);
    };
    const replica = await observer.replicate({ Lease: true, Write: ['term'] });
    const current = () => replica.Lease.find({ name: 'job' });
    /** Waits until somebody has written in a later term than the given one. */
    const writtenAfter = async (term: number) => {
      while (!replica.Write.filter((write) => write.term > term)[0]) await once(replica, 'change');
    };
    const holder = () => {
      const name = current()!.owner.split('/')[0]!;
      return { name, process: holders.get(name)!, term: current()!.term };
    };
    for (const name of ['one', 'two', 'three']) await start(name);
    await writtenAfter(0);
    for (let round = 0; round < 2; round++) {
      await cluster.transferLeadership();
      const killed = holder();
      killed.process.kill('SIGKILL');
      await killed.process.exited;
      await writtenAfter(killed.term);
      const paused = holder();
      paused.process.kill('SIGSTOP');
      const moved = cluster.transferLeadership();
      await writtenAfter(paused.term);
      paused.process.kill('SIGCONT');
      await paused.process.waitForOutput(/lost/);
      await moved;
      await start(killed.name);
    }
    const { rows } = await observer.transact((tx) => tx.select('Write', []));
    const ownersOf = (term: number) =>
      new Set(rows.filter((write) => write.term === term).map(({ owner }) => owner));
    const terms = new Set(rows.map(({ term }) => term));
    for (const term of terms) expect([term, ownersOf(term).size]).toEqual([term, 1]);
    expect(terms.size).toBeGreaterThanOrEqual(5);
    expect(outputs.map(({ output }) => output).join('')).not.toMatch(/wrote after|Error/);
  });
});
