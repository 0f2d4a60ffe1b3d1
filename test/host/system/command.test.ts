import { expect, it } from '@jest/globals';
import { runCommand } from '../../../src/host/system/command.ts';

const OWN_NETNS = '/proc/self/ns/net';

const missing = {
  code: 'HOST_COMMAND_MISSING',
  message: "there is no command 'galago-none' on this machine: install galago-none",
};

it('says what is missing', async () => {
  await expect(runCommand('galago-none', [])).rejects.toMatchObject(missing);
});

(process.getuid?.() === 0 ? it : it.skip)('says what is missing also in another namespace', async () => {
  await expect(runCommand('galago-none', [], { netns: OWN_NETNS })).rejects.toMatchObject(missing);
});

it('says what a command said', async () => {
  await expect(runCommand('sh', ['-c', 'echo no such thing >&2; exit 3'])).rejects.toMatchObject({
    code: 'HOST_COMMAND_FAILED',
    message: expect.stringMatching(/: no such thing$/),
  });
});
