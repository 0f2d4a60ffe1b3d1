import type { Instruction } from '../../ofp/instruction.ts';
import type { FlowRemovedReason } from '../../ofp/messages/flow-removed.ts';
import type { MatchInit } from '../../ofp/oxm/fields.ts';
import { GroupNo, PortNo } from '../../ofp/ports.ts';
import type { FlowKey } from '../../ofp/text/flow-key.ts';
import { matchOfKey } from '../../ofp/text/match-write.ts';
import { compileInstructions, type Program, someAction } from '../actions/program.ts';
import { usesOption } from './check-options.ts';
import type { Rule } from './classifier.ts';
import { type Clause, clausesOf } from './conjunction.ts';
import { Counted, type Ledger } from './counted.ts';
import { type FlowMatch, flowMatchOfKey } from './flow-match.ts';
import { outputsTo } from './flow-targets.ts';
import { sameInstructions } from './same-instructions.ts';

/** The cookie of flow-mods that gives a flow no cookie, or leaves it the one that it has. */
export const NO_COOKIE = 0xffff_ffff_ffff_ffffn;

/** What a flow-mod orders, with everything said (OpenFlow 1.3.5, 6.4). */
export interface FlowOrder {
  readonly command: 'add' | 'modify' | 'modifyStrict' | 'delete' | 'deleteStrict';
  readonly tableId: number;
  readonly priority: number;
  readonly key: FlowKey;
  readonly cookie: bigint;
  readonly cookieMask: bigint;
  readonly idleTimeout: number;
  readonly hardTimeout: number;
  readonly flags: number;
  readonly outPort: number;
  readonly outGroup: number;
  /** The packet that the flow is then done to; none unless given. */
  readonly bufferId?: number;
  /** The cookie that a modify of Open vSwitch's own kind gives, which adds a flow when it finds none whatever its cookie. */
  readonly newCookie?: bigint;
  /** As they were said, which is how they are done. */
  readonly instructions: readonly Instruction[];
  /** As they are told to controllers. */
  readonly told: readonly Instruction[];
}

/** What went through a flow, and when it came. Kept when the flow is replaced by another of the same match. */
interface FlowHistory {
  readonly createdMs: number;
  /** When it last was changed: the hard timeout counts from here. */
  readonly modifiedMs: number;
}

/** One flow of a table. */
export class Flow extends Counted implements Rule {
  readonly match: FlowMatch;
  readonly priority: number;
  readonly tableId: number;
  readonly cookie: bigint;
  readonly flags: number;
  readonly createdMs: number;
  readonly instructions: readonly Instruction[];
  /** The instructions as they are told to controllers. */
  readonly told: readonly Instruction[];
  readonly program: Program;
  readonly clauses: readonly Clause[] | undefined;
  readonly #key: FlowKey;
  readonly #ledger: Ledger;
  #usedMs: number;
  #modifiedMs: number;
  #idleTimeout: number;
  #hardTimeout: number;

  constructor(order: FlowOrder, history: FlowHistory, ledger: Ledger) {
    super(ledger);
    this.#ledger = ledger;
    this.match = flowMatchOfKey(order.key);
    this.#key = order.key;
    this.priority = order.priority;
    this.tableId = order.tableId;
    this.cookie = order.cookie;
    this.#idleTimeout = order.idleTimeout;
    this.#hardTimeout = order.hardTimeout;
    this.flags = order.flags;
    this.createdMs = history.createdMs;
    this.#modifiedMs = history.modifiedMs;
    this.#usedMs = history.modifiedMs;
    this.instructions = order.instructions;
    this.told = order.told;
    this.program = compileInstructions(order.instructions);
    this.clauses = clausesOf(order.instructions);
  }

