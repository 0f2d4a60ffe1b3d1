import { existsSync, type FSWatcher, readdirSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Log } from '../../util/log.ts';
import { type SetTimer, systemTimer } from '../../util/timer.ts';
import { NETNS_DIRECTORY, namespaceId } from './target.ts';

/** What a {@link NamespaceWatch} watches for. */
interface WatchOptions {
  /** Whether a name is waited for: all others are passed over. */
  readonly isWanted: (name: string) => boolean;
  /** A namespace of a wanted name is there, perhaps another one than before. */
  readonly onNamed: (name: string) => void;
  readonly log: Log;
  /** Default: where `ip netns` keeps them. It need not be there yet. */
  readonly directory?: string;
  readonly setTimer?: SetTimer;
}

/** Tells of network namespaces as `ip netns add` makes them, but not of those that are there already. */
export class NamespaceWatch implements Disposable {
  readonly #options: WatchOptions;
  readonly #directory: string;
  readonly #setTimer: SetTimer;
  #watcher: FSWatcher | undefined;
  /** What ends the wait for the namespace of a name. */
  readonly #waits = new Map<string, () => void>();

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#directory = options.directory ?? NETNS_DIRECTORY;
    this.#setTimer = options.setTimer ?? systemTimer;
    if (!this.#followDirectory()) this.#awaitDirectory();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    for (const cancel of this.#waits.values()) cancel();
    this.#waits.clear();
  }

  /** @returns false when it is not there */
  #followDirectory(): boolean {
    return this.#follow(this.#directory, (name) => {
      this.#look(name);
      // A directory that is removed tells so by its own name.
      if (name === basename(this.#directory)) this.#awaitDirectory();
    });
  }

  #awaitDirectory(): void {
    const begin = () => {
      if (existsSync(this.#directory) && this.#followDirectory())
        for (const name of readdirSync(this.#directory)) this.#look(name);
    };
    this.#follow(dirname(this.#directory), (name) => name === basename(this.#directory) && begin());
    begin();
  }

  #follow(path: string, onChange: (name: string) => void): boolean {
    this.#watcher?.close();
    const fail = ({ code, message }: NodeJS.ErrnoException) =>
      this.#options.log.warn({ path, code }, `namespaces are not followed: ${message}`);
    try {
      this.#watcher = watch(path, { persistent: false }, (_, name) => onChange(name ?? ''));
      this.#watcher.on('error', fail);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      fail(error as NodeJS.ErrnoException);
    }
    return true;
  }

  /** The name is there before the namespace is: `ip` makes a file first, and then mounts the namespace on it. */
  #look(name: string, delayMs = FIRST_LOOK_MS): void {
    this.#waits.get(name)?.();
    this.#waits.delete(name);
    if (!this.#options.isWanted(name) || delayMs > LAST_LOOK_MS) return;
    const cancel = this.#setTimer(() => {
      void namespaceId(join(this.#directory, name)).then((id) => {
        if (this.#waits.get(name) !== cancel) return;
        if (id === undefined) return this.#look(name, 2 * delayMs);
        this.#waits.delete(name);
        this.#options.onNamed(name);
      });
    }, delayMs);
    this.#waits.set(name, cancel);
  }
}

/** When a new name is looked at first, and how long it is waited at most between two looks: five seconds in all. */
const FIRST_LOOK_MS = 5;
const LAST_LOOK_MS = 2560;
