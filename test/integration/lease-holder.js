import { Backoff, OvsdbClient } from 'galago/ovsdb';

// A contender for a lease, in a process of its own that can be killed and paused: while it has the lease it writes.
// Plain JavaScript, because Node.js does not compile TypeScript.

const [methods, owner] = process.argv.slice(2);
const client = await OvsdbClient.connect(methods.split(','), {
  database: 'Leases',
  waitForServer: true,
  backoff: new Backoff({ minMs: 5, maxMs: 50 }),
});
const lease = await client.lease('job', { durationMs: 1000, renewMs: 200, owner });
lease.on('lost', () => console.log('lost'));
let number = 0;
for (;;) {
  await lease.acquired();
  const { term } = lease;
  console.log(`acquired ${term}`);
  while (lease.isHeld && lease.term === term) {
    try {
      const later = await client.transact((tx) => {
        lease.guard(tx);
        tx.insert('Write', { owner: lease.owner, term: lease.term, number: number++ });
        return tx.select('Write', [['term', '>', lease.term]], ['owner', 'term']);
      });
      if (later.rows.length > 0) console.log(`wrote after a later holder, in term ${term}`);
    } catch (error) {
      console.log(`failed ${error.code}`);
    }
  }
}
