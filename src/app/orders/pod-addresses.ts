import { Tally } from '../../util/tally.ts';
import type { Addresses } from '../pipeline/intent.ts';

/** An endpoint's addresses in its pod. */
export interface AddressClaim {
  /** Tells the endpoint from all others. */
  readonly owner: string;
  /** The pod's key. */
  readonly key: number;
  readonly addresses: Addresses;
}

/**
 * Which endpoint has which address, as far as anybody uses it: within a pod, the first to come keeps it. Whoever comes
 * later with the same one is mistaken or up to no good, and must not receive what is for the first.
 */
export class PodAddresses {
  readonly #owners = new Map<string, string>();
  /** How many ask for each address as each owner, whether it is theirs or not. */
  readonly #asking = new Tally();

  /** Which address another endpoint of the pod has; undefined when there is none, and then all are the owner's. */
  claim({ owner, key, addresses }: AddressClaim): string | undefined {
    const all = [addresses.mac, ...addresses.ips];
    const taken = all.find((address) => (this.#owners.get(`${key} ${address}`) ?? owner) !== owner);
    if (taken === undefined) for (const address of all) this.#owners.set(`${key} ${address}`, owner);
    return taken;
  }

  /** Which endpoint of a pod has the address. */
  ownerOf(key: number, address: string): string | undefined {
    return this.#owners.get(`${key} ${address}`);
  }

  /** Counts who asks for addresses; an owner keeps each one until it does not ask for it any more. */
  ask({ owner, key, addresses }: AddressClaim, count: 1 | -1): void {
    for (const address of [addresses.mac, ...addresses.ips]) {
      const id = `${key} ${address}`;
      const isAskedFor = this.#asking.add(`${id} ${owner}`, count);
      if (!isAskedFor && this.#owners.get(id) === owner) this.#owners.delete(id);
    }
  }
}
