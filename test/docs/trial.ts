import { fileURLToPath } from 'node:url';
import { type FakeDocker, serveDocker } from '../host/fake-docker.ts';
import { type Container, eventually, type Host } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { type Command, type Fence, readCommands } from './documents.ts';
import { writeSnippets } from './snippets.ts';

/** Something that a document says will be so, or what a reader is taken to have done. */
export type Claim = (trial: Trial) => Promise<unknown>;

/** How a section is tried. */
export interface Section {
  /** Why its commands are only looked at, and not carried out. */
  readonly notRun?: string;
  /** Done before the section begins. */
  readonly before?: Claim;
  /** Looked at right after a command. */
  readonly after?: Readonly<Record<string, Claim>>;
  /** Looked at when everything in the section has been done. */
  readonly claim?: Claim;
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
/** Where Open vSwitch is on a reader's machine. */
const RUN_DIRECTORY = '/var/run/openvswitch';

/** How long a program of a document may run that ends by itself, on a machine that is very busy. */
const PROGRAM_MS = 90_000;

/** Carries out what a document says, in its order, on real hosts. */
export class Trial {
  readonly #hosts: readonly Host[];
  readonly #dir: string;
  /** The controller that runs on each host: the next one takes its place. */
  readonly #controllers = new Map<Host, RunningProcess>();
  readonly #servers: RunningProcess[] = [];
  readonly #dockers = new Map<Host, FakeDocker>();
  #lastOutput: () => string = () => '';

  /** `hosts` go by their names in `# on HOST`; the first one is meant where there is no such comment. */
  constructor(hosts: readonly Host[], dir: string) {
    this.#hosts = hosts;
    this.#dir = dir;
  }

  /** Does what a section says and checks what it claims. */
  async run(fences: readonly Fence[], section: Section): Promise<void> {
    await section.before?.(this);
    for (const fence of fences) await this.#runFence(fence, section.after ?? {});
    await section.claim?.(this);
    for (const server of this.#servers.splice(0)) {
      const { code } = await server.stop();
      if (code !== 0 && code !== null) throw new Error(`a program ended with ${code}: ${server.output}`);
    }
  }

  /** A host by its name; the first one without. */
  host(name?: string): Host {
    const host = name === undefined ? this.#hosts[0] : this.#hosts.find((one) => one.name === name);
    if (host === undefined) throw new Error(`there is no host '${name}'`);
    return host;
  }

  /** A container by the name of its interface. */
  container(name: string): Container {
    const container = this.#hosts.flatMap(({ containers }) => containers.get(name) ?? [])[0];
    if (container === undefined) throw new Error(`there is no interface '${name}'`);
    return container;
  }

  /** Starts `galago` as a host's controller, in the place of the one that runs there. */
  async startController(host: Host, args: readonly string[]): Promise<void> {
    await this.#controllers.get(host)?.stop('SIGINT');
    const running = await host.start(process.execPath, ['--import', 'tsx', MAIN, ...args], {
      env: this.#environmentOf(host),
    });
    this.#controllers.set(host, running);
    // The last thing that it says of itself.
    await running.waitForOutput(/serving the feed|looking after this host/, 30_000);
  }

