import type { PacketInOrigin } from '../cache/recording.ts';
import type { FlowWords } from '../packet/layout.ts';
import type { Tunnel } from '../packet/tunnel.ts';

/** A packet that leaves through a port. */
export interface Departure {
  readonly port: number;
  readonly frame: Uint8Array;
  /** Undefined for the port's default queue. */
  readonly queue: number | undefined;
  /** What a tunnel port puts around the frame. */
  readonly tunnel: Tunnel | undefined;
}

/** A packet that goes to the controllers. */
export interface PacketInRequest extends PacketInOrigin {
  readonly frame: Uint8Array;
  readonly words: FlowWords;
}

/** What becomes of a packet. */
export interface Verdict {
  readonly departures: readonly Departure[];
  readonly packetIns: readonly PacketInRequest[];
  /** Why the packet went nowhere: it took more resubmits than the limits allow. */
  readonly isTooDeep: boolean;
}
