import { describe, expect, it } from '@jest/globals';
import { runCommand } from '../../../src/host/system/command.ts';
import { formatIp, ipBatch } from '../../../src/host/system/ip.ts';

describe('a batch of ip commands', () => {
  it.each(['a b', 'a\nlink delete dev eth0', '', 'a"b', "a'b", 'a\\', '$(x)'])(
    "refuses the word '%s'",
    (word) => {
      expect(() => formatIp(['link', 'show', word])).toThrow(
        expect.objectContaining({ code: 'HOST_ARGUMENT_INVALID' }),
      );
    },
  );

  it('is not run at all when one of them is refused', async () => {
    await expect(ipBatch([['link', 'show'], ['bad word']])).rejects.toMatchObject({
      code: 'HOST_ARGUMENT_INVALID',
    });
    await expect(ipBatch([])).resolves.toBeUndefined();
  });
});

describe('a command', () => {
  it('is run without a shell, with its input', async () => {
    expect(await runCommand('cat', ['-', '/dev/null'], { input: '$HOME; `x`\n' })).toBe('$HOME; `x`\n');
  });

  it('that is not there, fails, or takes too long, is an error that says so', async () => {
    await expect(runCommand('galago-no-such-command', [])).rejects.toMatchObject({
      code: 'HOST_COMMAND_MISSING',
    });
    await expect(runCommand('cat', ['/nonexistent'])).rejects.toMatchObject({
      code: 'HOST_COMMAND_FAILED',
      message: expect.stringMatching(/^cat \/nonexistent: .*No such file/),
    });
    await expect(runCommand('sleep', ['100'], { timeoutMs: 10 })).rejects.toMatchObject({
      code: 'HOST_COMMAND_FAILED',
    });
  });
});
