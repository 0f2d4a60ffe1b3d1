import { duplexPair } from 'node:stream';
import type { SoftSwitch } from '../../src/datapath/index.ts';
import { Peer } from '../ofp/session/peer.ts';

/** A controller of a switch that says only what the test has it say, after the handshake. */
export async function peerOf(of: SoftSwitch): Promise<Peer> {
  const [ours, theirs] = duplexPair();
  of.connect(theirs, { echoIntervalMs: 0 });
  const made = new Peer(ours);
  await made.greet();
  return made;
}
