import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSchema } from '../../src/ovsdb/index.ts';
import { eventually, type Lab, run } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { testSchema } from '../ovsdb/test-schema.ts';

interface Member {
  readonly file: string;
  readonly method: string;
  readonly ctl: string;
  process: RunningProcess;
}

/** A clustered database, of the test schema unless told otherwise, served by several ovsdb-servers over Unix sockets. */
export class RaftCluster {
  readonly #lab: Lab;
  readonly #database: string;
  readonly #members: Member[] = [];
  #lastLeader = 0;

  static async create(
    lab: Lab,
    size: number,
    { name, json }: DatabaseSchema = testSchema,
  ): Promise<RaftCluster> {
    const cluster = new RaftCluster(lab, name);
    const schema = join(lab.dir, 'cluster.ovsschema');
    await writeFile(schema, JSON.stringify(json));
    for (let i = 0; i < size; i++) await cluster.#add(i, schema);
    return cluster;
  }

  private constructor(lab: Lab, database: string) {
    this.#lab = lab;
    this.#database = database;
  }

  /** The connection methods of all its servers. */
  get methods(): string[] {
    return this.#members.map(({ method }) => method);
  }

  /** Which of them is the leader. */
  leader(): Promise<number> {
    return eventually(() => this.#findLeader(), { what: 'a leader' });
  }

  /** Makes the leader hand over; resolves with the new one. */
  async transferLeadership(): Promise<number> {
    const old = await this.leader();
    await this.#appctl(this.#members[old]!, 'cluster/failure-test', 'transfer-leadership');
    const other = async () => {
      const leader = await this.leader();
      return leader === old ? false : leader;
    };
    return eventually(other, { what: 'another leader' });
  }

  /** Makes the leader hand over, if there is one at this moment, and does not wait for the next. */
  async handOver(): Promise<void> {
    const leader = await this.#findLeader();
    if (leader === false) return;
    await this.#appctl(this.#members[leader]!, 'cluster/failure-test', 'transfer-leadership').catch(() => {});
  }

  /** Has the others notice sooner that the leader is dead. */
  async speedUpElections(): Promise<void> {
    // No step may be more than halving.
    for (const timerMs of [500, 250]) {
      const leader = await this.leader();
      await this.#appctl(
        this.#members[leader]!,
        'cluster/change-election-timer',
        this.#database,
        String(timerMs),
      );
      await eventually(() => this.#hasElectionTimer(timerMs), { what: `an election timer of ${timerMs} ms` });
    }
  }

  /** Cuts a server off from the others; its clients stay connected. */
  async isolate(index: number): Promise<void> {
    await this.#appctl(this.#members[index]!, 'cluster/failure-test', 'stop-raft-rpc');
  }

  /** Kills a server. */
  async kill(index: number): Promise<void> {
    await this.#members[index]!.process.stop('SIGKILL');
  }

  /** Starts a server again. */
  async restart(index: number): Promise<void> {
    const member = this.#members[index]!;
    member.process = await this.#start(member);
    await this.#joined(member);
  }

  async #hasElectionTimer(timerMs: number): Promise<boolean> {
    const status = await this.#appctl(this.#members[await this.leader()]!, 'cluster/status', this.#database);
    return new RegExp(`^Election timer: ${timerMs}$`, 'm').test(status);
  }

  /** Looks at the last one first. */
  async #findLeader(): Promise<number | false> {
    for (let i = 0; i < this.#members.length; i++) {
      const index = (this.#lastLeader + i) % this.#members.length;
      const status = await this.#appctl(this.#members[index]!, 'cluster/status', this.#database).catch(
        () => '',
      );
      if (/^Role: leader$/m.test(status)) {
        this.#lastLeader = index;
        return index;
      }
    }
    return false;
  }

  async #add(index: number, schema: string): Promise<void> {
    const file = (suffix: string) => join(this.#lab.dir, `c${index}.${suffix}`);
    const raft = (i: number) => `unix:${join(this.#lab.dir, `c${i}.raft`)}`;
    if (index === 0) await run('ovsdb-tool', ['create-cluster', file('db'), schema, raft(0)]);
    else await run('ovsdb-tool', ['join-cluster', file('db'), this.#database, raft(index), raft(0)]);
    const member = { file: file('db'), method: `unix:${file('sock')}`, ctl: file('ctl') };
    const added: Member = { ...member, process: await this.#start(member) };
    this.#members.push(added);
    await this.#joined(added);
  }

  #start({ file, method, ctl }: Omit<Member, 'process'>): Promise<RunningProcess> {
    return this.#lab.start('ovsdb-server', [file, `--remote=p${method}`, `--unixctl=${ctl}`]);
  }

  async #joined({ method }: Member): Promise<void> {
    await run('ovsdb-client', ['--timeout=30', 'wait', method, this.#database, 'connected']);
  }

  async #appctl({ ctl }: Member, ...args: string[]): Promise<string> {
    return run('ovs-appctl', ['--timeout=10', '-t', ctl, ...args]);
  }
}
