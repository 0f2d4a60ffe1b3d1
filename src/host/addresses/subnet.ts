import type { BridgeRow, HostDatabase } from '../database.ts';

const PREFIX = 'galago-dhcp-';

/** The `external_ids` key of a bridge for the subnet of a pod. */
export function subnetKey(pod: string): string {
  return PREFIX + pod;
}

/** The subnets that a bridge has for pods, as they are written there, by the pods' names. */
export function readSubnets({ external_ids }: BridgeRow): ReadonlyMap<string, string> {
  const found = [...external_ids].filter(([key]) => key.startsWith(PREFIX));
  return new Map(found.map(([key, text]) => [key.slice(PREFIX.length), text]));
}

/** Writes the subnet of a pod, or that it has none. @throws OvsdbError */
export async function writeSubnet(
  db: HostDatabase,
  { _uuid }: BridgeRow,
  pod: string,
  text: string | undefined,
): Promise<void> {
  const key = subnetKey(pod);
  await db.write(`subnet of pod ${pod}`, (tx) => {
    tx.mutate('Bridge', _uuid, 'external_ids', 'delete', [key]);
    if (text !== undefined) tx.mutate('Bridge', _uuid, 'external_ids', 'insert', new Map([[key, text]]));
  });
}
