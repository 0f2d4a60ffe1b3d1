import Long from 'long';
import { toLong, type U64 } from '../../util/u64.ts';
import type { ControllerRole, RoleReply } from '../messages/role.ts';
import type { Conversation } from './conversation.ts';
import type { RequestOptions } from './requests.ts';

/**
 * Asks for a role (OpenFlow 1.3.5, 6.3.4). Master and slave need a generation id that is not behind the switch's own;
 * without one, the switch is asked for its own, and the next is taken. Ids are compared around their end, as the
 * specification has it, so that they never run out.
 */
export async function requestRole(
  conversation: Conversation,
  role: ControllerRole,
  generationId: U64 | undefined,
  options: RequestOptions | undefined,
): Promise<RoleReply> {
  const ask = (id: Long) => conversation.request({ type: 'roleRequest', role, generationId: id }, options);
  if (generationId !== undefined) return ask(toLong(generationId));
  if (role === 'noChange' || role === 'equal') return ask(Long.UZERO);
  const now = { type: 'roleRequest', role: 'noChange', generationId: Long.UZERO } as const;
  const { generationId: last } = await conversation.request(now, options);
  return ask(last.equals(NO_GENERATION) ? Long.UZERO : last.add(Long.UONE));
}

/** What a switch says while no controller has named a generation (OpenFlow 1.3.5, 7.3.9). */
const NO_GENERATION = Long.MAX_UNSIGNED_VALUE;
