import { mac, pad, struct, text, u32 } from './wire/struct.ts';

/** One port of a switch: ofp_port (OpenFlow 1.3.5, 7.2.1). */
export interface Port {
  readonly portNo: number;
  readonly hwAddr: string;
  /** The interface's name, of at most 15 bytes. */
  readonly name: string;
  /** Bits of {@link PortConfig}: what was ordered. */
  readonly config: number;
  /** Bits of {@link PortState}: what is. */
  readonly state: number;
  /** Bits OFPPF_ of present, advertised, supported and the peer's features. */
  readonly curr: number;
  readonly advertised: number;
  readonly supported: number;
  readonly peer: number;
  /** Kilobits a second. */
  readonly currSpeed: number;
  readonly maxSpeed: number;
}

/** OFPPC_ bits (OpenFlow 1.3.5, 7.2.1). */
export const PortConfig = {
  PORT_DOWN: 1 << 0,
  NO_RECV: 1 << 2,
  NO_FWD: 1 << 5,
  NO_PACKET_IN: 1 << 6,
} as const;

/** OFPPS_ bits (OpenFlow 1.3.5, 7.2.1). */
export const PortState = { LINK_DOWN: 1 << 0, BLOCKED: 1 << 1, LIVE: 1 << 2 } as const;

/** True when packets can leave through the port: neither ordered down nor without a link (OpenFlow 1.3.5, 7.2.1). */
export function isPortUp({ config, state }: Port): boolean {
  return (config & PortConfig.PORT_DOWN) === 0 && (state & PortState.LINK_DOWN) === 0;
}

/** The layout of {@link Port}. */
export const portStruct = struct<Port>(
  'ofp_port',
  u32('portNo'),
  pad(4),
  mac('hwAddr'),
  pad(2),
  text('name', 16),
  u32('config'),
  u32('state'),
  u32('curr'),
  u32('advertised'),
  u32('supported'),
  u32('peer'),
  u32('currSpeed'),
  u32('maxSpeed'),
);
