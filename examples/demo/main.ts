import type { GalagoError } from 'galago';
import { Lab } from '../../test/lab/index.ts';
import { startController } from './controller.ts';
import { endOnSignal } from './end-on-signal.ts';
import { askSharedAddresses, countFlows, firstAndSecond, reachAll } from './measure.ts';
import { buildNetwork, type DemoNetwork } from './network.ts';
import {
  printAnswers,
  printCounts,
  printHeading,
  printLatency,
  printNetwork,
  printReach,
  printVerdict,
} from './report.ts';

const startedAt = performance.now();
const ending = endOnSignal();
// Whoever reads the output may stop reading: the demo goes on, and cleans up.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  await using lab = await Lab.create();
  ending.remove(lab);
  process.exitCode = (await show(lab)) ? 0 : 1;
} catch (error) {
  const { code, message } = error as Partial<GalagoError>;
  if (ending.exitCode === undefined)
    console.error(code === undefined ? error : `galago demo: ${message} (${code})`);
  process.exitCode = ending.exitCode ?? 1;
}

/** Builds the network, shows what it does, and tells whether that was right. */
async function show(lab: Lab): Promise<boolean> {
  printHeading();
  const network = await buildNetwork(lab);
  printNetwork(network);
  const controller = await startController(lab, network);
  const wrong = await measure(network);
  await controller.stop('SIGTERM');
  const { from, to } = farApart(network, 'blue');
  const { received } = await from.container.ping(to.ownIp);
  const isStillThere = received > 0;
  const still = isStillThere ? 'still reaches' : 'does not reach';
  console.log(`\nWith the controller ended, ${from.container.name} ${still} ${to.container.name}.`);
  return printVerdict(isStillThere ? wrong : wrong + 1, performance.now() - startedAt);
}

/** Prints who reaches whom, and returns how often that was wrong. */
async function measure(network: DemoNetwork): Promise<number> {
  const strangers = farApart(network, 'green');
  const times = await firstAndSecond(strangers);
  const reaches = await reachAll(network.places);
  printReach(network.places, reaches);
  const answers = await askSharedAddresses(network.places);
  printAnswers(network.places, answers);
  printLatency(strangers, times);
  printCounts(
    await Promise.all(network.hosts.map(async (host) => ({ host, flows: await countFlows(host) }))),
  );
  return [...reaches, ...answers].filter(({ isRight }) => !isRight).length;
}

/** Two containers of a pod on different hosts. */
function farApart({ places }: DemoNetwork, pod: string) {
  const inPod = places.filter((place) => place.pod === pod);
  return { from: inPod[0]!, to: inPod.findLast(({ host }) => host !== inPod[0]!.host)! };
}
