import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { systemCode } from './reason.ts';

/**
 * Removes the file of a Unix socket on which nobody listens any more. A file that is no socket, and a socket
 * that somebody answers, are left alone.
 * @returns true when the path is free.
 */
export async function removeStaleSocket(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isSocket() || !(await isRefused(path))) return false;
    await unlink(path);
    return true;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}

/** Only a refusal proves that nobody listens: a full backlog or missing rights prove nothing. */
function isRefused(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path });
    const finish = (refused: boolean) => {
      probe.destroy();
      resolve(refused);
    };
    probe.once('connect', () => finish(false));
    probe.once('error', (error) => finish(systemCode(error) === 'ECONNREFUSED'));
  });
}
