import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Lab, run } from '../lab/index.ts';
import { chaosSchema } from './chaos/chaos-schema.ts';
import { ChaosRounds, type Servers } from './chaos/rounds.ts';
import { TcpProxy } from './chaos/tcp-proxy.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { RaftCluster } from './raft-cluster.ts';

// More rounds, each of which has the seed that its number is:
// GALAGO_CHAOS_ROUNDS=10000 GALAGO_CHAOS_SEED=1000 npm run jest -- test/integration/ovsdb-chaos.test.ts
const ROUNDS = Number(process.env.GALAGO_CHAOS_ROUNDS ?? 100);
const FIRST_SEED = Number(process.env.GALAGO_CHAOS_SEED ?? 0);
const TRANSFER_MS = 100;
const PATIENCE_MS = 60_000 + ROUNDS * 3000;

describeWithLab('OVSDB while servers die, leaders change and connections break', () => {
  let lab: Lab;
  const proxies: TcpProxy[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
  });

  afterAll(async () => {
    for (const proxy of proxies) await proxy.close();
    await lab?.close();
  });

  async function proxied(methods: readonly string[]): Promise<TcpProxy[]> {
    const started = await Promise.all(methods.map((method) => TcpProxy.start(method.replace('unix:', ''))));
    proxies.push(...started);
    return started;
  }

  async function standalone(): Promise<Servers> {
    const [schema, file, socket] = ['chaos.ovsschema', 'chaos.db', 'chaos.sock'].map((name) =>
      join(lab.dir, name),
    );
    await writeFile(schema!, JSON.stringify(chaosSchema.json));
    await run('ovsdb-tool', ['create', file!, schema!]);
    const args = [file!, `--remote=punix:${socket}`, `--unixctl=${join(lab.dir, 'chaos.ctl')}`];
    let server = await lab.start('ovsdb-server', args);
    const directMethods = [`unix:${socket}`];
    await run('ovsdb-client', ['--timeout=30', 'wait', directMethods[0]!, 'Chaos', 'connected']);
    const [proxy] = await proxied(directMethods);
    return {
      methods: [proxy!.method],
      directMethods,
      disturb: async (random) => {
        if (random.below(3) > 0) return proxy!.cutAfter(random.below(3000));
        await server.stop('SIGKILL');
        server = await lab.start('ovsdb-server', args);
      },
    };
  }

  async function clustered(): Promise<Servers> {
    const cluster = await RaftCluster.create(lab, 3, chaosSchema);
    await cluster.speedUpElections();
    const entrances = await proxied(cluster.methods);
    return {
      methods: entrances.map(({ method }) => method),
      directMethods: cluster.methods,
      disturb: async (random) => {
        if (random.below(8) > 0) return entrances[random.below(3)]!.cutAfter(random.below(3000));
        const index = random.below(2) === 0 ? await cluster.leader() : random.below(3);
        await cluster.kill(index);
        await cluster.restart(index);
      },
      unsettle: async (isOver) => {
        while (!isOver()) {
          await cluster.handOver();
          await delay(TRANSFER_MS);
        }
      },
    };
  }

  async function expectNothingWrong(servers: Servers, first: number, count: number): Promise<void> {
    const rounds = await ChaosRounds.create(servers, 3);
    try {
      for (let seed = first; seed < first + count; seed++) {
        expect({ seed, wrong: await rounds.run(seed) }).toEqual({ seed, wrong: [] });
      }
      expect(rounds.outcomes.acknowledged).toBeGreaterThan(rounds.outcomes.unknown);
    } finally {
      await rounds.close();
    }
  }

  it(
    'loses, repeats and invents nothing with one server',
    async () => {
      await expectNothingWrong(await standalone(), FIRST_SEED, Math.ceil(ROUNDS / 2));
    },
    PATIENCE_MS,
  );

  it(
    'loses, repeats and invents nothing with a cluster of three',
    async () => {
      await expectNothingWrong(await clustered(), FIRST_SEED, Math.floor(ROUNDS / 2));
    },
    PATIENCE_MS,
  );
});
