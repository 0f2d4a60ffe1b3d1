import Long from 'long';
import { toLong, type U64 } from '../../util/u64.ts';
import type { ControllerRole, RoleReply } from '../messages/role.ts';
import type { Conversation } from './conversation.ts';
import type { RequestOptions } from './requests.ts';

/**
 * Asks for a role (OpenFlow 1.3.5, 6.3.5). Without a generation id, a master takes the one after the switch's last, and
 * a slave, who elects nobody, the last. Ids are compared around their end, as the specification has it, so that they
 * never run out.
 */
export async function requestRole(
  conversation: Conversation,
  role: ControllerRole,
  generationId: U64 | undefined,
  options: RequestOptions | undefined,
): Promise<RoleReply> {
  const ask = (as: ControllerRole, id: U64) =>
    conversation.request({ type: 'roleRequest', role: as, generationId: toLong(id) }, options);
  if (generationId !== undefined || role === 'noChange' || role === 'equal') {
    return ask(role, generationId ?? Long.UZERO);
  }
  const { generationId: last } = await ask('noChange', Long.UZERO);
  const next = last.add(Long.UONE);
  // All ones stand for no generation yet: the one after them is 0, which is the first (OpenFlow 1.3.5, 7.3.9).
  return ask(role, role === 'slave' && !next.isZero() ? last : next);
}