  async stopControllers(): Promise<void> {
    for (const controller of this.#controllers.values()) await controller.stop('SIGINT');
    this.#controllers.clear();
  }

  /** Has a host have a Docker Engine that knows the given containers. */
  async serveDocker(hostName: string, containers: Readonly<Record<string, Container>>): Promise<void> {
    const known = Object.entries(containers).map(async ([name, container]) => {
      const { pid } = await container.start('sleep', ['infinity']);
      return [
        name,
        { Id: `${pid}`.padStart(64, '0'), Name: `/${name}`, State: { Running: true, Pid: pid } },
      ] as const;
    });
    const host = this.host(hostName);
    this.#dockers.set(host, await serveDocker(Object.fromEntries(await Promise.all(known))));
  }

  /** Runs `galago` on a host to its end, and returns what it printed. */
  async galago(host: Host, ...args: readonly string[]): Promise<string> {
    return host.exec(process.execPath, ['--import', 'tsx', MAIN, ...args], {
      env: this.#environmentOf(host),
    });
  }

  async close(): Promise<void> {
    await this.stopControllers();
    for (const docker of this.#dockers.values()) await docker[Symbol.asyncDispose]();
    this.#dockers.clear();
  }

  #environmentOf(host: Host): Readonly<Record<string, string>> {
    const docker = this.#dockers.get(host);
    return { OVS_RUNDIR: host.ovs.dir, ...(docker && { DOCKER_HOST: `unix://${docker.socket}` }) };
  }

  async #runFence(fence: Fence, claims: Readonly<Record<string, Claim>>): Promise<void> {
    if (fence.language === 'ts') return this.#runProgram(fence);
    if (fence.language === 'text') return this.#expectPrinted(fence);
    for (const command of readCommands(fence)) {
      await this.#runCommand(command);
      await claims[command.words.join(' ')]?.(this);
    }
  }

  async #runCommand({ at, host: name, words }: Command): Promise<void> {
    const host = this.host(name);
    const [command, ...args] = words.map((word) => word.replace(RUN_DIRECTORY, host.ovs.dir));
    if (command === 'npm') return;
    if (command === 'galago' && ['controller', 'agent'].includes(args[0]!))
      return this.startController(host, args);
    // The lab's kernel has no datapath of Open vSwitch.
    const makesBridge = args[0] === 'init' || (args[0] === 'vswitch' && args[1] === 'create');
    if (command === 'galago' && makesBridge) args.push('--usermode');
    const [file, ...before] = this.#programOf(command!, host);
    try {
      const output = await host.exec(file!, [...before, ...args], { env: this.#environmentOf(host) });
      this.#lastOutput = () => output;
    } catch (cause) {
      throw new Error(`${at}: ${(cause as Error).message}`, { cause });
    }
  }

  #programOf(command: string, { ovs }: Host): readonly string[] {
    if (command === 'galago') return [process.execPath, '--import', 'tsx', MAIN];
    // Where the lab's ovs-vswitchd listens does not follow from its process id, as it does otherwise.
    return command === 'ovs-appctl' ? [command, '-t', `${ovs.dir}/ovs-vswitchd.ctl`] : [command];
  }

  async #runProgram(fence: Fence): Promise<void> {
    const host = this.host();
    const { snippets, tsconfig } = writeSnippets(this.#dir, [fence], (text) =>
      text.replaceAll(RUN_DIRECTORY, host.ovs.dir),
    );
    const running = await host.start(process.execPath, ['--import', 'tsx', snippets[0]!.path], {
      env: { TSX_TSCONFIG_PATH: tsconfig },
    });
    if (fence.note === 'server') {
      this.#servers.push(running);
      return;
    }
    this.#lastOutput = () => running.output;
    const late = setTimeout(() => running.kill('SIGKILL'), PROGRAM_MS);
    const { code } = await running.exited;
    clearTimeout(late);
    if (code !== 0) throw new Error(`${fence.file}:${fence.line} ended with ${code}: ${running.output}`);
  }

  /** Looked for in what the last command or program printed, and in what those that still run print. */
  async #expectPrinted({ file, line, text }: Fence): Promise<void> {
    const pattern = patternOf(text.replaceAll(RUN_DIRECTORY, this.host().ovs.dir));
    const running = [...this.#servers, ...this.#controllers.values()];
    const printed = () => [this.#lastOutput(), ...running.map(({ output }) => output)];
    try {
      await eventually(() => printed().some((output) => pattern.test(output)));
    } catch (cause) {
      throw new Error(`${file}:${line}: what was printed is\n${printed().join('\n')}`, { cause });
    }
  }
}

/** What a `text` block stands for: its lines in their order, each within a line, where `…` is anything. */
export function patternOf(text: string): RegExp {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => line.split('…').map(escaped).join('.*'));
  return new RegExp(lines.join('.*\\n(?:.*\\n)*?.*'));
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
