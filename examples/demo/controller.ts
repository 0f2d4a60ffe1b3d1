import { GalagoError } from 'galago';
import { eventually, type Lab } from '../../test/lab/index.ts';
import type { DemoNetwork } from './network.ts';

/** The controller, as far as the demo uses it. */
export interface RunningController {
  /** Sends the signal and waits for the end. @throws GalagoError `DEMO_CONTROLLER_FAILED` when that is no good one. */
  stop(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts the real command, one for both hosts, and waits until the pods' flows are there.
 * @throws GalagoError `DEMO_CONTROLLER_FAILED` with what it printed.
 */
export async function startController(lab: Lab, network: DemoNetwork): Promise<RunningController> {
  const methods = network.hosts.map(({ ovs, bridge }) => [
    ...['--openflow', `unix:${ovs.mgmt(bridge)}`],
    ...['--ovsdb', ovs.dbSocket],
  ]);
  console.log(
    `\n$ galago controller --no-api \\\n    ${methods.map((words) => words.join(' ')).join(' \\\n    ')}`,
  );
  const command = ['dist/cli/main.cjs', 'controller', '--no-api', ...methods.flat()];
  const running = await lab.start(process.execPath, command);
  const failure = (what: string) =>
    new GalagoError('DEMO_CONTROLLER_FAILED', `${what}; the controller printed:\n${running.output.trim()}`);
  const ended = running.exited.then(({ code, signal }) => {
    throw failure(`the controller ended with ${code ?? signal}`);
  });
  // It will end, later on.
  ended.catch(() => {});
  await Promise.race([connected(network), ended]).catch((cause) => {
    throw cause.code === 'LAB_WAIT_TIMEOUT' ? failure(cause.message) : cause;
  });
  return {
    stop: async (signal) => {
      const { code } = await running.stop(signal);
      if (code !== 0) throw failure(`expected the controller to end with 0, it ended with ${code}`);
    },
  };
}

/** The first container of the first pod can be reached from the other host. */
async function connected({ places }: DemoNetwork): Promise<void> {
  const [first] = places;
  const other = places.find(({ pod, host }) => pod === first!.pod && host !== first!.host);
  await eventually(async () => (await other!.container.ping(first!.ownIp)).received > 0, {
    what: `${other!.container.name} to reach ${first!.container.name}`,
    timeoutMs: 20_000,
  });
}
