import { UsageError } from '../util/errors.ts';
import { isIpv4 } from '../util/ip.ts';
import type { HostDatabase } from './database.ts';
import { readSettings, SettingKey } from './settings.ts';

/**
 * Reads the tunnel addresses of hosts, without this host's own, so that the same list is right on all of them.
 * @throws UsageError `HOST_PEER_INVALID`
 */
export function parsePeers(texts: readonly string[], localIp: string | undefined): readonly string[] {
  for (const text of texts) {
    const first = Number.parseInt(text, 10);
    if (isIpv4(text) && first !== 0 && first !== 127 && first < 224) continue;
    const why = text.includes(':') ? ': tunnels over IPv6 are not made yet' : '';
    throw new UsageError(
      'HOST_PEER_INVALID',
      `expected a host's IPv4 address like 192.0.2.1, got '${text}'${why}`,
    );
  }
  return [...new Set(texts)].filter((text) => text !== localIp);
}

/** Writes the peers of this host. @returns false when they are so already. @throws OvsdbError */
export async function writePeers(db: HostDatabase, peers: readonly string[]): Promise<boolean> {
  const sorted = [...new Set(peers)].sort();
  if (sorted.join() === readSettings(db).peers.join()) return false;
  const text = sorted.length === 0 ? undefined : sorted.join(' ');
  await db.write('peers', (tx) => db.writeSettings(tx, new Map([[SettingKey.PEERS, text]])));
  return true;
}
