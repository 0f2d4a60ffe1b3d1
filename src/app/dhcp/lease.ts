import { isIpv4 } from '../../util/ip.ts';

/** An address given for a while. */
export interface Lease {
  readonly address: string;
  /** Seconds since 1970. */
  readonly until: number;
}

/** Reads what {@link formatLease} wrote; undefined for anything else, which is as good as no lease. */
export function parseLease(text: string | undefined): Lease | undefined {
  const [address = '', until = ''] = (text ?? '').split(' ');
  return isIpv4(address) && /^\d+$/.test(until) ? { address, until: Number(until) } : undefined;
}

/** A lease as it is recorded: `10.0.0.5 1763730000`. */
export function formatLease({ address, until }: Lease): string {
  return `${address} ${until}`;
}
