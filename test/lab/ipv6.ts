import { existsSync } from 'node:fs';
import { type CommandContext, run } from './run.ts';

/** True for an IPv6 address, with or without prefix length. */
export function isIpv6(address: string): boolean {
  return address.includes(':');
}

/**
 * Settles IPv6 in a network namespace. Without it, nothing is sent that no test asked for. With it, addresses are
 * usable at once instead of after the second that duplicate address detection (RFC 4862, 5.4) takes.
 */
export async function setIpv6(
  context: CommandContext,
  enabled: boolean,
  interfaces: readonly string[],
): Promise<void> {
  const settings = '/proc/sys/net/ipv6/conf';
  if (!existsSync(settings)) return;
  const files = enabled
    ? ['default', ...interfaces].map((name) => `${settings}/${name}/accept_dad`)
    : [`${settings}/all/disable_ipv6`];
  await run('tee', files, { ...context, input: enabled ? '0' : '1' });
}
