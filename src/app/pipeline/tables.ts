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
  /** What another host has that an endpoint here has. */
  CLAIM: 21,
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
/** Both. */
export const POD_AND_ORIGIN_MASK = FROM_TUNNEL + POD_MASK;

/** The meter that limits the copies of frames from unknown sources. */
export const LEARN_METER = 0x6a1;
/** The meter that limits the copies of claims to the addresses of endpoints here. */
export const CLAIM_METER = 0x6a2;
/** The meters of ports that look for a DHCP server: this and the port's number. */
export const FIRST_DHCP_METER = 0x1_0000;
/** Messages to the DHCP server that a port may send, a second. */
export const DHCP_RATE = 10;
/** Frames of unknown sources that a switch sends to the controller, a second. */
export const LEARN_RATE = 1000;
/** Claims to the addresses of endpoints here, likewise. */
export const CLAIM_RATE = 100;
