import type { GalagoError } from '../../util/errors.ts';
import { readSubnets } from '../addresses/subnet.ts';
import type { HostDatabase } from '../database.ts';
import { EndpointKey } from './endpoint.ts';

/** Why a container was refused what it asks for, and how things were then. */
interface Refusal {
  readonly reason: string;
  readonly situation: string;
}

/** Containers that were refused what they ask for, to be tried again when what stood in the way may have gone. */
export class Refusals {
  readonly #db: HostDatabase;
  readonly #refused = new Map<string, Refusal>();

  constructor(db: HostDatabase) {
    this.#db = db;
  }

  /** How things are that a refusal may follow from: whoever is refused may notice when they are otherwise. */
  get situation(): string {
    const endpoints = this.#db
      .endpoints()
      .map(({ bridge, externalIds: ids }) => [bridge, ...CLAIMS.map((key) => ids.get(key))]);
    const bridges = this.#db.bridges.map((row) => [row.name, ...readSubnets(row)]);
    return JSON.stringify([bridges.sort(), endpoints.sort()]);
  }

  /**
   * Notes that a container was refused.
   * @param situation before it was tried
   * @returns false when it was refused for the same reason before
   */
  add(id: string, { code, message }: GalagoError, situation: string): boolean {
    const reason = `${code} ${message}`;
    const isNew = this.#refused.get(id)?.reason !== reason;
    if (PASSING.has(code)) this.#refused.set(id, { reason, situation });
    else this.#refused.delete(id);
    return isNew;
  }

  /** Forgets a container: it has what it asks for, or does not ask any more. */
  delete(id: string): void {
    this.#refused.delete(id);
  }

  /** The containers that were refused when things were otherwise. */
  outdated(): readonly string[] {
    if (this.#refused.size === 0) return [];
    const now = this.situation;
    return [...this.#refused].flatMap(([id, { situation }]) => (situation === now ? [] : id));
  }
}

/** What endpoints have that others cannot have beside them. */
const CLAIMS = [EndpointKey.POD, EndpointKey.KEY, EndpointKey.MAC, EndpointKey.IP, EndpointKey.LEASE];

/** Refusals that are due to other endpoints, or to how the host is set up. */
const PASSING: ReadonlySet<unknown> = new Set([
  ...['HOST_ADDRESS_TAKEN', 'HOST_MAC_TAKEN', 'HOST_SUBNET_FULL', 'HOST_SUBNET_UNKNOWN', 'HOST_POD_CONFLICT'],
  ...[
    'HOST_NOT_INITIALIZED',
    'HOST_BRIDGE_UNKNOWN',
    'HOST_GATEWAY_INVALID',
    'POD_INVALID',
    'POD_DHCP_INVALID',
  ],
]);
