import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../test/lab/index.ts';

const REAPER = fileURLToPath(new URL('../../test/lab/reaper.js', import.meta.url));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What {@link endOnSignal} has to know. */
export interface Ending {
  /** Names the lab that is to be removed; a signal that has come already takes effect now. */
  remove(lab: Lab): void;
  /** The exit status of a signal that has come, also when it ended a command of the demo first. */
  readonly exitCode: number | undefined;
}

/** Has the first signal remove everything and end the process. */
export function endOnSignal(): Ending {
  let signal: NodeJS.Signals | undefined;
  let lab: Lab | undefined;
  const end = () => {
    if (signal === undefined || lab === undefined) return;
    // Waited for without a turn of the event loop: what the demo had begun cannot begin anything more.
    const { status } = spawnSync(process.execPath, [REAPER, lab.dir], { input: '', stdio: 'pipe' });
    if (status !== 0) console.error('galago demo: still removing, in the background');
    process.exit(exitCodeOf(signal));
  };
  for (const name of SIGNALS) {
    process.once(name, () => {
      if (signal === undefined) console.error(`\ngalago demo: ${name}, removing everything`);
      signal ??= name;
      end();
    });
  }
  return {
    remove: (made) => {
      lab = made;
      end();
    },
    get exitCode() {
      return signal === undefined ? undefined : exitCodeOf(signal);
    },
  };
}

function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
