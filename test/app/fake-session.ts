import { EventEmitter } from 'node:events';
import {
  decode,
  encode,
  type FlowRemoved,
  type FlowSpec,
  type FlowStats,
  type FlowStatsRequestInit,
  type Match,
  type MatchInit,
  type MessageInit,
  NO_BUFFER,
  type PacketIn,
  type Port,
  type Switch,
  type TableState,
} from '../../src/ofp/index.ts';
import { plan } from '../../src/ofp/session/plan.ts';
import { ClosedError, type GalagoError } from '../../src/util/errors.ts';
import { toBigInt, type U64 } from '../../src/util/u64.ts';

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

  async multipart(type: 'flow', filter: FlowStatsRequestInit): Promise<FlowStats[]> {
    if (type !== 'flow') throw new Error(`${type} is not faked`);
    return this.#select(filter);
  }

  async *flowStats(filter: FlowStatsRequestInit): AsyncGenerator<FlowStats> {
    yield* this.#select(filter);
  }

  #select({ tableId, cookie = 0, cookieMask = 0 }: FlowStatsRequestInit): FlowStats[] {
    const masked = (value: U64) => toBigInt(value) & toBigInt(cookieMask);
    return this.flows
      .filter((flow) => tableId === undefined || flow.tableId === tableId)
      .filter((flow) => masked(flow.cookie ?? 0) === masked(cookie))
      .map(asStats);
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
    const gone = new Set([...current.flows].map(flowIdentity));
    this.flows = [...this.flows.filter((flow) => !gone.has(flowIdentity(flow))), ...desired.flows];
    if (bundle.some(({ type }) => type === 'groupMod')) this.#groups = desired.groups;
    this.#meters = desired.meters;
  }

  async close(error?: GalagoError): Promise<void> {
    this.isClosed = true;
    this.emit('close', { error });
  }

  /** Has the switch send a frame. */
  packetIn(tableId: number, match: MatchInit, frame: string): void {
    const data = Buffer.from(frame.replaceAll(/[ :]/g, ''), 'hex');
    const head = { type: 'packetIn', tableId, match: wireMatch(match), bufferId: NO_BUFFER } as const;
    const message: Partial<PacketIn> = { ...head, data };
    this.emit('packetIn', message);
  }

  /** Has a flow go and the switch tell of it. */
  remove(flow: FlowSpec, reason: FlowRemoved['reason']): void {
    this.flows = this.flows.filter((other) => flowIdentity(other) !== flowIdentity(flow));
    this.emit('flowRemoved', { ...asStats(flow), type: 'flowRemoved', reason });
  }
}

/** Resolves when what was begun in this turn of the event loop, and what follows from it, is done. */
export async function turns(count = 5): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Which flow it is, as text. */
function flowIdentity({ tableId, priority, match = {} }: FlowSpec): string {
  return encode({ type: 'flowMod', command: 'add', tableId, priority, match }).toString('hex');
}

/** A flow as it comes out of a switch: its match has been through the wire. */
function asStats(flow: FlowSpec): FlowStats {
  return { ...flow, match: wireMatch(flow.match) } as unknown as FlowStats;
}

function wireMatch(match: MatchInit = {}): Match {
  const message = decode(encode({ type: 'flowMod', command: 'add', match }));
  if (message.type !== 'flowMod') throw new Error(`wrote a flowMod, read ${message.type}`);
  return message.match;
}
