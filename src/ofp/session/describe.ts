import type { MessageInit } from '../message.ts';
import { DEFAULT_PRIORITY } from '../messages/flow-mod.ts';

/** A message in the words of an error: what it is, and of a flow which one. */
export function describe(message: MessageInit | undefined): string {
  switch (message?.type) {
    case undefined:
      return 'an earlier message';
    case 'multipartRequest':
      return `multipart request ${message.multipartType}`;
    case 'flowMod': {
      const { command, tableId = 0, priority = DEFAULT_PRIORITY } = message;
      return `flowMod ${command} (table ${tableId}, priority ${priority})`;
    }
    case 'groupMod':
      return `groupMod ${message.command} (group ${message.groupId})`;
    case 'meterMod':
      return `meterMod ${message.command} (meter ${message.meterId})`;
    default:
      return message!.type;
  }
}
