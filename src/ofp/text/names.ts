import { GroupNo, PortNo } from '../ports.ts';
import type { Span } from './span.ts';

const RESERVED_PORTS: Readonly<Record<string, number>> = {
  IN_PORT: PortNo.IN_PORT,
  TABLE: PortNo.TABLE,
  NORMAL: PortNo.NORMAL,
  FLOOD: PortNo.FLOOD,
  ALL: PortNo.ALL,
  CONTROLLER: PortNo.CONTROLLER,
  LOCAL: PortNo.LOCAL,
  ANY: PortNo.ANY,
  UNSET: PortNo.UNSET,
};
const portNames = new Map(Object.entries(RESERVED_PORTS).map(([name, port]) => [port, name]));

/** OpenFlow 1.0 ports have 16 bits: their reserved numbers are those of 1.3 without this. */
const PORT_OFFSET = 0xffff0000;
/** The first reserved port of OpenFlow 1.0. */
const MAX_PORT_1_0 = 0xff00;

/** The 32-bit number of a port that Open vSwitch's extensions carry in 16 bits. */
export function portFrom16(port: number): number {
  return port < MAX_PORT_1_0 ? port : port + PORT_OFFSET;
}

/** The 16-bit form of a port; undefined for the numbers between that have none. */
export function portTo16(port: number): number | undefined {
  if (port < MAX_PORT_1_0) return port;
  return port >= PortNo.MAX ? port - PORT_OFFSET : undefined;
}

/** True for port numbers that Open vSwitch can keep: it has 16 bits for them. */
export function isSupportedPort(port: number): boolean {
  return portTo16(port) !== undefined;
}

/** True for `LOCAL`, `CONTROLLER` and the like, and the unnamed numbers beside them. */
export function isReservedPort(port: number): boolean {
  return port >= PortNo.MAX;
}

/** A port: its reserved name, or its number (in 16 bits, as Open vSwitch counts). */
export function formatPort(port: number): string {
  return portNames.get(port) ?? String(portTo16(port) ?? port);
}

/** The number of a port written as a number or as a reserved name in either case; undefined when it is neither. */
export function findPort(text: string): number | undefined {
  const name = text.toUpperCase();
  if (name === 'NONE') return PortNo.ANY;
  if (Object.hasOwn(RESERVED_PORTS, name)) return RESERVED_PORTS[name];
  if (!/^\d+$/.test(text)) return undefined;
  const port = Number(text);
  if (port <= 0xffff) return portFrom16(port);
  return port >= PortNo.MAX && port <= PortNo.ANY ? port : undefined;
}

/** Reads a port. @throws TextError */
export function parsePort(span: Span, what = 'the port'): number {
  const port = findPort(span.text);
  if (port !== undefined) return port;
  throw span.error(`${what} is a number or one of ${[...portNames.values()].join(', ')}, got '${span.text}'`);
}

/** Reads a table, 0 to 255. @throws TextError */
export function parseTable(span: Span): number {
  if (/^\d{1,3}$/.test(span.text) && Number(span.text) <= 0xff) return Number(span.text);
  throw span.error(`a table is a number from 0 to 255, got '${span.text}'`);
}

/** A group: `ALL`, `ANY` or its number. */
export function formatGroupId(group: number): string {
  if (group === GroupNo.ALL) return 'ALL';
  return group === GroupNo.ANY ? 'ANY' : String(group);
}

/** Reads a group written as {@link formatGroupId} writes it. @throws TextError */
export function parseGroupId(span: Span): number {
  const word = span.text.toLowerCase();
  if (word === 'all') return GroupNo.ALL;
  if (word === 'any') return GroupNo.ANY;
  if (/^\d{1,10}$/.test(word) && Number(word) <= GroupNo.ANY) return Number(word);
  throw span.error(`a group is a decimal number, ANY or ALL, got '${span.text}'`);
}

/** Why a packet came to the controller (OFPR_), as ovs-ofctl names it; 6 and 7 are Open vSwitch's own. */
const PACKET_IN_REASONS = ['no_match', 'action', 'invalid_ttl', 'action_set', 'group', 'packet_out', '', ''];

/** The name of an OFPR_ reason, or its number. */
export function packetInReason(reason: number): string {
  return PACKET_IN_REASONS[reason] ?? String(reason);
}

/** Reads the name of an OFPR_ reason. @throws TextError */
export function parsePacketInReason(span: Span): number {
  const reason = PACKET_IN_REASONS.indexOf(span.text.toLowerCase());
  if (reason >= 0) return reason;
  const names = PACKET_IN_REASONS.filter((name) => name !== '');
  throw span.error(`a reason is one of ${names.join(', ')}, got '${span.text}'`);
}

/** Why a flow went (OFPRR_); numbers without a name stay numbers. */
const FLOW_REMOVED_REASONS = ['idle', 'hard', 'delete', 'group_delete', 'meter_delete', 'eviction'];

/** The name of an OFPRR_ reason, or its number. */
export function flowRemovedReason(reason: number): string {
  return FLOW_REMOVED_REASONS[reason] ?? String(reason);
}
