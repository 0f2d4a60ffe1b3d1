import { fileURLToPath } from 'node:url';
import { startProcess } from '../lab/index.ts';
import type { RunningProcess } from '../lab/running-process.ts';

/** Something that starts processes: `startProcess`, or a lab's own. */
type Start = (command: string, args: readonly string[]) => Promise<RunningProcess>;

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Starts the `galago` command from its sources. */
export function startGalago(args: readonly string[], start: Start = startProcess): Promise<RunningProcess> {
  return start(process.execPath, ['--import', 'tsx', MAIN, ...args]);
}

/** A running `galago controller`, with what it says it listens on. */
export interface RunningController {
  readonly process: RunningProcess;
  /** The port that switches call. */
  readonly openflowPort: number;
  readonly feedUrl: string;
}

/** Starts `galago controller` on free ports of 127.0.0.1, and waits until it listens. */
export async function startController(
  args: readonly string[] = [],
  start?: Start,
): Promise<RunningController> {
  const ports = ['--openflow', 'ptcp:0', '--api', '127.0.0.1:0'];
  const running = await startGalago(['controller', ...ports, ...args], start);
  const [, port] = await running.waitForOutput(/listening for switches .*ptcp:(\d+):/, START_TIMEOUT_MS);
  const [, feedUrl] = await running.waitForOutput(/url"?[=:]"?(ws:[^\s"]+)/, START_TIMEOUT_MS);
  return { process: running, openflowPort: Number(port), feedUrl: feedUrl! };
}

/** The sources are translated first. */
const START_TIMEOUT_MS = 30_000;
