import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { dial, parseMethod } from '../../src/net/index.ts';
import { FeedClient } from '../app/feed-client.ts';
import { startProcess } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { Authority, hasOpenssl } from '../net/certificates.ts';
import { closed, temporaryDirectory } from '../net/sockets.ts';
import { startController, startGalago } from './galago.ts';

jest.setTimeout(60_000);

describe('the galago command', () => {
  const started: RunningProcess[] = [];

  afterEach(async () => {
    for (const process of started.splice(0)) await process.stop('SIGKILL');
  });

  async function controller(...args: string[]) {
    const running = await startController(args);
    started.push(running.process);
    return running;
  }

  async function run(...args: string[]) {
    const process = await startGalago(args);
    started.push(process);
    const { code } = await process.exited;
    return { code, output: process.output };
  }

  /** A port of 127.0.0.1 that is in use. */
  async function takenPort() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    return { port, free: () => server.close() };
  }

  it('ends with the exit status', async () => {
    expect(await run('--version')).toEqual({ code: 0, output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
    expect(await run('controller', '--opnflow')).toEqual({
      code: 1,
      output: "error: unknown option '--opnflow' (Did you mean --openflow?)\n",
    });
  });

  it('says when what it prints gets lost', async () => {
    const full = await startGalago(['--version'], (command, args) =>
      startProcess('sh', ['-c', 'exec "$@" > /dev/full', 'sh', command, ...args]),
    );
    started.push(full);
    expect((await full.exited).code).toBe(2);
    expect(full.output).toMatch(/^error: cannot write to standard output: .*ENOSPC.*\n$/);
  });

  it('calls standard input by its name', async () => {
    expect(await run('ovsdb', 'generate', '-')).toEqual({
      code: 1,
      output: expect.stringMatching(/^error: standard input is no schema: .*\n$/),
    });
  });

  it('says in one line that an address is in use, and ends with 2', async () => {
    const { port, free } = await takenPort();
    const api = await run('controller', '--openflow', 'ptcp:0', '--api', `127.0.0.1:${port}`);
    const openflow = await run('controller', '--openflow', `ptcp:${port}`, '--api', '127.0.0.1:0');
    free();
    expect(api).toEqual({
      code: 2,
      output: `error: cannot serve HTTP on 127.0.0.1:${port}: the address is in use (NET_LISTEN_FAILED)\n`,
    });
    expect(openflow).toEqual({
      code: 2,
      output: `error: cannot listen on ptcp:${port}:127.0.0.1: the address is in use (NET_LISTEN_FAILED)\n`,
    });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('closes at %s and ends with 0', async (signal) => {
    const { process, feedUrl } = await controller('--ovsdb', 'unix:/nonexistent/db.sock');
    const client = await FeedClient.connect(feedUrl);
    expect(await client.next()).toEqual({ type: 'state', switches: [] });
    process.kill(signal);
    expect(await process.exited).toEqual({ code: 0, signal: null });
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(process.output).toMatch(new RegExp(`closing; flows stay in the switches signal=${signal}\n$`));
  });

  it('ends at once at the second signal, while somebody keeps it from closing', async () => {
    const { process, feedUrl } = await controller();
    const client = await FeedClient.connect(feedUrl);
    client.socket.pause();
    process.kill('SIGTERM');
    await process.waitForOutput(/closing/);
    process.kill('SIGINT');
    expect(await process.exited).toEqual({ code: 130, signal: null });
    client.socket.terminate();
  });

  it('logs JSON when told, says where everything listens, and serves no feed when told', async () => {
    const args = ['--openflow', 'ptcp:0', '--ovsdb', 'ptcp:0', '--no-api', '--json'];
    const process = await startGalago(['controller', ...args]);
    started.push(process);
    await process.waitForOutput(/databases"\}\n/, 30_000);
    await process.stop('SIGTERM');
    const entries = process.output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(entries).toEqual([
      expect.objectContaining({
        msg: 'listening for switches',
        method: expect.stringMatching(/^ptcp:\d+:127/),
      }),
      expect.objectContaining({
        msg: 'listening for databases',
        method: expect.stringMatching(/^ptcp:\d+:127/),
      }),
      expect.objectContaining({ level: 'info', signal: 'SIGTERM' }),
    ]);
  });

  it('warns of what it was told to expose', async () => {
    const { process } = await controller('--openflow', 'ptcp:0:0.0.0.0', '--insecure');
    const warning = /WARN {2}option '--openflow' argument 'ptcp:0:0\.0\.0\.0' goes beyond this machine/;
    expect(process.output).toMatch(warning);
  });

  const itTls = hasOpenssl ? it : it.skip;

  itTls('takes only switches with a certificate at pssl:', async () => {
    const directory = temporaryDirectory();
    const authority = new Authority(directory.path, 'authority');
    const [ours, theirs] = [authority.issue('controller'), authority.issue('switch')];
    const stranger = new Authority(directory.path, 'foreign').issue('stranger');
    const files = [
      '--private-key',
      ours.privateKey,
      '--certificate',
      ours.certificate,
      '--ca-cert',
      ours.caCert,
    ];
    const { process } = await controller('--openflow', 'pssl:0', ...files);
    const [, port] = await process.waitForOutput(/method=pssl:(\d+):127\.0\.0\.1/);
    const method = parseMethod(`ssl:127.0.0.1:${port}`);
    const welcome = await dial(method, { tls: theirs });
    const [hello] = (await once(welcome, 'data')) as [Buffer];
    expect([hello[0], hello[1]]).toEqual([4, 0]);
    welcome.destroy();
    const refused = await dial(method, { tls: { ...stranger, caCert: ours.caCert } });
    await closed(refused);
    await process.waitForOutput(/TLS handshake with .* failed/);
    directory.remove();
  });
});
