import { bareMessage, type MessageBase, type MessageCodec } from './codec.ts';

/** OFPT_GET_CONFIG_REQUEST (OpenFlow 1.3.5, 7.3.2). */
export type GetConfigRequest = MessageBase<'getConfigRequest'>;

interface SwitchConfig {
  /** Bits of {@link ConfigFlag}: what happens to IP fragments. */
  readonly flags: number;
  /** Bytes of a packet that a packet-in carries at most; 0xffff for all of it. */
  readonly missSendLen: number;
}

/** OFPT_GET_CONFIG_REPLY (OpenFlow 1.3.5, 7.3.2). */
export interface GetConfigReply extends MessageBase<'getConfigReply'>, SwitchConfig {}

/** OFPT_SET_CONFIG (OpenFlow 1.3.5, 7.3.2). */
export interface SetConfig extends MessageBase<'setConfig'>, SwitchConfig {}

/** OFPC_FRAG_ values, and Open vSwitch's own NX_MATCH (OpenFlow 1.3.5, 7.3.2). */
export const ConfigFlag = { FRAG_NORMAL: 0, FRAG_DROP: 1, FRAG_REASM: 2, FRAG_NX_MATCH: 3 } as const;

/** The codec of {@link GetConfigRequest}. */
export const getConfigRequest: MessageCodec<GetConfigRequest> = bareMessage('getConfigRequest', 7);

/** The codec of {@link GetConfigReply}. */
export const getConfigReply: MessageCodec<GetConfigReply> = config('getConfigReply', 8);

/** The codec of {@link SetConfig}. */
export const setConfig: MessageCodec<SetConfig> = config('setConfig', 9);

function config<Type extends 'getConfigReply' | 'setConfig'>(
  type: Type,
  code: number,
): MessageCodec<MessageBase<Type> & SwitchConfig> {
  return {
    type,
    code,
    size: 12,
    decode: ({ view }, start, _end, xid) => ({
      type,
      xid,
      flags: view.getUint16(start + 8),
      missSendLen: view.getUint16(start + 10),
    }),
    encode(writer, { flags, missSendLen }) {
      writer.u16(flags);
      writer.u16(missSendLen);
    },
  };
}
