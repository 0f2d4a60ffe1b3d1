import { type Port, portStruct } from '../port.ts';
import { type Enumerated, enumeration } from '../wire/enumeration.ts';
import type { MessageBase, MessageCodec } from './codec.ts';

/** OFPPR_: what happened to a port (OpenFlow 1.3.5, 7.4.3). */
export type PortStatusReason = 'add' | 'delete' | 'modify';

/** The numbers of {@link PortStatusReason}. */
export const portStatusReasons = enumeration<PortStatusReason>('OFPPR', { add: 0, delete: 1, modify: 2 });

/** OFPT_PORT_STATUS (OpenFlow 1.3.5, 7.4.3): a port came, went or changed. */
export interface PortStatus extends MessageBase<'portStatus'> {
  readonly reason: Enumerated<PortStatusReason>;
  readonly port: Port;
}

/** The codec of {@link PortStatus}. */
export const portStatus: MessageCodec<PortStatus> = {
  type: 'portStatus',
  code: 12,
  size: 16 + portStruct.size,
  decode: (wire, start, end, xid) => ({
    type: 'portStatus',
    xid,
    reason: portStatusReasons.name(wire.bytes[start + 8]!),
    port: portStruct.decode(wire, start + 16, end),
  }),
  encode(writer, { reason, port }) {
    writer.u8(portStatusReasons.code(reason));
    writer.zeros(7);
    portStruct.encode(writer, port);
  },
};
