import { encodeBuckets } from '../bucket.ts';
import type { GroupSpec, MeterSpec } from '../flow-spec.ts';
import { groupTypes } from '../messages/group-mod.ts';
import { MeterFlag } from '../messages/meter-mod.ts';
import { encodeMeterBands } from '../meter-band.ts';
import { toldActions } from '../told/told-actions.ts';
import { Writer } from '../wire/writer.ts';

/*
 * Fingerprints are the bytes of what is compared, as text: equal text means equal in the switch, whichever way the
 * value was written in TypeScript.
 */

const writer = new Writer(1024);

/** What a group does, whichever way its actions were said. */
export function groupBehaviour({ groupType, buckets }: GroupSpec): string {
  const told = buckets.map((bucket) => ({ ...bucket, actions: toldActions(bucket.actions) }));
  return `${groupTypes.code(groupType)} ${written(() => encodeBuckets(writer, told))}`;
}

/** What a meter does. Without OFPMF_BURST the size of a burst means nothing (OpenFlow 1.3.5, 7.3.4.4). */
export function meterBehaviour({ flags, bands }: MeterSpec): string {
  const meant = flags & MeterFlag.BURST ? bands : bands.map((band) => ({ ...band, burstSize: 0 }));
  return `${flags} ${written(() => encodeMeterBands(writer, meant))}`;
}

function written(write: () => void): string {
  writer.offset = 0;
  write();
  return writer.bytes.toString('latin1', 0, writer.offset);
}
