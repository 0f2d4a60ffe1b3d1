import { mac, pad, struct, u32 } from '../wire/struct.ts';
import type { MessageBase, MessageCodec } from './codec.ts';

interface PortModFields {
  readonly portNo: number;
  /** The port's own address, which guards against taking the wrong one. */
  readonly hwAddr: string;
  /** Bits OFPPC_ to set. */
  readonly config: number;
  /** Which bits of `config` count. */
  readonly mask: number;
  /** Bits OFPPF_ to advertise; 0 leaves them. */
  readonly advertise: number;
}

/** OFPT_PORT_MOD (OpenFlow 1.3.5, 7.3.4.3): changes a port's behaviour. */
export interface PortMod extends MessageBase<'portMod'>, PortModFields {}

const layout = struct<PortModFields>(
  'ofp_port_mod',
  u32('portNo'),
  pad(4),
  mac('hwAddr'),
  pad(2),
  u32('config'),
  u32('mask'),
  u32('advertise'),
  pad(4),
);

/** The codec of {@link PortMod}. */
export const portMod: MessageCodec<PortMod> = {
  type: 'portMod',
  code: 16,
  size: 8 + layout.size,
  decode: (wire, start, end, xid) => ({ type: 'portMod', xid, ...layout.decode(wire, start + 8, end) }),
  encode: (writer, message) => layout.encode(writer, message),
};
