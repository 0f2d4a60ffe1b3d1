import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { followStarts } from '../../src/host/docker-events.ts';

describe('the containers that Docker starts', () => {
  let dir: string;
  let stop: (() => void) | undefined;
  let told: () => void;
  let next: Promise<void>;
  let timers: (() => void)[];
  let ids: (string | undefined)[];

  const renew = () => {
    next = new Promise((resolve) => {
      told = resolve;
    });
  };
  const follow = () => {
    stop = followStarts(join(dir, 'docker.sock'), {
      onStart: (id) => {
        ids.push(id);
        told();
      },
      setTimer: (callback) => {
        timers.push(callback);
        told();
        return () => {};
      },
    });
  };

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'galago-events-'));
    timers = [];
    ids = [];
    renew();
  });

  afterEach(async () => {
    stop?.();
    await rm(dir, { recursive: true });
  });

  it('are told of as they come, and again after the Engine was away', async () => {
    const streams: ServerResponse[] = [];
    const paths: string[] = [];
    const server = createServer(({ url = '' }, response) => {
      paths.push(decodeURIComponent(url));
      streams.push(response);
      response.flushHeaders();
    });

    follow();
    await next;
    expect(timers).toHaveLength(1);

    server.listen(join(dir, 'docker.sock'));
    await once(server, 'listening');
    renew();
    timers.shift()!();
    await next;
    expect(paths).toEqual(['/events?filters={"type":["container"],"event":["start"]}']);
    renew();
    streams[0]!.write('{"Type":"container","Action":"start","Actor":{"ID":"abc"}}\n');
    await next;
    expect(ids).toEqual([undefined, 'abc']);

    renew();
    streams[0]!.destroy();
    await next;
    expect(timers).toHaveLength(1);
    renew();
    timers.shift()!();
    await next;
    expect(paths).toHaveLength(2);
    stop?.();
    server.closeAllConnections();
    server.close();
  });
});
