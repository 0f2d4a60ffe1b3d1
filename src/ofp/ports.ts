/** Reserved port numbers OFPP_ (OpenFlow 1.3.5, 7.2.1). */
export const PortNo = {
  /** The highest number of a physical or logical port. */
  MAX: 0xffffff00,
  /** Nothing output yet: only in the field `actsetOutput` (OpenFlow 1.5). */
  UNSET: 0xfffffff7,
  /** Back where the packet came from, which no other output does. */
  IN_PORT: 0xfffffff8,
  /** Through the flow tables: in packet-outs only. */
  TABLE: 0xfffffff9,
  /** Through the switch's own, non-OpenFlow forwarding. */
  NORMAL: 0xfffffffa,
  FLOOD: 0xfffffffb,
  ALL: 0xfffffffc,
  CONTROLLER: 0xfffffffd,
  /** The switch's own network stack. */
  LOCAL: 0xfffffffe,
  /** No port, or any: in requests and deletes. */
  ANY: 0xffffffff,
} as const;

/** Reserved group numbers OFPG_ (OpenFlow 1.3.5, 7.3.4.2). */
export const GroupNo = { MAX: 0xffffff00, ALL: 0xfffffffc, ANY: 0xffffffff } as const;

/** Reserved meter numbers OFPM_ (OpenFlow 1.3.5, 7.3.4.4). */
export const MeterNo = {
  MAX: 0xffff0000,
  SLOWPATH: 0xfffffffd,
  CONTROLLER: 0xfffffffe,
  ALL: 0xffffffff,
} as const;

/** OFPTT_ALL: every table, in requests and deletes (OpenFlow 1.3.5, 7.3.4.1). */
export const ALL_TABLES = 0xff;
