import { WireError } from '../../util/errors.ts';
import { need, readLength, type WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';
import type { MessageBase, MessageCodec } from './codec.ts';

/** OFPT_QUEUE_GET_CONFIG_REQUEST (OpenFlow 1.3.5, 7.3.6). */
export interface QueueGetConfigRequest extends MessageBase<'queueGetConfigRequest'> {
  /** A port, or OFPP_ANY for all. */
  readonly port: number;
}

/** OFPT_QUEUE_GET_CONFIG_REPLY (OpenFlow 1.3.5, 7.3.6). */
export interface QueueGetConfigReply extends MessageBase<'queueGetConfigReply'> {
  readonly port: number;
  readonly queues: readonly PacketQueue[];
}

/** One queue of a port: ofp_packet_queue (OpenFlow 1.3.5, 7.2.2). */
export interface PacketQueue {
  readonly queueId: number;
  readonly port: number;
  readonly properties: readonly QueueProperty[];
}

/** OFPQT_: rates are in tenths of a percent of the port's; above 1000 they are off (OpenFlow 1.3.5, 7.2.2). */
export type QueueProperty =
  | { readonly type: 'minRate' | 'maxRate'; readonly rate: number }
  | {
      readonly type: 'unknown';
      readonly code: number /** All behind type, length and padding. */;
      readonly raw: Uint8Array;
    };

const MIN_RATE = 1;
const MAX_RATE = 2;
const QUEUE_HEADER_SIZE = 16;
const PROPERTY_HEADER_SIZE = 8;
const RATE_SIZE = 16;

/** The codec of {@link QueueGetConfigRequest}. */
export const queueGetConfigRequest: MessageCodec<QueueGetConfigRequest> = {
  type: 'queueGetConfigRequest',
  code: 22,
  size: 16,
  decode: ({ view }, start, _end, xid) => ({
    type: 'queueGetConfigRequest',
    xid,
    port: view.getUint32(start + 8),
  }),
  encode(writer, { port }) {
    writer.u32(port);
    writer.zeros(4);
  },
};

/** The codec of {@link QueueGetConfigReply}. */
export const queueGetConfigReply: MessageCodec<QueueGetConfigReply> = {
  type: 'queueGetConfigReply',
  code: 23,
  size: 16,
  decode(wire, start, end, xid) {
    const queues: PacketQueue[] = [];
    for (let at = start + 16; at < end; ) {
      need('a queue', QUEUE_HEADER_SIZE, at, end);
      const length = readLength(wire, 'queue', at + 8, QUEUE_HEADER_SIZE, at, end);
      queues.push({
        queueId: wire.view.getUint32(at),
        port: wire.view.getUint32(at + 4),
        properties: decodeQueueProperties(wire, at + QUEUE_HEADER_SIZE, at + length),
      });
      at += length;
    }
    return { type: 'queueGetConfigReply', xid, port: wire.view.getUint32(start + 8), queues };
  },
  encode(writer, { port, queues }) {
    writer.u32(port);
    writer.zeros(4);
    for (const queue of queues) {
      const start = writer.offset;
      writer.u32(queue.queueId);
      writer.u32(queue.port);
      writer.zeros(8);
      for (const property of queue.properties) encodeQueueProperty(writer, property);
      writer.patchLength(start, 8);
    }
  },
};

function decodeQueueProperties(wire: WireView, start: number, end: number): QueueProperty[] {
  const properties: QueueProperty[] = [];
  for (let at = start; at < end; ) {
    need('a queue property', PROPERTY_HEADER_SIZE, at, end);
    const length = readLength(wire, 'queue property', at + 2, PROPERTY_HEADER_SIZE, at, end);
    properties.push(decodeQueueProperty(wire, at, length));
    at += length;
  }
  return properties;
}

function decodeQueueProperty({ view, bytes }: WireView, start: number, length: number): QueueProperty {
  const code = view.getUint16(start);
  if (code !== MIN_RATE && code !== MAX_RATE) {
    return { type: 'unknown', code, raw: bytes.subarray(start + PROPERTY_HEADER_SIZE, start + length) };
  }
  if (length !== RATE_SIZE)
    throw new WireError('OFP_BAD_LENGTH', `queue rate has length ${length}, expected ${RATE_SIZE}`);
  return {
    type: code === MIN_RATE ? 'minRate' : 'maxRate',
    rate: view.getUint16(start + PROPERTY_HEADER_SIZE),
  };
}

function encodeQueueProperty(writer: Writer, property: QueueProperty): void {
  const start = writer.offset;
  writer.u16(property.type === 'unknown' ? property.code : property.type === 'minRate' ? MIN_RATE : MAX_RATE);
  writer.zeros(6);
  if (property.type === 'unknown') writer.raw(property.raw);
  else {
    writer.u16(property.rate);
    writer.zeros(6);
  }
  writer.patchLength(start);
}
