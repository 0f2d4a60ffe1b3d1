import { toBigInt } from '../../util/u64.ts';
import type { FlowSpec } from '../flow-spec.ts';
import { DEFAULT_PRIORITY, FlowModFlag, type FlowModInit, flowModCommands } from '../messages/flow-mod.ts';
import { NO_BUFFER } from '../messages/packet-in.ts';
import type { FlowStatsInit } from '../multipart/flow-stats.ts';
import { PortNo } from '../ports.ts';
import { formatInstructions } from './actions/format.ts';
import { formatMatch } from './match-format.ts';
import { formatPort } from './names.ts';
import { counter, duration } from './numbers.ts';

/**
 * Writes a flow as ovs-ofctl does: the statistics of one as `dump-flows` (`cookie=0x0, duration=5s, table=0, …`), a
 * flow as it should be as `dump-flows --no-stats`, a flow-mod as `ofp-print` (`ADD table:1 priority=5,… actions=…`)
 * (ovs-ofctl(8)).
 */
export function formatFlow(flow: FlowStatsInit | FlowSpec | FlowModInit): string {
  if ('command' in flow) return formatFlowMod(flow);
  return formatListed(flow);
}

const FLAG_WORDS: readonly [bit: number, word: string][] = [
  [FlowModFlag.SEND_FLOW_REM, 'send_flow_rem '],
  [FlowModFlag.CHECK_OVERLAP, 'check_overlap '],
  [FlowModFlag.RESET_COUNTS, 'reset_counts '],
  [FlowModFlag.NO_PKT_COUNTS, 'no_packet_counts '],
  [FlowModFlag.NO_BYT_COUNTS, 'no_byte_counts '],
];

/** Writes OFPFF_ bits, each with a blank behind it. */
export function formatFlags(flags: number): string {
  return FLAG_WORDS.map(([bit, word]) => ((flags & bit) === 0 ? '' : word)).join('');
}

function formatListed(flow: FlowStatsInit | FlowSpec): string {
  const stats = 'packetCount' in flow ? flow : undefined;
  const cookie = toBigInt(flow.cookie ?? 0);
  let text = stats || cookie !== 0n ? `cookie=0x${cookie.toString(16)}, ` : '';
  if (stats) text += `duration=${duration(stats.durationSec, stats.durationNsec)}, `;
  if (stats || flow.tableId !== 0) text += `table=${flow.tableId}, `;
  if (stats) text += `n_packets=${counter(stats.packetCount)}, n_bytes=${counter(stats.byteCount)}, `;
  if (flow.idleTimeout) text += `idle_timeout=${flow.idleTimeout}, `;
  if (flow.hardTimeout) text += `hard_timeout=${flow.hardTimeout}, `;
  text += formatFlags(flow.flags ?? 0);
  const match = formatMatch(flow.match ?? {}, flow.priority);
  return `${text}${match}${match === '' ? '' : ' '}actions=${formatInstructions(flow.instructions ?? [])}`;
}

const COMMAND_WORDS = ['ADD', 'MOD', 'MOD_STRICT', 'DEL', 'DEL_STRICT'];
const ADD = 0;

function formatFlowMod(flow: FlowModInit): string {
  const match = formatMatch(flow.match ?? {}, flow.priority ?? DEFAULT_PRIORITY);
  return `${formatModWords(flow, match)}${formatInstructions(flow.instructions ?? [])}`;
}

/** Writes a flow-mod up to its actions, around a match that is written already. */
export function formatModWords(flow: Omit<FlowModInit, 'match' | 'instructions'>, match: string): string {
  const command = flowModCommands.code(flow.command);
  const table = flow.tableId ?? 0;
  const words = [`${COMMAND_WORDS[command] ?? `cmd:${command}`}${table === 0 ? '' : ` table:${table}`}`];
  if (match !== '') words.push(match);
  words.push(...cookieWords(flow, command));
  if (flow.idleTimeout) words.push(`idle:${flow.idleTimeout}`);
  if (flow.hardTimeout) words.push(`hard:${flow.hardTimeout}`);
  const buffer = flow.bufferId ?? NO_BUFFER;
  if (buffer !== NO_BUFFER) words.push(`buf:0x${buffer.toString(16)}`);
  if ((flow.outPort ?? PortNo.ANY) !== PortNo.ANY) words.push(`out_port:${formatPort(flow.outPort!)}`);
  return `${words.join(' ')} ${formatFlags(flow.flags ?? 0)}actions=`;
}

/** A flow that is added has a cookie; other commands look for one. */
function cookieWords(flow: Pick<FlowModInit, 'cookie' | 'cookieMask'>, command: number): string[] {
  const cookie = toBigInt(flow.cookie ?? 0);
  const mask = toBigInt(flow.cookieMask ?? 0);
  if (command === ADD) {
    return cookie === 0n || cookie === 0xffff_ffff_ffff_ffffn ? [] : [`cookie:0x${cookie.toString(16)}`];
  }
  return mask === 0n ? [] : [`cookie:0x${cookie.toString(16)}/0x${mask.toString(16)}`];
}
