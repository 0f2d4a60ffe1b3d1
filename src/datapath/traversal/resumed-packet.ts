import { bytesToBits } from '../../ofp/oxm/field-bits.ts';
import { type FlowKey, PLACES, type Place } from '../../ofp/text/flow-key.ts';
import { isBesideFrame, runOf, wordRun } from '../packet/layout.ts';
import { Packet } from '../packet/packet.ts';

/** The places that travel with a packet, which a controller may have changed meanwhile. */
const TRAVELLING = (Object.keys(PLACES) as Place[]).filter(
  (place) => isBesideFrame(place) && place !== 'packetType' && place !== 'actsetOutput',
);

/**
 * A packet that has paused, as a controller hands it back.
 * @param key the fields that travel with it
 * @param isTracked whether something was known of its connection
 */
export function resumedPacket(data: Uint8Array, key: FlowKey, isTracked: boolean): Packet {
  const packet = Packet.receive(data, key.number('inPort'));
  for (const place of TRAVELLING) {
    if (place.startsWith('ct') && !isTracked) continue;
    const value = key.value(place);
    if (value !== 0n) packet.write(wordRun(place, 0, PLACES[place]), value);
  }
  for (const [index, { value }] of key.tunnelOptions)
    packet.write(runOf(`tunMetadata${index}`), bytesToBits(value));
  return packet;
}
