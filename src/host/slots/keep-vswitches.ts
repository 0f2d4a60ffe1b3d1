import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import type { HostDatabase } from '../database.ts';
import { formatIp, type IpCommand, readNamespace } from '../system/ip.ts';
import { requireVswitch } from './vswitch.ts';
import { requireSubnet } from './vswitch-checks.ts';
import { isVswitchRow, VswitchKey } from './vswitch-labels.ts';
import { carryOutLinks, planPresentLinks } from './vswitch-links.ts';

/** What {@link VswitchKeeper} needs beside the database. */
interface VswitchKeepOptions {
  readonly log: Log;
  readonly setTimer?: SetTimer;
}

/**
 * Keeps the links of virtual switches up, with their addresses: the database remembers a virtual switch over a reboot,
 * and the kernel does not. Each is looked at to begin with, and when the switch has made its links anew, as
 * ovs-vswitchd does with those of the userspace datapath when it starts.
 */
export class VswitchKeeper implements AsyncDisposable {
  readonly #db: HostDatabase;
  readonly #log: Log;
  readonly #setTimer: SetTimer;
  readonly #stop: () => void;
  /** The links of each, by their indexes, as they were when they were looked at. */
  readonly #seen = new Map<string, string>();
  #work: Promise<void> = Promise.resolve();
  #cancelRetry = () => {};
  #isStopped = false;

  constructor(db: HostDatabase, { log, setTimer = systemTimer }: VswitchKeepOptions) {
    this.#db = db;
    this.#log = log;
    this.#setTimer = setTimer;
    this.#look();
    this.#stop = db.onChange(() => this.#look());
  }

  /** Ends it, when what is being done is done. The links stay as they are. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    this.#stop();
    this.#cancelRetry();
    await this.#work;
  }

  #look(): void {
    for (const bridge of this.#db.bridges.filter(isVswitchRow)) {
      const { name } = bridge;
      const links = this.#db
        .interfacesOf(bridge)
        .filter(({ external_ids }) => !external_ids.has(VswitchKey.SLOT))
        .map((row) => `${row.name} ${row.ifindex}`);
      const seen = links.sort().join();
      if (this.#seen.get(name) === seen) continue;
      this.#seen.set(name, seen);
      this.#work = this.#work.then(() => (this.#isStopped ? undefined : this.#restore(name)));
    }
  }

  async #restore(name: string): Promise<void> {
    try {
      const done = await this.#db.locked(() => restoreLinks(this.#db, name));
      if (done === undefined) this.#retry(name);
      else if (done.length > 0)
        this.#log.info({ vswitch: name, ip: done.map(formatIp).join('; ') }, 'put right again');
    } catch (error) {
      const { code, message } = error as GalagoError;
      this.#log.error({ vswitch: name, code }, `not put right: ${message}`);
    }
  }

  /** The database may go on saying what it said before the reboot, also when the link is there. */
  #retry(name: string): void {
    this.#seen.delete(name);
    if (this.#isStopped) return;
    this.#cancelRetry();
    this.#cancelRetry = this.#setTimer(() => this.#look(), RETRY_MS);
  }
}

/**
 * Puts right what the links of a virtual switch have lost.
 * @returns what was done; undefined while the switch has not made its link
 * @throws UsageError `HOST_ADDRESS_TAKEN`; HostError as runCommand
 */
async function restoreLinks(db: HostDatabase, name: string): Promise<readonly IpCommand[] | undefined> {
  if (db.bridge(name) === undefined) return [];
  const vswitch = requireVswitch(db, name);
  const { links } = await readNamespace();
  const plan = planPresentLinks(vswitch, links);
  if (plan === undefined) return undefined;
  if (plan.commands.length > 0) requireSubnet(vswitch, links);
  await carryOutLinks(name, plan);
  return plan.commands;
}

const RETRY_MS = 1000;
