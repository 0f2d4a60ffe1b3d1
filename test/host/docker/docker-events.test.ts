import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ContainerEvent, followEvents } from '../../../src/host/docker/docker-events.ts';

describe('the events of containers', () => {
  let dir: string;
  let stop: (() => void) | undefined;
  let server: Server;
  let streams: ServerResponse[];
  let paths: string[];
  let timers: (() => void)[];
  let heard: (ContainerEvent | 'reached')[];
  let told: () => void;

  /** Resolves when anything is told after this call. */
  const next = () =>
    new Promise<void>((resolve) => {
      told = resolve;
    });
  const hear = (what: ContainerEvent | 'reached') => {
    heard.push(what);
    told();
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'galago-events-'));
    timers = [];
    heard = [];
    streams = [];
    paths = [];
    server = createServer(({ url = '' }, response) => {
      paths.push(decodeURIComponent(url));
      streams.push(response);
      response.flushHeaders();
    });
    const isWaiting = next();
    stop = followEvents(join(dir, 'docker.sock'), {
      onReached: () => hear('reached'),
      onEvent: hear,
      setTimer: (callback) => {
        timers.push(callback);
        told();
        return () => {};
      },
    });
    await isWaiting;
    server.listen(join(dir, 'docker.sock'));
    await once(server, 'listening');
    const isReached = next();
    timers.shift()!();
    await isReached;
  });

  afterEach(async () => {
    stop?.();
    server.closeAllConnections();
    server.close();
    await rm(dir, { recursive: true });
  });

  const line = (Action: string, ID: string) => `${JSON.stringify({ Action, Actor: { ID } })}\n`;

  it('are told of as they come, once the Engine can be reached', async () => {
    expect(paths).toEqual(['/events?filters={"type":["container"],"event":["start","die","destroy"]}']);
    const isTold = next();
    streams[0]!.write(line('start', 'abc'));
    await isTold;
    expect(heard).toEqual(['reached', { action: 'start', id: 'abc' }]);
  });

  it('may come several at a time or in pieces, and others do not matter', async () => {
    const isTold = next();
    const text = ['nonsense\n', line('rename', 'x'), line('die', 'abc'), line('destroy', 'abc')].join('');
    streams[0]!.write(text.slice(0, -10));
    await isTold;
    const isToldAll = next();
    streams[0]!.write(text.slice(-10));
    await isToldAll;
    expect(heard.slice(1)).toEqual([
      { action: 'die', id: 'abc' },
      { action: 'destroy', id: 'abc' },
    ]);
  });

  it.each<[string, (stream: ServerResponse) => void]>([
    ['ends', (stream) => stream.destroy()],
    ['has a line without an end', (stream) => stream.write('x'.repeat(5 * 1024 * 1024))],
  ])('are asked for again when the stream %s', async (_, act) => {
    const isLost = next();
    act(streams[0]!);
    await isLost;
    expect(timers).toHaveLength(1);
    const isReached = next();
    timers.shift()!();
    await isReached;
    expect(heard).toEqual(['reached', 'reached']);
  });
});
