import { describe, expect, it } from '@jest/globals';
import { findTarget, identify, parseTarget } from '../../../src/host/connect/target.ts';
import { serveDocker } from '../fake-docker.ts';

describe('a container', () => {
  it.each([
    ['netns:blue', { type: 'netns', name: 'blue' }],
    ['pid:4711', { type: 'pid', pid: 4711 }],
    ['web', { type: 'docker', name: 'web' }],
    ['docker:web_1.x-y', { type: 'docker', name: 'web_1.x-y' }],
  ])('is named by %s', (text, expected) => {
    expect(parseTarget(text)).toEqual(expected);
  });

  it.each([
    '',
    'pid:0',
    'pid:-1',
    'pid:1x',
    'netns:',
    'netns:../x',
    'netns:a/b',
    'a b',
    '-x',
    'web/json',
    'x:y',
  ])("is not named by '%s'", (text) => {
    expect(() => parseTarget(text)).toThrow(expect.objectContaining({ code: 'HOST_TARGET_INVALID' }));
  });

  it('of Docker is found by what the Engine says of it', async () => {
    await using docker = await serveDocker({
      web: { Id: 'a'.repeat(64), Name: '/web', State: { Running: true, Pid: 99_999_999 } },
      stopped: { Id: 'b'.repeat(64), Name: '/stopped', State: { Running: false, Pid: 0 } },
      side: {
        Id: 'c'.repeat(64),
        State: { Running: true, Pid: process.pid },
        HostConfig: { NetworkMode: 'container:aaaa' },
      },
      host: {
        Id: 'd'.repeat(64),
        State: { Running: true, Pid: process.pid },
        HostConfig: { NetworkMode: 'host' },
      },
      broken: 'no JSON',
    });
    const codes = new Map([
      ['web', 'HOST_CONTAINER_STOPPED'],
      ['stopped', 'HOST_CONTAINER_STOPPED'],
      ['side', 'HOST_NAMESPACE_SHARED'],
      ['host', 'HOST_NAMESPACE_SHARED'],
      ['broken', 'HOST_DOCKER_FAILED'],
      ['other', 'HOST_CONTAINER_UNKNOWN'],
      ['d', 'HOST_NAMESPACE_SHARED'],
    ]);
    for (const [name, code] of codes) {
      await expect(findTarget(name, docker.socket)).rejects.toMatchObject({ code });
    }
    expect(docker.asked).toContain('/containers/web/json');
  });

  it('of Docker has several names, as long as no other has them too', async () => {
    const id = 'ab'.repeat(32);
    await using docker = await serveDocker({ web: { Id: id }, db: { Id: 'ac'.repeat(32) } });
    for (const name of ['web', 'docker:web', 'ab', id])
      expect(await identify(name, docker.socket)).toBe(`docker:${id}`);
    expect(await identify('netns:web', docker.socket)).toBe('netns:web');
    expect(await identify('gone', docker.socket)).toBeUndefined();
    expect(await identify('web', '/nonexistent/docker.sock')).toBeUndefined();
    const ambiguous = { code: 'HOST_AMBIGUOUS', message: expect.stringContaining("'a'") };
    await expect(identify('a', docker.socket)).rejects.toMatchObject(ambiguous);
  });

  it('of Docker is not found where no Engine is', async () => {
    await expect(findTarget('web', '/nonexistent/docker.sock')).rejects.toMatchObject({
      code: 'HOST_DOCKER_FAILED',
      message: expect.stringContaining('/nonexistent/docker.sock'),
    });
  });
});
