import type { ControllerRole } from '../../ofp/messages/role.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import { toBigInt, type U64 } from '../../util/u64.ts';

/** One controller, as far as roles go. */
export interface RoleHolder {
  role: Exclude<ControllerRole, 'noChange'>;
}

/** No election yet: what the role reply says then. */
const NO_GENERATION = 0xffff_ffff_ffff_ffffn;

/** Which controller is the master (OpenFlow 1.3.5, 6.3.4). */
export class Roles {
  #generation: bigint | undefined;

  /** The id of the last election. */
  get generation(): bigint {
    return this.#generation ?? NO_GENERATION;
  }

  /**
   * Gives a controller the role that it asks for.
   * @param generationId undefined for a request of Open vSwitch's own kind, which has none
   * @returns who is no master any more
   * @throws Refusal for one that lost an election
   */
  request<T extends RoleHolder>(
    holder: T,
    all: Iterable<T>,
    role: RoleHolder['role'],
    generationId: U64 | undefined,
  ): readonly T[] {
    if (role !== 'equal' && generationId !== undefined) this.#elect(toBigInt(generationId));
    const demoted: T[] = [];
    for (const other of role === 'master' && holder.role !== 'master' ? all : []) {
      if (other.role !== 'master') continue;
      other.role = 'slave';
      demoted.push(other);
    }
    holder.role = role;
    return demoted;
  }

  /** Ids are compared as distances, since they wrap around. */
  #elect(generation: bigint): void {
    const isStale = this.#generation !== undefined && BigInt.asIntN(64, generation - this.#generation) < 0n;
    demand(!isStale, 'OFPRRFC_STALE', `generation ${generation} is older than ${this.#generation}`);
    this.#generation = generation;
  }
}
