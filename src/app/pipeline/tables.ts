/** The flow tables of a bridge that carries pods, in the order that a frame passes them. */
export const Table = {
  /** Which pod: by port, or by tunnel source and key. */
  CLASSIFY: 0,
  /** Whether the sender may use its addresses. */
  GUARD: 10,
  /** Whether a neighbour message names the sender's own addresses. */
  GUARD_ND: 11,
  /** Whether the source is where it was learnt. */
  LEARN: 20,
  /** What the controller has to hear of. */
  HEAR: 21,
  /** What is answered on the spot. */
  SERVE: 30,
  /** The second half of a neighbour advertisement. */
  ND_REPLY: 31,
  /** Which traffic is allowed. */
  POLICY: 40,
  /** Between subnets. */
  ROUTE: 45,
  /** Where a known destination is. */
  FORWARD: 50,
  /** Everybody in the pod. */
  FLOOD: 60,
} as const;

/** The priorities within a table. */
export const Priority = {
  MISS: 0,
  LOW: 50,
  NORMAL: 100,
  ABOVE: 200,
  HIGH: 300,
  HIGHER: 400,
  TOP: 0xffff,
} as const;

/** The low 32 bits of `metadata`: the pod's key. */
export const POD_MASK = 0xffff_ffff;
/** Bit 32 of `metadata`: the frame came from a tunnel, and so must not go into one. */
export const FROM_TUNNEL = 0x1_0000_0000;
/** Bit 33 of `metadata`: the frame is to be heard by the controller, and by nobody else. */
export const HEARD_ONLY = 0x2_0000_0000;
/** The pod's key and the origin. */
export const POD_AND_ORIGIN_MASK = FROM_TUNNEL + POD_MASK;

/** How many frames reach the controller: so many a second, and so many at once after a pause. */
export interface Limit {
  readonly rate: number;
  readonly burstSize: number;
}

/**
 * The meters of ports: this and the port's number. What goes to the controller of a port is either what it asks of the
 * DHCP server, or copies of frames from sources that have to be learnt.
 */
export const FIRST_PORT_METER = 0x1_0000;
/** The meters of pods, for frames that come by a tunnel: this and the number of the pod's first port here. */
export const FIRST_POD_METER = 0x2_0000;
/** The last of both; kernels have up to 200000, by their memory. */
export const LAST_METER = FIRST_POD_METER + 0xffff;
/** Messages to the DHCP server that a port may send. */
export const DHCP_LIMIT: Limit = { rate: 10, burstSize: 10 };
/** Frames of unknown sources that the controller sees of a port, or of a pod by the tunnel. */
export const LEARN_LIMIT: Limit = { rate: 100, burstSize: 1000 };
