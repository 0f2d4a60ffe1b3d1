import type { Random } from '../../../fuzz/random.ts';
import { bitsFor, type MakeAction } from './fields.ts';
import { numberText, portText, within } from './values.ts';

const HASHES = [
  'eth_src',
  'symmetric_l4',
  'symmetric_l3l4',
  'symmetric_l3l4+udp',
  'nw_src',
  'nw_dst',
  'symmetric_l3',
];
/** Where they write what they chose. */
const TARGET = { isWritten: true, isShort: true, limit: 64 };

/** Actions that spread packets over links, and those that steer what is done with the flow. */
export const spreadActions: Readonly<Record<string, MakeAction>> = {
  multipath(random, kind) {
    const algorithm = random.pick(['modulo_n', 'hash_threshold', 'hrw', 'iter_hash']);
    const head = `${random.pick(HASHES)},${within(random, 0, 0xffff)},${algorithm}`;
    const links = `${within(random, 1, 300)},${within(random, 0, 0xffffffff)}`;
    return `multipath(${head},${links},${bitsFor(random, kind, TARGET)[0]})`;
  },
  bundle: (random) => `bundle(${bundleHead(random)},ofport,${members(random)})`,
  bundle_load: (random, kind) =>
    `bundle_load(${bundleHead(random)},ofport,${bitsFor(random, kind, TARGET)[0]},${members(random)})`,
  set_queue: (random) => `set_queue:${numberText(random, 32)}`,
  pop_queue: () => 'pop_queue',
  exit: () => 'exit',
  fin_timeout: (random) =>
    `fin_timeout(idle_timeout=${within(random, 0, 99)},hard_timeout=${within(random, 0, 0xffff)})`,
  conjunction(random) {
    const clauses = 2 + random.below(random.oneIn(9) ? 64 : 63);
    return `conjunction(${numberText(random, 32)},${1 + random.below(clauses)}/${clauses})`;
  },
};

function bundleHead(random: Random): string {
  return `${random.pick(HASHES)},${within(random, 0, 0xffff)},${random.pick(['active_backup', 'hrw'])}`;
}

function members(random: Random): string {
  const ports = Array.from({ length: random.below(6) }, () => portText(random));
  const name = random.pick(['members', 'slaves']);
  return random.oneIn(3) ? `${name}:[${ports.join(',')}]` : `${name}:${ports.join(',')}`;
}
