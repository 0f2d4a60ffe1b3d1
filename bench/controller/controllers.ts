import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RemoteError, TimeoutError } from '../../src/util/errors.ts';
import { endProcess } from '../harness/end-process.ts';
import type { CpuProfile } from '../harness/flame-graph.ts';
import { isInstalled } from '../harness/installed.ts';
import { pinned } from '../harness/pinned.ts';
import type { Role } from '../harness/rounds.ts';
import { managerArgs, OS_KEN_MISSING } from '../os-ken/os-ken.ts';
import { Program } from './program.ts';
import type { ControllerRequest } from './programs/parent.ts';

/** A kind of controller that can be measured. */
export interface ControllerKind {
  readonly name: string;
  readonly role: Role;
  /** Why it cannot take part on this machine; undefined when it can. */
  missing(): Promise<string | undefined>;
  start(): Promise<Controller>;
  /** It refuses more switches than this. */
  readonly maxSwitches?: number;
}

/** A controller that runs as a process of its own and listens on the loopback address. */
export interface Controller {
  readonly pid: number;
  readonly port: number;
  /** Only of ours: the profile of what it does from now on. */
  startProfile?(): Promise<unknown>;
  stopProfile?(): Promise<CpuProfile>;
  /** Only where memory is collected at all. */
  collectGarbage?(): Promise<unknown>;
  close(): Promise<void>;
}

/** The library. */
export const GALAGO: ControllerKind = ours('galago', 'ours', 'galago');
/** Code for the packets of the bench alone. */
export const LEAN: ControllerKind = ours('lean, by hand', 'limit', 'limits', 'lean');
/** The same bytes for everything. */
export const CANNED: ControllerKind = ours('canned answers', 'limit', 'limits', 'canned');

/** Open vSwitch's own learning switch, in C. */
export const TESTCONTROLLER: ControllerKind = {
  name: 'ovs-testcontroller',
  role: 'peer',
  maxSwitches: 16,
  async missing() {
    if (await isInstalled('ovs-testcontroller')) return undefined;
    return 'ovs-testcontroller is not installed (apt-get install openvswitch-testcontroller)';
  },
  async start() {
    // Where it makes its control socket, which it does not start without.
    const directory = await mkdtemp(join(tmpdir(), 'galago-bench-'));
    const args = (port: number) => ['-O', 'OpenFlow13', '-voff', `ptcp:${port}:127.0.0.1`];
    const controller = await startCommand('ovs-testcontroller', args, { OVS_RUNDIR: directory });
    return {
      ...controller,
      async close() {
        await controller.close();
        await rm(directory, { recursive: true });
      },
    };
  },
};

/** A learning switch in Python, on Ryu's successor. */
export const OS_KEN: ControllerKind = {
  name: 'os-ken',
  role: 'peer',
  missing: async () => ((await isInstalled('osken-manager')) ? undefined : OS_KEN_MISSING),
  start: () => startCommand('osken-manager', managerArgs),
};

function ours(name: string, role: Role, program: string, ...args: readonly string[]): ControllerKind {
  return {
    name,
    role,
    missing: async () => undefined,
    async start() {
      const started = await Program.start('controller', program, ...args);
      const { port } = started.hello as { readonly port: number };
      const ask = async (request: ControllerRequest) => {
        started.program.send(request);
        return ((await started.program.next(ANSWER_MS)) as { readonly answer: unknown }).answer;
      };
      return {
        pid: started.program.pid,
        port,
        startProfile: () => ask('startProfile'),
        stopProfile: () => ask('stopProfile') as Promise<CpuProfile>,
        collectGarbage: () => ask('collectGarbage'),
        close: () => started.program.close(),
      };
    },
  };
}

async function startCommand(
  command: string,
  argsFor: (port: number) => readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Controller> {
  const port = await freePort();
  const line = pinned('controller', { command, args: argsFor(port) });
  // Whatever ends this process, it is not to go on alone.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', line.command, ...line.args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...variables },
  });
  await once(child, 'spawn');
  const close = () => endProcess(child);
  try {
    await listening(port, child);
  } catch (error) {
    await close();
    throw error;
  }
  return { pid: child.pid!, port, close };
}

/** One that nobody listens on just now: these controllers cannot be told to take any and say which. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  const end = performance.now() + START_MS;
  while (!(await accepts(port))) {
    if (child.exitCode !== null) {
      throw new RemoteError('BENCH_PEER_FAILED', `the controller ended with exit code ${child.exitCode}`);
    }
    if (performance.now() > end) {
      throw new TimeoutError('BENCH_PEER_FAILED', 'the controller does not listen');
    }
    await delay(20);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** A controller may take this long until it listens. */
const START_MS = 20_000;
/** A profile is large. */
const ANSWER_MS = 60_000;
