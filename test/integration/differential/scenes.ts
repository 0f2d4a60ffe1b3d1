import type { Random } from '../../fuzz/random.ts';
import { type MakeAction, randomActions, randomLearn, type Spot } from './random-actions.ts';
import { type Make, of } from './random-fields.ts';
import { POOLS } from './random-frames.ts';

/** What the flows of one switch have besides what all have. */
export interface Scene {
  readonly name: string;
  readonly actions: readonly MakeAction[];
  readonly instructions: readonly Make[];
  /** Meters, as text. */
  readonly meters: (random: Random) => readonly string[];
  /** Flows that belong together, as text without a cookie. */
  readonly flows: (random: Random, spot: Omit<Spot, 'kind' | 'table'>) => readonly string[];
  /** True when what a packet leaves behind is to be there before the next one. */
  readonly isLearning: boolean;
}

const NOTHING: Omit<Scene, 'name'> = {
  actions: [],
  instructions: [],
  meters: () => [],
  flows: () => [],
  isLearning: false,
};

const METERS = [1, 2, 3];

export const SCENES: readonly Scene[] = [
  { ...NOTHING, name: 'plain' },
  { ...NOTHING, name: 'learn', actions: [randomLearn], isLearning: true },
  {
    ...NOTHING,
    name: 'meters',
    instructions: [(random) => `meter:${random.pick(METERS)}`],
    meters: (random) => METERS.map((id) => randomMeter(random, id)),
  },
  { ...NOTHING, name: 'conjunction', flows: conjunctions },
  { ...NOTHING, name: 'normal', actions: [of(['NORMAL'])], isLearning: true },
];

/** Time stands still, so that what is in a bucket at first is all that there will be. */
function randomMeter(random: Random, id: number): string {
  const bands = Array.from({ length: 1 + random.below(2) }, () => {
    const size = random.pick([1, 3, 10, 1000]);
    return `type=drop,rate=${1 + random.below(5)},burst_size=${size}`;
  });
  return `meter=${id},${random.pick(['pktps', 'kbps'])},burst,stats,bands=${bands.join(',')}`;
}

/** What each clause of a conjunction may say of IPv4 packets. */
const DIMENSIONS: readonly Make[] = [
  (random) => `nw_src=${random.pick(POOLS.ipv4)}${random.pick(['', '/24', '/0.0.0.3'])}`,
  (random) => `nw_dst=${random.pick(POOLS.ipv4)}${random.pick(['', '/24', '/0.0.0.3'])}`,
  (random) => `in_port=${random.pick(POOLS.inPort)}`,
  (random) => `nw_proto=${random.pick([1, 6, 17])}`,
  (random) => `dl_dst=${random.pick(POOLS.mac)}`,
];

function conjunctions(random: Random, spot: Omit<Spot, 'kind' | 'table'>): readonly string[] {
  const flows: string[] = [];
  const kind = { text: 'ip', own: [], learnt: [] };
  for (let id = 1; id <= 3; id++) {
    const table = random.below(3);
    const priority = spot.fresh();
    const count = 2 + random.below(2);
    const first = random.below(DIMENSIONS.length);
    for (let clause = 0; clause < count; clause++) {
      const matches = Array.from({ length: 1 + random.below(3) }, () =>
        DIMENSIONS[(first + clause) % DIMENSIONS.length]!(random),
      );
      for (const match of new Set(matches))
        flows.push(
          `table=${table},priority=${priority},ip,${match},actions=conjunction(${id},${clause + 1}/${count})`,
        );
    }
    const actions = randomActions(random, { ...spot, kind, table });
    flows.push(`table=${table},priority=${spot.fresh()},conj_id=${id},ip,actions=${actions.join(',')}`);
  }
  return flows;
}
