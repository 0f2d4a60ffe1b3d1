import type { Command } from 'commander';
import type { FlowModInit, FlowStatsRequestInit } from '../../ofp/index.ts';
import { parseFlow } from '../../ofp/text/index.ts';
import { tryLine } from './lines.ts';

/** Reads the argument that says which flows are meant. */
export function parseFilter(text: string, kind: 'delete' | 'deleteStrict', command: Command): FlowModInit {
  const flow = tryLine('match', { number: 1, text }, command, () => parseFlow(text, kind));
  if (flow.command === kind) return flow;
  return command.error(`error: expected a match, got a flow to ${flow.command}`);
}

/** Asks for the flows that a delete of {@link parseFilter} takes; of those, a strict one takes only that of its match. */
export function requestOf({
  tableId,
  cookie,
  cookieMask,
  outPort,
  outGroup,
  match,
}: FlowModInit): FlowStatsRequestInit {
  return { tableId, cookie, cookieMask, outPort, outGroup, match } as FlowStatsRequestInit;
}
