import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';
import { type CommandContext, CommandError, LabError, type RunOptions, run, runForOutput } from './run.ts';

/** Where a private Open vSwitch lives. */
export interface OpenVSwitchOptions {
  /** Absolute path of its database, sockets, pid files and logs; made when missing. At most 86 bytes. */
  readonly dir: string;
  /**
   * The network namespace. The userspace datapath makes a device `ovs-netdev`, so there can be only one Open
   * vSwitch with such a bridge in a namespace. Default: that of this process.
   */
  readonly netns?: string;
  /** Variables added to its processes' environment. */
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Whether there are datapaths and ports of type `dummy`: the userspace datapath without any device, whose frames and
   * time are handed in by command. Default false.
   */
  readonly hasDummies?: boolean;
}

/** The database schema of Open vSwitch, as Debian installs it. */
export const VSWITCH_SCHEMA = '/usr/share/openvswitch/vswitch.ovsschema';

/** One private Open vSwitch: an ovsdb-server and an ovs-vswitchd that know nothing of the system's own. */
export class OpenVSwitch {
  readonly dir: string;
  /** `unix:` connection method of its database. */
  readonly dbSocket: string;
  /** The log of ovs-vswitchd. */
  readonly logFile: string;
  readonly #context: CommandContext;
  readonly #ovsdb: Daemon;
  readonly #vswitchd: Daemon;

  /**
   * Makes an empty database and starts both processes on it.
   * @throws LabError `LAB_PATH_TOO_LONG`: the path of a Unix socket has at most 107 bytes (unix(7)).
   * @throws CommandError `LAB_COMMAND_FAILED` when something does not start; nothing is left running then.
   */
  static async start(options: OpenVSwitchOptions): Promise<OpenVSwitch> {
    if (Buffer.byteLength(options.dir) > MAX_DIR_BYTES) {
      const why = `expected a directory of at most ${MAX_DIR_BYTES} bytes, for the sockets in it, got '${options.dir}'`;
      throw new LabError('LAB_PATH_TOO_LONG', why);
    }
    await mkdir(options.dir, { recursive: true });
    const ovs = new OpenVSwitch(options);
    await ovs.#run('ovsdb-tool', ['create', join(options.dir, 'conf.db'), VSWITCH_SCHEMA]);
    try {
      await ovs.#ovsdb.start();
      await ovs.#vswitchd.start();
    } catch (error) {
      await ovs.stop();
      throw error;
    }
    return ovs;
  }

  private constructor({ dir, netns, env, hasDummies = false }: OpenVSwitchOptions) {
    this.dir = dir;
    this.dbSocket = `unix:${dir}/db.sock`;
    this.logFile = `${dir}/ovs-vswitchd.log`;
    this.#context = { netns, env: { ...env, OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir } };
    this.#ovsdb = this.#daemon('ovsdb-server', [
      `${dir}/conf.db`,
      `--remote=p${this.dbSocket}`,
      '--remote=db:Open_vSwitch,Open_vSwitch,manager_options',
    ]);
    this.#vswitchd = this.#daemon('ovs-vswitchd', [this.dbSocket, ...(hasDummies ? ['--enable-dummy'] : [])]);
  }

  /** The path of a bridge's own OpenFlow socket. */
  mgmt(bridge: string): string {
    return `${this.dir}/${bridge}.mgmt`;
  }

  /**
   * Runs `ovs-vsctl` and returns what it printed. It waits until ovs-vswitchd has obeyed, unless told `--no-wait`.
   * @throws CommandError `LAB_COMMAND_FAILED`, also when ovs-vswitchd could not make what was asked for, which
   * `ovs-vsctl` itself takes for a success.
   */
  async vsctl(...args: readonly string[]): Promise<string> {
    const argv = ['--timeout=20', ...args];
    const { stdout, stderr } = await runForOutput('ovs-vsctl', argv, this.#context);
    if (!stderr.includes('Error detected while setting up')) return stdout;
    const failure = { command: ['ovs-vsctl', ...argv].join(' '), exitCode: 0, stdout, stderr };
    throw new CommandError(failure, `${stderr.trim()} (${this.logFile})`);
  }

  /** Runs `ovs-ofctl -O OpenFlow13`; bridges go by their names: `ofctl('dump-flows', 'br-int')`. */
  ofctl(...args: readonly string[]): Promise<string> {
    return this.#run('ovs-ofctl', ['-O', 'OpenFlow13', ...args]);
  }

  /** Adds flows, one a line in the syntax of `ovs-ofctl`; all or none. */
  async addFlows(bridge: string, flows: readonly string[]): Promise<void> {
    const argv = ['-O', 'OpenFlow13', '--bundle', 'add-flows', bridge, '-'];
    await this.#run('ovs-ofctl', argv, { input: `${flows.join('\n')}\n` });
  }

  /** Asks ovs-vswitchd: `appctl('ofproto/trace', 'br-int', 'in_port=1')`. */
  appctl(...args: readonly string[]): Promise<string> {
    return this.#run('ovs-appctl', ['-t', `${this.dir}/ovs-vswitchd.ctl`, ...args]);
  }

  /** Undefined while ovs-vswitchd does not run. */
  get vswitchdPid(): number | undefined {
    return this.#vswitchd.pid;
  }

  /** Undefined while ovsdb-server does not run. */
  get ovsdbPid(): number | undefined {
    return this.#ovsdb.pid;
  }

  /** Stops and starts ovs-vswitchd: its flows are gone, its ports come back with their numbers. */
  async restartVswitchd(): Promise<void> {
    await this.#vswitchd.stop();
    await this.#vswitchd.start();
  }

  /** Ends ovs-vswitchd the hard way and leaves it ended. */
  async killVswitchd(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#vswitchd.kill(signal);
  }

  /** Starts ovs-vswitchd after {@link killVswitchd}. */
  async startVswitchd(): Promise<void> {
    await this.#vswitchd.start();
  }

  /** Stops and starts ovsdb-server on the same database: its clients have to connect again. */
  async restartOvsdb(): Promise<void> {
    await this.#ovsdb.stop();
    await this.#ovsdb.start();
  }

  /** Stops both processes. The devices of its bridges go too, unless their namespace goes with them. Idempotent. */
  async stop(): Promise<void> {
    if (this.#context.netns === undefined && this.#vswitchd.pid !== undefined) {
      // Signals leave the bridges' devices behind, so they come only when it does not end when asked.
      const asked = this.appctl('exit', '--cleanup').then(() => this.#vswitchd.ended(5000));
      await asked.catch(() => {});
    }
    await this.#vswitchd.stop();
    await this.#ovsdb.stop();
  }

  #daemon(command: string, args: readonly string[]): Daemon {
    const path = `${this.dir}/${command}`;
    const logging = [`--log-file=${path}.log`, '-vsyslog:off', '-vconsole:off'];
    const argv = [...args, `--unixctl=${path}.ctl`, ...logging];
    return new Daemon({ command, args: argv, pidFile: `${path}.pid`, context: this.#context });
  }

  #run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return run(command, args, { ...this.#context, ...options });
  }
}

/** Leaves room for `/`, a name of 15 characters and `.mgmt` within the 107 bytes of a socket's path. */
const MAX_DIR_BYTES = 107 - '/123456789012345.mgmt'.length;
