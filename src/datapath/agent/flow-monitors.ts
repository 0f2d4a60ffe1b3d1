import type { Instruction } from '../../ofp/instruction.ts';
import type { MessageInit } from '../../ofp/message.ts';
import {
  FlowMonitorFlag,
  type FlowMonitorRequest,
  type FlowUpdateInit,
} from '../../ofp/multipart/flow-monitor.ts';
import { ALL_TABLES, PortNo } from '../../ofp/ports.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import type { Flow } from '../tables/flow.ts';
import type { FlowEvent } from '../tables/flow-event.ts';
import { covers, type FlowMatch, flowMatch } from '../tables/flow-match.ts';
import { outputsTo } from '../tables/flow-targets.ts';
import type { Requester } from '../tables/journal.ts';
import { sameInstructions } from '../tables/same-instructions.ts';
import { partsOf } from './multipart-parts.ts';

/** What the monitors of one controller may take up. */
export interface MonitorLimits {
  readonly maxMonitors: number;
}

/** A connection, as far as monitors go. */
export interface MonitorSink {
  send(message: MessageInit): void;
  readonly connection: { readonly isBackedUp: boolean; drained(): Promise<void> };
}

interface Monitor {
  readonly flags: number;
  readonly outPort: number;
  readonly tableId: number;
  readonly match: FlowMatch;
}

/** Which flag asks for which event. */
const ASKED = {
  added: FlowMonitorFlag.ADD,
  modified: FlowMonitorFlag.MODIFY,
  deleted: FlowMonitorFlag.DELETE,
} as const;

/*
 * The monitors of one connection (ONF extension 187, as Open vSwitch 3.1 speaks it).
 *
 *            the controller has not read what was sent
 *   telling ───────────────────────────────────────────▶ paused
 *      ▲                                                    │
 *      └────────────────────────────────────────────────────┘
 *            it has: what changed meanwhile is told as it now is
 *
 * - While paused, only flows that go are told of, if the controller can know them.
 * - What was missed is bounded by the flows that there are.
 */
export class FlowMonitors {
  readonly #sink: MonitorSink;
  readonly #maxMonitors: number;
  readonly #monitors = new Map<number, Monitor>();
  #updates: FlowUpdateInit[] = [];
  #isAbbreviated = false;
  /** What the controller was not told of since it fell behind; undefined while it keeps up. */
  #missed: Map<Flow, 'added' | 'modified'> | undefined;

  constructor(sink: MonitorSink, { maxMonitors }: MonitorLimits) {
    this.#sink = sink;
    this.#maxMonitors = maxMonitors;
  }

