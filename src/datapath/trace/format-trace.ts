import type { MatchInit } from '../../ofp/oxm/fields.ts';
import { PortNo } from '../../ofp/ports.ts';
import { formatActions, formatInstructions, formatMatch } from '../../ofp/text/index.ts';
import { formatKey } from '../../ofp/text/match-format.ts';
import { keyOfMatch } from '../../ofp/text/match-key.ts';
import { formatPort } from '../../ofp/text/names.ts';
import type { Departure } from '../traversal/verdict.ts';
import type { Rewrite, Trace, TracedFlow, TraceStep } from './trace.ts';

/**
 * Writes a trace in the manner of `ovs-appctl ofproto/trace`: a line for each table with the flow that takes the
 * packet, and under it a line for each thing that is done.
 */
export function formatTrace(trace: Trace): string {
  const { before, after, steps, isTooDeep } = trace;
  const lines = [`Flow: ${fieldsText(before)}`, ''];
  addLines(lines, nodesOf(steps), 0);
  if (isTooDeep) lines.push(' >>>> too many resubmits, the packet goes nowhere <<<<');
  const isSame = fieldsText(before) === fieldsText(after);
  lines.push('', `Final flow: ${isSame ? 'unchanged' : fieldsText(after)}`, `Outputs: ${outputsText(trace)}`);
  return `${lines.join('\n')}\n`;
}

/** All of a packet's fields: that it has no tag is said as well. */
function fieldsText(fields: MatchInit): string {
  const key = keyOfMatch(fields);
  if (key.value('vlanTci') === 0n) key.setExact('vlanTci', 0);
  return formatKey(key);
}

/** A line, and those under it. */
interface Node {
  readonly text: string;
  /** Tables lead on: the last one of a list is not indented, so that long ways stay readable. */
  readonly isTable: boolean;
  readonly nodes: Node[];
}

/** The lines of steps: what a table leads on to stands under it, the action set under the first one. */
function nodesOf(steps: readonly TraceStep[]): Node[] {
  const all: Node[] = [];
  let first: Node[] | undefined;
  let current = all;
  for (const step of steps) {
    const nodes = nodesOf(step.steps);
    if (step.type === 'table') {
      const text = `${String(step.tableId).padStart(2)}. ${flowText(step.flow)}`;
      if (nodes.length === 0) nodes.push(line('drop'));
      current.push({ text, isTable: true, nodes });
      first ??= nodes;
      current = nodes;
    } else if (step.type === 'actionSet') {
      (first ?? all).push({ text: '--. Executing action set:', isTable: true, nodes });
    } else if (step.type === 'bucket') current.push(line(`bucket ${step.index}`, nodes));
    else current.push(...deedNodes(step), ...nodes);
  }
  return all;
}

function line(text: string, nodes: Node[] = []): Node {
  return { text, isTable: false, nodes };
}

/** What an action that says the value itself has changed is not said again. */
const SPEAKING = new Set<string>(['setField', 'nxRegLoad', 'nxRegLoad2', 'nxSetTunnel', 'nxSetTunnel64']);

function deedNodes(step: TraceStep & { readonly type: 'action' | 'instruction' }): Node[] {
  if (step.type === 'instruction') return [line(formatInstructions([step.instruction]))];
  const rewrites = SPEAKING.has(step.action.type) ? [] : step.rewrites;
  return [
    line(formatActions([step.action])),
    ...rewrites.map((rewrite) => line(` -> ${rewriteText(rewrite)}`)),
  ];
}

function addLines(lines: string[], nodes: readonly Node[], level: number): void {
  for (const [index, { text, isTable, nodes: under }] of nodes.entries()) {
    const more = isTable && index === nodes.length - 1 ? 0 : 1;
    lines.push(`${'    '.repeat(level + more)}${text}`);
    addLines(lines, under, level + 2 * more);
  }
}

function rewriteText({ field, to }: Rewrite): string {
  if (to === undefined) return `${field} is gone`;
  return formatMatch({ [field]: to } as MatchInit).replace('=', ' is now ');
}

function flowText(flow: TracedFlow | undefined): string {
  if (flow === undefined) return 'No match.';
  const match = formatMatch(flow.match);
  const cookie = flow.cookie === 0n ? '' : `, cookie 0x${flow.cookie.toString(16)}`;
  return `${match === '' ? '' : `${match}, `}priority ${flow.priority}${cookie}`;
}

function outputsText({ departures, packetIns }: Trace): string {
  const words = departures.map(departureText);
  for (const { controllerId } of packetIns)
    words.push(`controller${controllerId === 0 ? '' : `(id=${controllerId})`}`);
  return words.length === 0 ? 'drop' : words.join(', ');
}

function departureText({ port, queue, tunnel }: Departure): string {
  const name = port === PortNo.LOCAL ? formatPort(port) : `port ${port}`;
  const inQueue = queue === undefined ? '' : ` queue ${queue}`;
  if (tunnel === undefined) return `${name}${inQueue}`;
  return `${name}${inQueue} (key 0x${tunnel.key.toString(16)} from ${tunnel.src} to ${tunnel.dst})`;
}
