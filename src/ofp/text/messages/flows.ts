import type { Instruction } from '../../instruction.ts';
import { flowModCommands } from '../../messages/flow-mod.ts';
import { PortNo } from '../../ports.ts';
import { formatInstructions } from '../actions/format.ts';
import { checkFlowConsistency, readInstructions } from '../check/instructions.ts';
import { type MatchOptions, readMatch } from '../check/match.ts';
import { PacketState } from '../check/packet-state.ts';
import { demand } from '../check/refusal.ts';
import { formatFlags, formatModWords } from '../flow-format.ts';
import type { FlowKey } from '../flow-key.ts';
import { formatKey } from '../match-format.ts';
import { flowRemovedReason, formatPort } from '../names.ts';
import { counter, duration } from '../numbers.ts';
import { type Form, fixed, open, type WireMessage } from './form.ts';
import { checkPort } from './ports.ts';

/** How messages about flows are written, by OFPT_ number. */
export const flowForms: Readonly<Record<number, Form>> = {
  11: open('OFPT_FLOW_REMOVED', 40, 8, printFlowRemoved),
  14: open('OFPT_FLOW_MOD', 40, 8, printFlowMod),
};

/** How multiparts about flows are written, by OFPMP_ number: request and reply. */
export const flowMultiparts: Readonly<Record<number, readonly [request: Form, reply: Form]>> = {
  1: [open('OFPST_FLOW request', 32, 8, printStatsRequest), open('OFPST_FLOW reply', 0, 1, printStats)],
  2: [
    open('OFPST_AGGREGATE request', 32, 8, printStatsRequest),
    fixed('OFPST_AGGREGATE reply', 24, printAggregate),
  ],
};

const ALL_TABLES = 0xff;
const DELETE = 3;
const DELETE_STRICT = 4;
const ALL_FLAGS = 0x1f;

function* printFlowMod({ wire, start, end }: WireMessage): Iterable<string> {
  const { key, instructions } = readFlowMod(wire, start, end);
  yield formatWire(wire, start, key, instructions);
}

/** What a flow-mod is about: packets, and what is done to them. */
export interface FlowModBody {
  readonly key: FlowKey;
  readonly instructions: readonly Instruction[];
}

/** Reads OFPT_FLOW_MOD as Open vSwitch does. @throws Refusal */
export function readFlowMod(
  wire: WireMessage['wire'],
  start: number,
  end: number,
  options: MatchOptions = {},
): FlowModBody {
  const { view } = wire;
  const { key, end: next } = readMatch(wire, start + 48, end, options);
  const command = view.getUint8(start + 25);
  const tableId = view.getUint8(start + 24);
  const isDelete = command === DELETE || command === DELETE_STRICT;
  demand(
    isDelete || tableId !== ALL_TABLES,
    'OFPFMFC_BAD_TABLE_ID',
    'only flows to delete can be in all tables',
  );
  checkPort(view.getUint32(start + 36));
  const instructions = readFlow(wire, key, command, view.getUint16(start + 44), tableId, next, end);
  return { key, instructions };
}

