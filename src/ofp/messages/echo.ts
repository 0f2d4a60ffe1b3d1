import type { MessageBase, MessageCodec } from './codec.ts';

/** OFPT_ECHO_REQUEST (OpenFlow 1.3.5, 7.5.2): to be answered with the same data. */
export interface EchoRequest extends MessageBase<'echoRequest'> {
  readonly data: Uint8Array;
}

/** OFPT_ECHO_REPLY (OpenFlow 1.3.5, 7.5.3). */
export interface EchoReply extends MessageBase<'echoReply'> {
  readonly data: Uint8Array;
}

/** The codec of {@link EchoRequest}. */
export const echoRequest: MessageCodec<EchoRequest> = echo('echoRequest', 2);

/** The codec of {@link EchoReply}. */
export const echoReply: MessageCodec<EchoReply> = echo('echoReply', 3);

function echo<Type extends 'echoRequest' | 'echoReply'>(
  type: Type,
  code: number,
): MessageCodec<MessageBase<Type> & { readonly data: Uint8Array }> {
  return {
    type,
    code,
    size: 8,
    decode: ({ bytes }, start, end, xid) => ({ type, xid, data: bytes.subarray(start + 8, end) }),
    encode: (writer, { data }) => writer.raw(data),
  };
}