  /** The flow with other instructions, and what it had otherwise: what modify makes of it. */
  changed(
    { instructions, told }: Pick<FlowOrder, 'instructions' | 'told'>,
    nowMs: number,
    cookie = this.cookie,
    keepsCounters = true,
  ): Flow {
    const order: FlowOrder = { ...this.#order(), instructions, told, cookie };
    const flow = new Flow(order, { createdMs: this.createdMs, modifiedMs: nowMs }, this.#ledger);
    flow.inherit(this, keepsCounters);
    return flow;
  }

  /** Takes over when another flow was last used, and its counters if they are kept. */
  inherit({ packets, bytes, usedMs }: Flow, keepsCounters: boolean): void {
    this.#usedMs = usedMs;
    if (keepsCounters) this.count(packets, bytes);
  }

  /** Notes when a packet came. */
  use(nowMs: number): void {
    if (nowMs > this.#usedMs) this.#usedMs = nowMs;
  }

  /** When the last packet came: the idle timeout counts from here. */
  get usedMs(): number {
    this.#ledger.settle();
    return this.#usedMs;
  }

  /** When it last was changed or learnt again: the hard timeout counts from here. */
  get modifiedMs(): number {
    return this.#modifiedMs;
  }

  /** Notes that the flow was learnt again. */
  refresh(nowMs: number): void {
    this.#modifiedMs = nowMs;
  }

  /** True when the flow is all that a learnt one would be. */
  isAs({ cookie, idleTimeout, hardTimeout, flags, told }: FlowOrder): boolean {
    const isAlike =
      this.idleTimeout === idleTimeout && this.hardTimeout === hardTimeout && this.flags === flags;
    if (!isAlike || (cookie !== NO_COOKIE && this.cookie !== cookie)) return false;
    return sameInstructions(this.told, told);
  }

  /** The match as it is told to controllers. */
  get matchFields(): MatchInit {
    return matchOfKey(this.#key);
  }

  /** True for the flow of priority 0 that takes every packet (OpenFlow 1.3.5, 5.4). */
  get isTableMiss(): boolean {
    return this.priority === 0 && this.match.indices.length === 0;
  }

  /** Seconds; 0 for none. */
  get idleTimeout(): number {
    return this.#idleTimeout;
  }

  /** Seconds; 0 for none. */
  get hardTimeout(): number {
    return this.#hardTimeout;
  }

  /** Makes the timeouts no longer than this; 0 leaves one. @returns whether that changed any */
  shortenTimeouts(idleTimeout: number, hardTimeout: number): boolean {
    const before = [this.#idleTimeout, this.#hardTimeout];
    this.#idleTimeout = shorter(this.#idleTimeout, idleTimeout);
    this.#hardTimeout = shorter(this.#hardTimeout, hardTimeout);
    return this.#idleTimeout !== before[0] || this.#hardTimeout !== before[1];
  }

  /** Why the flow has to go by now, if it has. */
  expiry(nowMs: number): FlowRemovedReason | undefined {
    if (this.hardTimeout > 0 && nowMs >= this.modifiedMs + this.hardTimeout * 1000) return 'hardTimeout';
    if (this.idleTimeout > 0 && nowMs >= this.usedMs + this.idleTimeout * 1000) return 'idleTimeout';
    return undefined;
  }

  /** When the flow goes unless packets come for it. */
  get endsMs(): number {
    const hardMs =
      this.hardTimeout > 0 ? this.modifiedMs + this.hardTimeout * 1000 : Number.POSITIVE_INFINITY;
    const idleMs = this.idleTimeout > 0 ? this.usedMs + this.idleTimeout * 1000 : Number.POSITIVE_INFINITY;
    return Math.min(hardMs, idleMs);
  }

  /** True when the flow is among those that a request, a modify or a delete names by more than its match. */
  isNamedBy({ cookie, cookieMask, outPort, outGroup }: FlowFilter): boolean {
    if (((this.cookie ^ cookie) & cookieMask) !== 0n) return false;
    if (outPort !== PortNo.ANY && !this.outputsTo(outPort)) return false;
    return outGroup === GroupNo.ANY || this.usesGroup(outGroup);
  }

  outputsTo(port: number): boolean {
    return outputsTo(this.instructions, port);
  }

  usesGroup(groupId: number): boolean {
    return someAction(this.instructions, (action) => action.type === 'group' && action.groupId === groupId);
  }

  /** True when the match or an action names the field of a tunnel option. */
  usesOption(index: number): boolean {
    return this.#key.tunnelOptions.has(index) || usesOption(this.instructions, index);
  }

  usesMeter(meterId: number): boolean {
    return this.program.meterId === meterId;
  }

  #order(): FlowOrder {
    const { tableId, priority, cookie, idleTimeout, hardTimeout, flags, instructions, told } = this;
    return {
      command: 'add',
      tableId,
      priority,
      key: this.#key,
      cookie,
      cookieMask: 0n,
      idleTimeout,
      hardTimeout,
      flags,
      outPort: PortNo.ANY,
      outGroup: GroupNo.ANY,
      instructions,
      told,
    };
  }
}

function shorter(timeout: number, limit: number): number {
  return limit > 0 && (timeout === 0 || timeout > limit) ? limit : timeout;
}

/** By what requests, modify and delete choose flows beside the match (OpenFlow 1.3.5, 6.4). */
export type FlowFilter = Pick<FlowOrder, 'cookie' | 'cookieMask' | 'outPort' | 'outGroup'>;
