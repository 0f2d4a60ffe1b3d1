import { codec } from './codec/bench.ts';
import { connect } from './connect/bench.ts';
import { connections } from './controller/connections.ts';
import { packetIn, packetInOne } from './controller/packet-in.ts';
import { datapath } from './datapath/bench.ts';
import { dump } from './dump.ts';
import { bundle, deletes, flowMod } from './flow-mod.ts';
import type { Bench } from './harness/bench.ts';
import { ovsdb } from './ovsdb/bench.ts';
import { reconcile, reconcileSame } from './reconcile.ts';
import { scale } from './scale/scale.ts';
import { sizes } from './sizes.ts';

// Benches import the library as the package that it is built into, by its name: what tsx makes of the sources names
// every function that is made, which more than doubles the time of some decoders.

/** Every bench, in the order of RESULTS.md. */
export const BENCHES: readonly Bench[] = [
  flowMod,
  bundle,
  deletes,
  dump,
  reconcile,
  reconcileSame,
  packetIn,
  packetInOne,
  connections,
  sizes,
  ovsdb,
  codec,
  scale,
  datapath,
  connect,
];
