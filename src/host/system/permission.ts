import { readFileSync } from 'node:fs';
import { UsageError } from '../../util/errors.ts';

/**
 * Sees to it that this process may change links and addresses: who may only write the database would get halfway.
 * @throws UsageError `HOST_NOT_PERMITTED`
 */
export function requirePermission(): void {
  const effective = /^CapEff:\t([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  if (effective === undefined || (BigInt(`0x${effective}`) & CAP_NET_ADMIN) !== 0n) return;
  const message =
    'this changes links, addresses and the firewall of the host, which takes root, or CAP_NET_ADMIN';
  throw new UsageError('HOST_NOT_PERMITTED', message);
}

/** capabilities(7), as a bit of a set (proc(5)). */
const CAP_NET_ADMIN = 1n << 12n;
