import { isIpv4 } from '../../util/ip.ts';

/** An address given for a while. */
export interface Lease {
  readonly address: string;
  /** Seconds since 1970. */
  readonly until: number;
}

/** A {@link Lease} that is to be recorded, with the prefix length of its subnet. */
export interface Grant extends Lease {
  readonly prefixLength: number;
}

/** `external_ids` keys of a lease. The address is by itself, so that a transaction can wait for nobody to have it. */
export const LeaseKey = { ADDRESS: 'galago-lease', UNTIL: 'galago-lease-until' } as const;

/** Reads what {@link leaseIds} gave; undefined for anything else, which is as good as no lease. */
export function readLease(externalIds: ReadonlyMap<string, string>): Lease | undefined {
  const address = externalIds.get(LeaseKey.ADDRESS) ?? '';
  const until = externalIds.get(LeaseKey.UNTIL) ?? '';
  return isIpv4(address) && /^\d+$/.test(until) ? { address, until: Number(until) } : undefined;
}

/** A lease as it is recorded. */
export function leaseIds({ address, until }: Lease): ReadonlyMap<string, string> {
  return new Map([
    [LeaseKey.ADDRESS, address],
    [LeaseKey.UNTIL, `${until}`],
  ]);
}
