import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Host, type HostOptions } from './host.ts';
import { missingRequirements } from './requirements.ts';
import { LabError } from './run.ts';
import { type RunningProcess, type StartOptions, startProcess } from './running-process.ts';
import type { Scope } from './scope.ts';
import { makeUnderlay, UNDERLAY } from './underlay.ts';

/** How to make a {@link Lab}. */
export interface LabOptions {
  /** Largest packet of the network between the hosts, in bytes. Default 1500. */
  readonly underlayMtu?: number;
}

/** A lone switch: a {@link Host} that is on no underlay. */
export interface SwitchOptions {
  /** Unique in the lab. Default: `s1`, `s2`, … */
  readonly name?: string;
  /** Default `br0`. */
  readonly bridge?: string;
  /** Default `secure`. */
  readonly failMode?: 'secure' | 'standalone';
}

/**
 * Real hosts on one machine: each is a network namespace with an Open vSwitch of its own, and containers are
 * network namespaces linked to its bridge. Nothing of it is in the namespace of this process, so that any number
 * of labs can run side by side.
 *
 * Whatever ends this process ends the lab: a second process waits for its standard input to close, which no signal
 * can prevent, and removes every process, namespace and file of the lab. `close()` does the same and waits for it.
 */
export class Lab {
  /** The name of its directory, and what the names of its network namespaces begin with. */
  readonly id: string;
  /** For files of the test; removed at the end. */
  readonly dir: string;
  readonly #scope: Scope;
  readonly #underlayMtu: number;
  readonly #names = new Set<string>([UNDERLAY]);
  readonly #hosts = new Map<string, Host>();
  #hostNumber = 0;
  #reaper: ChildProcess;
  #closed: Promise<void> | undefined;

  /**
   * Makes an empty lab.
   * @throws LabError `LAB_REQUIREMENTS_MISSING` with all that {@link missingRequirements} finds.
   */
  static async create(options: LabOptions = {}): Promise<Lab> {
    const missing = missingRequirements();
    if (missing.length > 0) throw new LabError('LAB_REQUIREMENTS_MISSING', missing.join(', '));
    const lab = new Lab(await mkdtemp(join(tmpdir(), 'galago-')), options);
    try {
      await makeUnderlay(lab.#scope);
    } catch (error) {
      await lab.close();
      throw error;
    }
    return lab;
  }

  private constructor(dir: string, options: LabOptions) {
    this.id = basename(dir);
    this.dir = dir;
    this.#scope = { id: this.id, dir, env: { GALAGO_LAB: dir }, closers: new Set() };
    this.#underlayMtu = options.underlayMtu ?? 1500;
    this.#reaper = startReaper(dir);
  }

  /** Its hosts and switches by name. */
  get hosts(): ReadonlyMap<string, Host> {
    return this.#hosts;
  }

  /**
   * Makes a host, with an underlay address or without. Several may be made at a time.
   * @throws LabError `LAB_NAME_TAKEN`, `LAB_NAME_INVALID`; CommandError `LAB_COMMAND_FAILED`.
   */
  async addHost(options: HostOptions): Promise<Host> {
    this.#claimName(options.name, 12);
    const host = await Host.create(this.#scope, options, {
      number: ++this.#hostNumber,
      underlayMtu: this.#underlayMtu,
      claimName: (name) => this.#claimName(name, 15),
      releaseName: (name) => this.#names.delete(name),
    });
    this.#hosts.set(host.name, host);
    return host;
  }

  /** Makes a lone switch: a host that is on no underlay. */
  addSwitch(options: SwitchOptions = {}): Promise<Host> {
    const { name = `s${this.#hostNumber + 1}`, bridge = 'br0', failMode = 'secure' } = options;
    return this.addHost({ name, bridge, failMode });
  }

  /**
   * Starts a command in the namespace of this process that goes on running; `close()` ends it if nobody did.
   * @throws CommandError `LAB_COMMAND_FAILED` when it cannot be started.
   */
  start(command: string, args: readonly string[] = [], options: StartOptions = {}): Promise<RunningProcess> {
    return startProcess(command, args, { ...options, env: { ...options.env, ...this.#scope.env } });
  }

  /**
   * Ends every process, deletes every namespace and file of the lab. Idempotent.
   * @throws LabError `LAB_CLOSE_FAILED` when something is left.
   */
  close(): Promise<void> {
    this.#closed ??= this.#tearDown();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #claimName(name: string, maxLength: number): void {
    if (!/^[a-z][a-z0-9-]*$/i.test(name) || name.length > maxLength) {
      const expected = `a letter, then letters, digits and hyphens, at most ${maxLength} in all`;
      throw new LabError('LAB_NAME_INVALID', `expected ${expected}, got '${name}'`);
    }
    if (this.#names.has(name)) throw new LabError('LAB_NAME_TAKEN', `the lab has a '${name}' already`);
    this.#names.add(name);
  }

  async #tearDown(): Promise<void> {
    for (const close of this.#scope.closers) close();
    // Someone may have ended it, and then its work is still to be done.
    if (this.#reaper.exitCode !== null || this.#reaper.signalCode !== null)
      this.#reaper = startReaper(this.dir);
    const reaper = this.#reaper;
    let said = '';
    reaper.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    reaper.ref();
    reaper.stdin?.end();
    const [code] = await once(reaper, 'close');
    if (code !== 0) throw new LabError('LAB_CLOSE_FAILED', `${this.id} is not all gone: ${said.trim()}`);
  }
}

/** Starts the process that removes the lab as soon as its standard input closes. */
function startReaper(dir: string): ChildProcess {
  const script = fileURLToPath(new URL('./reaper.js', import.meta.url));
  const { GALAGO_LAB: _, ...env } = process.env;
  const reaper = spawn(process.execPath, [script, dir], {
    // In a session of its own, it survives the terminal's signals; without the mark, it survives itself.
    detached: true,
    env,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  reaper.stdin?.on('error', () => {});
  for (const part of [reaper, reaper.stdin, reaper.stderr] as readonly { unref?(): void }[]) part.unref?.();
  return reaper;
}
