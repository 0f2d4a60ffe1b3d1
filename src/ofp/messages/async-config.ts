import { struct, u32 } from '../wire/struct.ts';
import { bareMessage, type MessageBase, type MessageCodec } from './codec.ts';

/**
 * Which asynchronous messages a controller wants: one bit a reason, for the roles master and equal, and for slave
 * (OpenFlow 1.3.5, 7.3.10).
 */
export interface AsyncConfig {
  readonly packetInMaster: number;
  readonly packetInSlave: number;
  readonly portStatusMaster: number;
  readonly portStatusSlave: number;
  readonly flowRemovedMaster: number;
  readonly flowRemovedSlave: number;
}

/** OFPT_GET_ASYNC_REQUEST (OpenFlow 1.3.5, 7.3.10). */
export type GetAsyncRequest = MessageBase<'getAsyncRequest'>;

/** OFPT_GET_ASYNC_REPLY (OpenFlow 1.3.5, 7.3.10). */
export interface GetAsyncReply extends MessageBase<'getAsyncReply'>, AsyncConfig {}

/** OFPT_SET_ASYNC (OpenFlow 1.3.5, 7.3.10). */
export interface SetAsync extends MessageBase<'setAsync'>, AsyncConfig {}

/** The layout of {@link AsyncConfig}. */
export const asyncConfigStruct = struct<AsyncConfig>(
  'ofp_async_config',
  u32('packetInMaster'),
  u32('packetInSlave'),
  u32('portStatusMaster'),
  u32('portStatusSlave'),
  u32('flowRemovedMaster'),
  u32('flowRemovedSlave'),
);

/** The codec of {@link GetAsyncRequest}. */
export const getAsyncRequest: MessageCodec<GetAsyncRequest> = bareMessage('getAsyncRequest', 26);

/** The codec of {@link GetAsyncReply}. */
export const getAsyncReply: MessageCodec<GetAsyncReply> = asyncConfig('getAsyncReply', 27);

/** The codec of {@link SetAsync}. */
export const setAsync: MessageCodec<SetAsync> = asyncConfig('setAsync', 28);

function asyncConfig<Type extends 'getAsyncReply' | 'setAsync'>(
  type: Type,
  code: number,
): MessageCodec<MessageBase<Type> & AsyncConfig> {
  return {
    type,
    code,
    size: 8 + asyncConfigStruct.size,
    decode: (wire, start, end, xid) => ({ type, xid, ...asyncConfigStruct.decode(wire, start + 8, end) }),
    encode: (writer, message) => asyncConfigStruct.encode(writer, message),
  };
}