  /**
   * Adds monitors, all of them or none.
   * @param flows those that there are already
   * @returns the updates that tell of them
   * @throws Refusal
   */
  add(requests: readonly FlowMonitorRequest[], flows: () => Iterable<Flow>): readonly FlowUpdateInit[] {
    const added: number[] = [];
    try {
      for (const request of requests) {
        const { monitorId, flags, outPort, tableId } = request;
        const isNew = !this.#monitors.has(monitorId);
        demand(isNew, 'OFPMOFC_MONITOR_EXISTS', `there is a monitor ${monitorId}`);
        const hasRoom = this.#monitors.size < this.#maxMonitors;
        demand(hasRoom, 'OFPBRC_EPERM', `a controller has ${this.#maxMonitors} monitors`);
        this.#monitors.set(monitorId, { flags, outPort, tableId, match: flowMatch(request.match) });
        added.push(monitorId);
      }
    } catch (error) {
      for (const id of added) this.#monitors.delete(id);
      throw error;
    }
    const monitors = added.map((id) => this.#monitors.get(id)!);
    const initial = monitors.filter(({ flags }) => (flags & FlowMonitorFlag.INITIAL) !== 0);
    if (initial.length === 0) return [];
    return [...flows()].flatMap((flow) => {
      const flags = flagsOf(initial, flow, FlowMonitorFlag.INITIAL);
      return flags === 0 ? [] : [updateOf('added', flow, flags)];
    });
  }

  /** Ends a monitor. @throws Refusal */
  cancel(monitorId: number): void {
    demand(this.#monitors.delete(monitorId), 'OFPMOFC_UNKNOWN_MONITOR', `there is no monitor ${monitorId}`);
  }

  /** Notes what happened to a flow, to be told at the next {@link flush}. */
  report(event: FlowEvent, requester: Requester | undefined): void {
    if (this.#monitors.size === 0) return;
    // A modify that changes nothing is nothing to tell of.
    if (event.type === 'modified' && event.old !== undefined && isSame(event.old, event.flow)) return;
    if (this.#missed !== undefined && !this.#reportLate(event, this.#missed)) return;
    const { flow, type } = event;
    const old = event.type === 'deleted' ? undefined : event.old;
    const flags = flagsOf(this.#monitors.values(), flow, ASKED[type], old?.instructions);
    if (flags === 0) return;
    const isOwn = requester !== undefined && requester.link === this.#sink;
    if (!isOwn || (flags & FlowMonitorFlag.OWN) !== 0 || this.#missed !== undefined) {
      this.#updates.push(
        event.type === 'deleted'
          ? { ...flowOf(flow, flags), type: 'deleted', reason: event.reason }
          : updateOf(type as 'added', flow, flags),
      );
    } else if (!this.#isAbbreviated) {
      this.#updates.push({ type: 'abbrev', xid: requester.xid });
      this.#isAbbreviated = true;
    }
  }

  /** Tells what was noted. */
  flush(): void {
    if (this.#updates.length === 0) return;
    const updates = this.#updates;
    this.#updates = [];
    this.#isAbbreviated = false;
    this.#send(updates, 0);
    if (this.#missed === undefined && this.#sink.connection.isBackedUp) this.#pause();
  }

  #send(updates: readonly FlowUpdateInit[], xid: number): void {
    for (const part of partsOf('onfFlowMonitor', xid, updates)) this.#sink.send(part);
  }

  #pause(): void {
    this.#missed = new Map();
    this.#sink.send({ type: 'onfFlowMonitorPaused' });
    void this.#sink.connection.drained().then(() => this.#resume());
  }

  #resume(): void {
    const missed = this.#missed ?? new Map<Flow, 'added' | 'modified'>();
    this.#missed = undefined;
    const updates: FlowUpdateInit[] = [];
    for (const [flow, type] of missed) {
      // A flow that is new is as good as changed to monitors that ask for changes only.
      const asked = type === 'added' ? FlowMonitorFlag.ADD | FlowMonitorFlag.MODIFY : FlowMonitorFlag.MODIFY;
      const flags = flagsOf(this.#monitors.values(), flow, asked);
      if (flags !== 0) updates.push(updateOf(type, flow, flags));
    }
    if (updates.length > 0) this.#send(updates, 0);
    this.#sink.send({ type: 'onfFlowMonitorResumed' });
  }

  /** @returns true for what is told at once all the same */
  #reportLate(event: FlowEvent, missed: Map<Flow, 'added' | 'modified'>): boolean {
    if (event.type === 'deleted') {
      const wasAdded = missed.get(event.flow) === 'added';
      missed.delete(event.flow);
      return !wasAdded;
    }
    const { flow, old, type } = event;
    const before = old === undefined ? undefined : missed.get(old);
    if (old !== undefined) missed.delete(old);
    missed.set(flow, before === 'added' ? 'added' : type);
    return false;
  }
}

/** The flags of all the monitors that ask for such an event of such a flow, together. */
function flagsOf(
  monitors: Iterable<Monitor>,
  flow: Flow,
  asked: number,
  oldInstructions: readonly Instruction[] = [],
): number {
  let flags = 0;
  for (const monitor of monitors) {
    if ((monitor.flags & asked) === 0) continue;
    if (monitor.tableId !== ALL_TABLES && monitor.tableId !== flow.tableId) continue;
    const isOutput =
      monitor.outPort === PortNo.ANY ||
      outputsTo(flow.instructions, monitor.outPort) ||
      outputsTo(oldInstructions, monitor.outPort);
    if (isOutput && covers(monitor.match, flow.match)) flags |= monitor.flags;
  }
  return flags;
}

function updateOf(type: 'added' | 'modified', flow: Flow, flags: number): FlowUpdateInit {
  return { ...flowOf(flow, flags), type };
}

function flowOf(flow: Flow, flags: number) {
  const { priority, idleTimeout, hardTimeout, tableId, cookie, matchFields, told } = flow;
  const isFull = (flags & FlowMonitorFlag.ACTIONS) !== 0;
  return {
    priority,
    idleTimeout,
    hardTimeout,
    tableId,
    cookie,
    match: matchFields,
    instructions: isFull ? told : [],
  };
}

function isSame(a: Flow, b: Flow): boolean {
  return a.cookie === b.cookie && sameInstructions(a.told, b.told);
}
