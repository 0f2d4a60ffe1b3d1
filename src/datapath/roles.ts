import type { ControllerRole, RoleRequest } from '../ofp/messages/role.ts';
import { demand } from '../ofp/text/check/refusal.ts';
import { toBigInt } from '../util/u64.ts';

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

  /** Gives a controller the role that it asks for. @throws Refusal for one that lost an election */
  request(holder: RoleHolder, all: Iterable<RoleHolder>, { role, generationId }: RoleRequest): void {
    if (role === 'noChange') return;
    demand(
      role === 'equal' || role === 'master' || role === 'slave',
      'OFPRRFC_BAD_ROLE',
      `no role has the number ${role}`,
    );
    if (role !== 'equal') this.#elect(toBigInt(generationId));
    if (role === 'master') for (const other of all) if (other.role === 'master') other.role = 'slave';
    holder.role = role;
  }

  /** Ids are compared as distances, since they wrap around. */
  #elect(generation: bigint): void {
    const isStale = this.#generation !== undefined && BigInt.asIntN(64, generation - this.#generation) < 0n;
    demand(!isStale, 'OFPRRFC_STALE', `generation ${generation} is older than ${this.#generation}`);
    this.#generation = generation;
  }
}
