import type { GalagoError } from '../../../src/util/errors.ts';
import { Sim } from '../../../test/sim/index.ts';
import {
  printAnswers,
  printCounts,
  printHeading,
  printNetwork,
  printReach,
  printVerdict,
} from '../report.ts';
import type { Answer, Reach } from '../result.ts';
import { buildNetwork, type SimPlace } from './network.ts';
import { send, serve } from './transfer.ts';

/** What transfers are sent from. */
const CLIENT_PORT = 40_000;

const startedAt = performance.now();
// Whoever reads the output may stop reading.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

try {
  await using sim = new Sim();
  process.exitCode = (await show(sim)) ? 0 : 1;
} catch (error) {
  const { code, message } = error as Partial<GalagoError>;
  console.error(code === undefined ? error : `galago demo: ${message} (${code})`);
  process.exitCode = 1;
}

/** Builds the network, shows what it does, and tells whether that was right. */
async function show(sim: Sim): Promise<boolean> {
  console.log(
    'This is a simulation: switches, databases, containers and tunnels are software in this process, and no',
  );
  console.log(
    'frame leaves it. The controller is the real one, and speaks OpenFlow and OVSDB over TCP on loopback.\n',
  );
  printHeading('a software switch');
  const { hosts, places } = await buildNetwork(sim);
  printNetwork({ hosts, places });
  await sim.startController();
  await sim.settled();
  for (const place of places) serve(place);
  const reaches = await reachAll(sim, places);
  printReach(places, reaches, 'UDP');
  const answers = await askSharedAddresses(sim, places);
  printAnswers(places, answers, 'UDP');
  await sim.settled();
  console.log('');
  printCounts(hosts.map((host) => ({ host, flows: countFlows(host.sw.pipeline.tables.tables) })));
  const wrong = [...reaches, ...answers].filter(({ isRight }) => !isRight).length;
  const isStillThere = await goesOn(sim, places);
  return printVerdict(isStillThere ? wrong : wrong + 1, performance.now() - startedAt);
}

/** Every container tries to reach every other, at the address that only that one has. */
async function reachAll(sim: Sim, places: readonly SimPlace[]): Promise<Reach[]> {
  const reaches: Reach[] = [];
  for (const [from, to] of pairsOf(places)) {
    const expected = from.pod === to.pod;
    const byPing = await from.container.soft.ping(to.ownIp);
    const byTransfer = (await send(sim.network, from, to.ownIp, CLIENT_PORT)) === to.container.name;
    const isRight = byPing === expected && byTransfer === expected;
    reaches.push({ from, to, byPing, byTransfer, expected, isRight });
  }
  return reaches;
}

/** Every container sends to the addresses of the others in its pod, which the other pod uses as well. */
async function askSharedAddresses(sim: Sim, places: readonly SimPlace[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const [from, to] of pairsOf(places)) {
    if (from.pod !== to.pod) continue;
    const who = await send(sim.network, from, to.sharedIp, CLIENT_PORT);
    answers.push({ from, to, who, isRight: who === to.container.name });
  }
  return answers;
}

/** Shows that flows stay when the controller ends. */
async function goesOn(sim: Sim, places: readonly SimPlace[]): Promise<boolean> {
  const [from] = places;
  const to = places.find(({ pod, host }) => pod === from!.pod && host !== from!.host);
  await sim.stopController();
  const isReached = await from!.container.soft.ping(to!.ownIp);
  const still = isReached ? 'still reaches' : 'does not reach';
  console.log(`\nWith the controller ended, ${from!.container.name} ${still} ${to!.container.name}.`);
  return isReached;
}

function pairsOf(places: readonly SimPlace[]): (readonly [SimPlace, SimPlace])[] {
  return places.flatMap((from) => places.filter((to) => to !== from).map((to) => [from, to] as const));
}

function countFlows(tables: readonly { readonly size: number }[]): number {
  return tables.reduce((sum, { size }) => sum + size, 0);
}
