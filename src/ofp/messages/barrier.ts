import { bareMessage, type MessageBase, type MessageCodec } from './codec.ts';

/** OFPT_BARRIER_REQUEST (OpenFlow 1.3.5, 7.3.8): answered when everything sent before it is done. */
export type BarrierRequest = MessageBase<'barrierRequest'>;

/** OFPT_BARRIER_REPLY (OpenFlow 1.3.5, 7.3.8). */
export type BarrierReply = MessageBase<'barrierReply'>;

/** The codec of {@link BarrierRequest}. */
export const barrierRequest: MessageCodec<BarrierRequest> = bareMessage('barrierRequest', 20);

/** The codec of {@link BarrierReply}. */
export const barrierReply: MessageCodec<BarrierReply> = bareMessage('barrierReply', 21);
