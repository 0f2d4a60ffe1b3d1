import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import type { HostDatabase } from '../database.ts';
import { openFirewall } from '../system/firewall.ts';
import { followFirewall } from '../system/follow-firewall.ts';
import { whileSettingUp } from './settings.ts';
import { firewallNeeds } from './settle-firewall.ts';
import { keepUplink } from './uplink.ts';

/** How {@link FirewallKeeper} gets at the firewall of this machine. */
export interface Firewall {
  readonly follow: typeof followFirewall;
  readonly open: typeof openFirewall;
}

/** What {@link FirewallKeeper} needs beside the database. */
interface FirewallKeepOptions {
  readonly log: Log;
  readonly firewall?: Firewall;
  readonly setTimer?: SetTimer;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: () => number;
}

/**
 * Keeps in this machine's firewall what `galago init`, `cluster` and `vswitch create` have put there: whoever loads the
 * rules of the host anew takes it out. It looks at what there is under the lock under which commands change the settings,
 * and does what these say then: after `galago cleanup`, nothing.
 */
export class FirewallKeeper implements AsyncDisposable {
  readonly #db: HostDatabase;
  readonly #log: Log;
  readonly #firewall: Firewall;
  readonly #setTimer: SetTimer;
  readonly #now: () => number;
  readonly #stops: readonly (() => void)[];
  readonly #end = new AbortController();
  #work: Promise<void> = Promise.resolve();
  /** There while it is going to look. */
  #cancelLook: (() => void) | undefined;
  #cancelCalm = () => {};
  /** The needs that it has looked for. */
  #seen: string | undefined;
  /** Why it could not put things right when it looked last. */
  #failure: string | undefined;
  /** How long it waits before it looks; more each time that it had something to do. */
  #patienceMs = SETTLE_MS;
  /** How long the last look took. */
  #costMs = 0;

  constructor(
    db: HostDatabase,
    {
      log,
      firewall = THIS_MACHINE,
      setTimer = systemTimer,
      now = () => performance.now(),
    }: FirewallKeepOptions,
  ) {
    this.#db = db;
    this.#log = log;
    this.#firewall = firewall;
    this.#setTimer = setTimer;
    this.#now = now;
    this.#look();
    this.#stops = [
      db.onChange(() => {
        if (JSON.stringify(firewallNeeds(db)) !== this.#seen) this.#lookSoon();
      }),
      firewall.follow({ onChange: () => this.#lookSoon(), setTimer }),
    ];
  }

  /** Ends it, when what is being done is done. The rules stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    for (const stop of this.#stops) stop();
    this.#cancelLook?.();
    this.#cancelCalm();
    await this.#work;
  }

  /** Whoever changes the rules may have more to change, and some do so all the time. */
  #lookSoon(): void {
    const delayMs = Math.min(Math.max(this.#patienceMs, this.#costMs * IDLE_SHARE), MAX_DELAY_MS);
    this.#cancelLook ??= this.#setTimer(() => this.#look(), delayMs);
  }

  #look(): void {
    this.#work = this.#work.then(() => {
      this.#cancelLook = undefined;
      return this.#putRight();
    });
  }

  async #putRight(): Promise<void> {
    const { signal } = this.#end;
    try {
      const done = await whileSettingUp(this.#db, () => this.#open(), signal);
      this.#failure = undefined;
      if (done.length === 0) return;
      this.#log.info({ firewall: done.join('; ') }, 'put right again');
      this.#slowDown();
    } catch (error) {
      if (signal.aborted) return;
      const { code, message } = error as GalagoError;
      if (message !== this.#failure) this.#log.error({ code }, `firewall not put right: ${message}`);
      this.#failure = message;
      this.#slowDown();
      this.#lookSoon();
    }
  }

  async #open(): Promise<readonly string[]> {
    const begunMs = this.#now();
    const needs = firewallNeeds(this.#db);
    this.#seen = JSON.stringify(needs);
    const opened = needs === undefined ? [] : await this.#firewall.open(needs.tunnels);
    const kept = await keepUplink(this.#db);
    this.#costMs = this.#now() - begunMs;
    return [...opened, ...kept];
  }

  /** Until it has had nothing to do for a while: somebody may undo each time what it does. */
  #slowDown(): void {
    this.#patienceMs = Math.min(2 * this.#patienceMs, MAX_DELAY_MS);
    this.#cancelCalm();
    this.#cancelCalm = this.#setTimer(() => {
      this.#patienceMs = SETTLE_MS;
    }, CALM_MS);
  }
}

const THIS_MACHINE: Firewall = { follow: followFirewall, open: openFirewall };
/** How much longer than a look the time between two is at least. */
const IDLE_SHARE = 10;
const SETTLE_MS = 500;
const MAX_DELAY_MS = 30_000;
const CALM_MS = 60_000;
