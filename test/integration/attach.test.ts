import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { type Docker, IMAGE } from '../lab/docker.ts';
import { eventually, type Host, Lab } from '../lab/index.ts';
import { Terminal } from '../lab/terminal.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { MAIN } from './host-cli.ts';
import { SlotHost } from './slot-host.ts';

describeWithLab('galago attach, at a terminal,', () => {
  let lab: Lab;
  let slots: SlotHost;
  let host: Host;
  let docker: Docker;
  let terminal: Terminal;

  beforeAll(async () => {
    lab = await Lab.create();
    slots = await SlotHost.create(lab);
    ({ host, docker } = slots);
  });

  beforeEach(async () => {
    await slots.start('--slot', '1', IMAGE, 'sh');
  });

  afterEach(async () => {
    await terminal?.close();
    await slots.empty();
  });

  afterAll(async () => {
    await docker?.stop();
    await lab?.close();
  });

  /** Attaches, and waits until what is typed comes to the shell in the container. */
  async function attach(socket = docker.socket): Promise<void> {
    await open(socket);
    terminal.type('echo on $((20 + 1))\r');
    await terminal.see(/on 21/);
  }

  async function open(socket: string): Promise<void> {
    const command = [process.execPath, MAIN, 'attach', '1', '--docker', socket];
    terminal = await Terminal.start(host, command, { OVS_RUNDIR: host.ovs.dir });
    await eventually(async () => !(await terminal.isAsBefore()), { what: 'the terminal to be raw' });
  }

  let asked = 0;
  /** Has the shell in the container say how large its terminal is. */
  async function sizeInside(): Promise<string> {
    asked++;
    terminal.type(`echo size ${asked} $(busybox stty size) end\r`);
    return (await terminal.see(new RegExp(`size ${asked} (\\d+ \\d+) end`)))[1]!;
  }

  /** Waits for the end of the command, and looks whether all is as before. */
  async function expectEnd(status: number, said: RegExp | '' = ''): Promise<void> {
    expect(await terminal.ended()).toBe(status);
    expect(await terminal.isAsBefore()).toBe(true);
    expect(terminal.output).toMatch(said);
  }

  const expectState = async (state: string) => {
    await eventually(async () => (await slots.ps())[0]?.state === state, { what: `ovs0-s01 to be ${state}` });
  };

  it('tells the container its size, also when that changes, and how often', async () => {
    await attach();
    await eventually(async () => (await sizeInside()) === '30 100', { what: 'the size' });
    await terminal.resize(40, 120);
    await eventually(async () => (await sizeInside()) === '40 120', { what: 'another size' });
    for (let rows = 2; rows <= 50; rows++) await terminal.resize(rows, 80);
    await eventually(async () => (await sizeInside()) === '50 80', { what: 'the last size' });
  });

  it('passes every key on, also ctrl-c, until ctrl-p ctrl-q, and can be had again', async () => {
    await attach();
    terminal.type('sh -c "echo begun $((3 + 4)); exec sleep 1000000"\r');
    await terminal.see(/begun 7/);
    terminal.type('\x03');
    terminal.type('echo after $((40 + 2))\r');
    await terminal.see(/after 42/);
    terminal.type('\x10\x11');
    await expectEnd(0, /^ovs0-s01: detached\s+=ended/m);
    await terminal.close();
    await attach();
    terminal.type('exit 3\r');
    await expectEnd(0, /^ovs0-s01: ended with status 3\s+=ended/m);
    await expectState('exited');
  });

  it('has what fills the terminal draw it anew', async () => {
    await slots.json('restart', '--time', '0', '1', IMAGE, 'sh', '-c', DRAW);
    await open(docker.socket);
    await terminal.see(/drawn for 30 100/);
    terminal.type('\x10\x11');
    await expectEnd(0);
    await terminal.close();
    // The size is the same as before, and nothing that runs there asks for it without being told.
    await open(docker.socket);
    await terminal.see(/drawn for 30 100/);
  });

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const)(
    'leaves the terminal as it was when %s ends it, and the container alone',
    async (signal, status) => {
      await attach();
      terminal.kill(signal);
      await expectEnd(status);
      await expectState('running');
    },
  );

  it('leaves the terminal as it was when Docker goes away', async () => {
    const engine = await passOn(docker.socket);
    await attach(engine.socket);
    await engine.close();
    await expectEnd(2, /^error: .*HOST_DOCKER_FAILED/m);
    await expectState('running');
  });
}, ['dockerd', 'docker', 'busybox', 'script']);

/** Says how large the terminal is when it is told that this has changed. */
const DRAW = 'trap "echo drawn for $(busybox stty size)" WINCH; while :; do sleep 0.1; done'.replace(
  '$',
  '\\$',
);

/** Passes connections on to the Docker Engine until it is closed. */
async function passOn(engine: string) {
  const dir = await mkdtemp(join(tmpdir(), 'galago-passed-'));
  const socket = join(dir, 'docker.sock');
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = createConnection(engine);
    for (const one of [near, far]) open.add(one.on('error', () => {}));
    near.pipe(far).pipe(near);
  });
  server.listen(socket);
  await once(server, 'listening');
  const close = async () => {
    server.close();
    for (const one of open) one.destroy();
    await rm(dir, { recursive: true });
  };
  return { socket, close };
}