/** Reads what a flow-mod's flow does, and refuses what does not fit the rest. @throws Refusal */
export function readFlow(
  wire: WireMessage['wire'],
  key: FlowKey,
  command: number,
  flags: number,
  tableId: number,
  start: number,
  end: number,
): Instruction[] {
  checkTracked(key);
  demand(command <= DELETE_STRICT, 'OFPFMFC_BAD_COMMAND', `no command has the number ${command}`);
  const instructions = readInstructions(wire, start, end);
  demand((flags & ~ALL_FLAGS) === 0, 'OFPFMFC_BAD_FLAGS', 'unknown flags');
  checkFlowConsistency(instructions, new PacketState(key), tableId);
  return instructions;
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;

/** Refuses the addresses of a tracked connection in a match that is not of their family. */
function checkTracked(key: FlowKey): void {
  const type = key.number('dlType');
  const hasIpv4 = key.has('ctNwSrc') || key.has('ctNwDst');
  const hasIpv6 = key.has('ctIpv6Src') || key.has('ctIpv6Dst');
  demand(
    (!hasIpv4 || type === IPV4) && (!hasIpv6 || type === IPV6),
    'OFPBAC_MATCH_INCONSISTENT',
    'the addresses of a connection need packets of their family',
  );
}

function formatWire(
  wire: WireMessage['wire'],
  start: number,
  key: FlowKey,
  instructions: readonly Instruction[],
): string {
  const { view } = wire;
  const fields = {
    type: 'flowMod',
    command: flowModCommands.name(view.getUint8(start + 25)),
    tableId: view.getUint8(start + 24),
    cookie: view.getBigUint64(start + 8),
    cookieMask: view.getBigUint64(start + 16),
    idleTimeout: view.getUint16(start + 26),
    hardTimeout: view.getUint16(start + 28),
    bufferId: view.getUint32(start + 32),
    outPort: view.getUint32(start + 36),
    flags: view.getUint16(start + 44),
  } as const;
  const match = formatKey(key, view.getUint16(start + 30));
  return ` ${formatModWords(fields, match)}${formatInstructions(instructions)}`;
}

function* printFlowRemoved({ wire, start, end }: WireMessage): Iterable<string> {
  const { view } = wire;
  const { key } = readMatch(wire, start + 48, end);
  yield formatRemoved({
    match: formatKey(key, view.getUint16(start + 16)),
    reason: view.getUint8(start + 18),
    tableId: view.getUint8(start + 19),
    cookie: view.getBigUint64(start + 8),
    durationSec: view.getUint32(start + 20),
    durationNsec: view.getUint32(start + 24),
    idleTimeout: view.getUint16(start + 28),
    hardTimeout: view.getUint16(start + 30),
    packetCount: view.getBigUint64(start + 32),
    byteCount: view.getBigUint64(start + 40),
  });
}

/** A flow that is gone, its match written already. */
interface Removed {
  readonly match: string;
  readonly reason: number;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly durationSec: number;
  readonly durationNsec: number;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly packetCount: bigint;
  readonly byteCount: bigint;
}

/** Writes what is said of a flow that is gone. */
export function formatRemoved(flow: Removed): string {
  let text = ` ${flow.match} reason=${flowRemovedReason(flow.reason)}`;
  if (flow.tableId !== ALL_TABLES) text += ` table_id=${flow.tableId}`;
  if (flow.cookie !== 0n) text += ` cookie:0x${flow.cookie.toString(16)}`;
  text += ` duration${duration(flow.durationSec, flow.durationNsec)} idle${flow.idleTimeout}`;
  if (flow.hardTimeout !== 0) text += ` hard${flow.hardTimeout}`;
  return `${text} pkts${flow.packetCount} bytes${flow.byteCount}\n`;
}

function* printStatsRequest({ wire, body, end }: WireMessage): Iterable<string> {
  const { view } = wire;
  const outPort = view.getUint32(body + 4);
  checkPort(outPort);
  const { key } = readMatch(wire, body + 32, end);
  const table = view.getUint8(body);
  if (table !== ALL_TABLES) yield ` table=${table}`;
  if (outPort !== PortNo.ANY) yield ` out_port=${formatPort(outPort)}`;
  yield ` ${formatKey(key)}`;
}

const ENTRY_SIZE = 48;

function* printStats({ wire, body, end }: WireMessage): Iterable<string> {
  for (let at = body; at < end; ) {
    demand(end - at >= ENTRY_SIZE, 'OFPBRC_BAD_LEN', 'the statistics of a flow have 48 bytes');
    const length = wire.view.getUint16(at);
    demand(length >= ENTRY_SIZE, 'OFPBRC_BAD_LEN', 'the statistics of a flow have 48 bytes');
    const { key, end: next } = readMatch(wire, at + ENTRY_SIZE, end);
    const flags = wire.view.getUint16(at + 18);
    demand((flags & ~ALL_FLAGS) === 0, 'OFPFMFC_BAD_FLAGS', 'unknown flags');
    demand(at + length <= end, 'OFPBIC_BAD_LEN', 'the instructions of a flow go beyond the message');
    const instructions = readInstructions(wire, next, at + length);
    yield `\n ${formatEntry(wire, at, key)}actions=${formatInstructions(instructions)}`;
    at += length;
  }
}

function formatEntry({ view }: WireMessage['wire'], at: number, key: FlowKey): string {
  let text = `cookie=0x${view.getBigUint64(at + 24).toString(16)}, `;
  text += `duration=${duration(view.getUint32(at + 4), view.getUint32(at + 8))}, table=${view.getUint8(at + 2)}, `;
  text += `n_packets=${counter(view.getBigUint64(at + 32))}, n_bytes=${counter(view.getBigUint64(at + 40))}, `;
  const [idle, hard] = [view.getUint16(at + 14), view.getUint16(at + 16)];
  if (idle !== 0) text += `idle_timeout=${idle}, `;
  if (hard !== 0) text += `hard_timeout=${hard}, `;
  const match = formatKey(key, view.getUint16(at + 12));
  return `${text}${formatFlags(view.getUint16(at + 18))}${match}${match === '' ? '' : ' '}`;
}

function* printAggregate({ wire, body }: WireMessage): Iterable<string> {
  const { view } = wire;
  yield ` packet_count=${view.getBigUint64(body)}`;
  yield ` byte_count=${view.getBigUint64(body + 8)} flow_count=${view.getUint32(body + 16)}`;
}
