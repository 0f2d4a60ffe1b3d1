import { addressNumber, addressText } from './address-number.ts';
import type { DhcpSubnet } from './subnet.ts';

/** How long an address is kept for the client that it was offered to, in milliseconds. */
const OFFER_MS = 60_000;
/** How long an address is left alone that somebody was found to use already. */
const DECLINED_MS = 600_000;
/** Addresses that one owner can have left alone: more would let it use the range up. */
const MAX_DECLINED = 2;
/** Addresses that are left alone because somebody has answered for them. */
const MAX_TAKEN = 1024;
/** Addresses looked at for a free one: a pool greater than that and full is not searched to its end each time. */
const MAX_TRIES = 65_536;

interface Reservation {
  /** Undefined when nobody may have it. */
  readonly owner: string | undefined;
  /** Who found somebody else using it. */
  readonly declinedBy?: string | undefined;
  readonly until: number;
  /** Until when it holds that nobody else has it; undefined when nobody was asked. */
  readonly probedUntil?: number | undefined;
}

/** Tells who in a pod has an address, of those that databases know. */
export type OwnerOf = (address: string) => string | undefined;

/**
 * The addresses of one pod that are promised, but not yet anybody's by its database, or that are left alone for a
 * while. What databases know outranks it.
 */
export class AddressPool {
  readonly #reserved = new Map<string, Reservation>();
  readonly #ownerOf: OwnerOf;
  readonly #now: () => number;
  /** The last address given, so that one that was given up rests as long as possible. */
  #last = -1;

  constructor(ownerOf: OwnerOf, now: () => number) {
    this.#ownerOf = ownerOf;
    this.#now = now;
  }

  /** An address for an owner: the one promised before, the one that it asks for, or another; undefined when all are taken. */
  offer(subnet: DhcpSubnet, owner: string, wanted?: string): string | undefined {
    this.#forgetOld();
    const promised = [...this.#reserved].find(([, reservation]) => reservation.owner === owner)?.[0];
    const chosen = [promised, wanted].find((address) => address && this.isFree(subnet, owner, address));
    const address = chosen ?? this.#nextFree(subnet, owner);
    if (promised !== undefined && promised !== address) this.#reserved.delete(promised);
    if (address !== undefined) this.promise(owner, address);
    return address;
  }

  /** Keeps an address for an owner until its database has it, or it has not been asked for again. */
  promise(owner: string, address: string): void {
    const before = this.#reserved.get(address);
    const probedUntil = before?.owner === owner ? before.probedUntil : undefined;
    this.#reserved.set(address, { owner, until: this.#now() + OFFER_MS, probedUntil });
  }

  /** Promises an address that everybody else was asked for, and nobody has. */
  noteProbed(owner: string, address: string): void {
    const until = this.#now() + OFFER_MS;
    this.#reserved.set(address, { owner, until, probedUntil: until });
  }

  /** True when an address is promised to the owner, and nobody else had it not long ago. */
  isProbed(owner: string, address: string): boolean {
    const { owner: promisedTo, probedUntil = 0 } = this.#reserved.get(address) ?? { owner: undefined };
    return promisedTo === owner && probedUntil > this.#now();
  }

  /** True when the owner could have the address. */
  isFree(subnet: DhcpSubnet, owner: string, address: string): boolean {
    const number = addressNumber(address);
    if (number < addressNumber(subnet.first) || number > addressNumber(subnet.last)) return false;
    if (address === subnet.server || address === subnet.router) return false;
    if ((this.#ownerOf(address) ?? owner) !== owner) return false;
    const reservation = this.#reserved.get(address);
    return reservation === undefined || reservation.owner === owner || reservation.until <= this.#now();
  }

  /** Leaves an address alone that its owner has found somebody to use of whom nothing is known. */
  decline(owner: string, address: string): void {
    this.#leaveAlone(address, owner, MAX_DECLINED);
  }

  /** Leaves an address alone that somebody of whom nothing is known has answered for. */
  leaveAlone(address: string): void {
    this.#leaveAlone(address, undefined, MAX_TAKEN);
  }

  /** Takes a promise back. */
  withdraw(owner: string): void {
    for (const [address, reservation] of this.#reserved)
      if (reservation.owner === owner) this.#reserved.delete(address);
  }

  #leaveAlone(address: string, by: string | undefined, most: number): void {
    const isSuch = ({ owner, declinedBy }: Reservation) => owner === undefined && declinedBy === by;
    const such = [...this.#reserved].filter(([, reservation]) => isSuch(reservation));
    for (const [oldest] of such.slice(0, Math.max(such.length - most + 1, 0))) this.#reserved.delete(oldest);
    this.#reserved.delete(address);
    this.#reserved.set(address, { owner: undefined, declinedBy: by, until: this.#now() + DECLINED_MS });
  }

  #nextFree(subnet: DhcpSubnet, owner: string): string | undefined {
    const first = addressNumber(subnet.first);
    const count = addressNumber(subnet.last) - first + 1;
    for (let step = 1; step <= Math.min(count, MAX_TRIES); step++) {
      const number = first + ((Math.max(this.#last - first, -1) + step) % count);
      const address = addressText(number);
      if (!this.isFree(subnet, owner, address)) continue;
      this.#last = number;
      return address;
    }
    return undefined;
  }

  #forgetOld(): void {
    const now = this.#now();
    for (const [address, { until }] of this.#reserved) if (until <= now) this.#reserved.delete(address);
  }
}
