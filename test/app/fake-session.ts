import { EventEmitter } from 'node:events';
import type {
  FlowRemoved,
  FlowSpec,
  FlowStats,
  Match,
  MessageInit,
  PacketIn,
  Port,
  Switch,
  TableState,
} from '../../src/ofp/index.ts';
import { plan } from '../../src/ofp/session/plan.ts';
import { ClosedError, type GalagoError } from '../../src/util/errors.ts';

/** A session with a switch that is a list of flows: what an application does to it can be looked at. */
export class FakeSession extends EventEmitter {
  readonly id = '0000000000000001';
  readonly ports = new Map<number, Port>();
  /** What `send` was given. */
  readonly sent: MessageInit[] = [];
  /** How many flows, groups and meters each change touched. */
  readonly changes: number[] = [];
  flows: readonly FlowSpec[] = [];
  isClosed = false;
  /** Thrown by the changes to come, one each. */
  readonly failures: GalagoError[] = [];
  #groups: TableState['groups'] = [];
  #meters: TableState['meters'] = [];

  /** The session as applications know it. */
  get session(): Switch {
    return this as unknown as Switch;
  }

  send(message: MessageInit): boolean {
    if (this.isClosed) throw new ClosedError('OFP_CLOSED', 'closed');
    this.sent.push(message);
    return true;
  }

  async multipart(type: 'flow'): Promise<FlowStats[]> {
    if (type !== 'flow') throw new Error(`${type} is not faked`);
    return this.flows.map(asStats);
  }

  async *flowStats({ tableId }: { readonly tableId: number }): AsyncGenerator<FlowStats> {
    for (const flow of this.flows) if (flow.tableId === tableId) yield asStats(flow);
  }

  reconcile(desired: Partial<TableState>): Promise<void> {
    const current = { flows: this.flows, groups: this.#groups, meters: this.#meters };
    return this.apply(current, { flows: [], groups: [], meters: [], ...desired });
  }

  async apply(current: TableState, desired: TableState): Promise<void> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const { counts, bundle } = plan(current, desired);
    this.changes.push(counts.added + counts.changed + counts.deleted);
    const gone = new Set([...current.flows].map(flowId));
    this.flows = [...this.flows.filter((flow) => !gone.has(flowId(flow))), ...desired.flows];
    if (bundle.some(({ type }) => type === 'groupMod')) this.#groups = desired.groups;
    this.#meters = desired.meters;
  }

  async close(error?: GalagoError): Promise<void> {
    this.isClosed = true;
    this.emit('close', { error });
  }

  /** Has the switch send a frame. */
  packetIn(tableId: number, match: Match, frame: string): void {
    const data = Buffer.from(frame.replaceAll(/[ :]/g, ''), 'hex');
    const message: Partial<PacketIn> = { type: 'packetIn', tableId, match, data, bufferId: 0xffff_ffff };
    this.emit('packetIn', message);
  }

  /** Has a flow go and the switch tell of it. */
  remove(flow: FlowSpec, reason: FlowRemoved['reason']): void {
    this.flows = this.flows.filter((other) => flowId(other) !== flowId(flow));
    this.emit('flowRemoved', { ...asStats(flow), type: 'flowRemoved', reason });
  }
}

/** Resolves when what was begun in this turn of the event loop, and what follows from it, is done. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

function asStats(flow: FlowSpec): FlowStats {
  return { match: {}, ...flow } as unknown as FlowStats;
}

function flowId({ tableId, priority, match }: FlowSpec): string {
  return JSON.stringify([tableId, priority, match]);
}
