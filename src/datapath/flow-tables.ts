import { FlowModFlag } from '../ofp/messages/flow-mod.ts';
import type { FlowRemovedReason } from '../ofp/messages/flow-removed.ts';
import { ALL_TABLES, GroupNo, PortNo } from '../ofp/ports.ts';
import { demand, Refusal } from '../ofp/text/check/refusal.ts';
import { Classifier } from './classifier.ts';
import { Flow, type FlowFilter, type FlowOrder } from './flow.ts';
import { type FlowMatch, flowMatchOfKey } from './flow-match.ts';
import type { Journal } from './journal.ts';
import type { FlowWords } from './layout.ts';

/**
 * How many tables the switch has: as many as Open vSwitch, which keeps the one after them to itself; here that one is
 * empty.
 */
export const TABLE_COUNT = 254;

/** One flow table (OpenFlow 1.3.5, 5.2). Most stay empty, and then take next to no memory. */
export class FlowTable {
  readonly tableId: number;
  lookups = 0;
  matched = 0;
  #flows: Classifier<Flow> | undefined;

  constructor(tableId: number) {
    this.tableId = tableId;
  }

  /** How many flows there are. */
  get size(): number {
    return this.#flows?.size ?? 0;
  }

  get flows(): Classifier<Flow> {
    this.#flows ??= new Classifier();
    return this.#flows;
  }
}

/** Hears of each flow that goes. */
export type OnFlowRemoved = (flow: Flow, reason: FlowRemovedReason, nowMs: number) => void;

/** The flow tables of a switch, and what flow-mods do to them (OpenFlow 1.3.5, 6.4, as Open vSwitch does it). */
export class FlowTables {
  readonly tables: readonly FlowTable[] = Array.from(
    { length: TABLE_COUNT },
    (_, tableId) => new FlowTable(tableId),
  );
  readonly #maxFlows: number;
  readonly #onRemoved: OnFlowRemoved;
  #timed = 0;

  constructor(maxFlows: number, onRemoved: OnFlowRemoved) {
    this.#maxFlows = maxFlows;
    this.#onRemoved = onRemoved;
  }

  /** True when some flow has a timeout. */
  get hasTimeouts(): boolean {
    return this.#timed > 0;
  }

  /** Does what is ordered. @throws Refusal, with some of it done: the journal takes that back */
  apply(order: FlowOrder, nowMs: number, journal: Journal): void {
    switch (order.command) {
      case 'add':
        return this.#add(order, nowMs, journal);
      case 'modify':
      case 'modifyStrict': {
        for (const flow of this.#chosen(order))
          this.#replace(flow, flow.changed(order.instructions, nowMs), journal);
        return;
      }
      case 'delete':
      case 'deleteStrict':
        for (const flow of this.#chosen(order)) this.#remove(flow, 'delete', nowMs, journal);
    }
  }

  /** Adds a learnt flow, or makes the one that is there do the same. @returns false when the limit kept it out */
  learn(order: FlowOrder, limit: number, nowMs: number, journal: Journal): boolean {
    const table = this.#table(order.tableId);
    const old = table.flows.find(flowMatchOfKey(order.key), order.priority);
    if (old !== undefined) {
      this.#replace(old, old.changed(order.instructions, nowMs, order.cookie), journal);
      return true;
    }
    if (limit > 0) {
      let learnt = 0;
      for (const flow of table.flows.rules()) if (flow.cookie === order.cookie) learnt++;
      if (learnt >= limit) return false;
    }
    this.#add(order, nowMs, journal);
    return true;
  }

  /** The flow of a table that takes the packet. @param mask gets the bits of the packet that this depended on */
  lookup(tableId: number, words: FlowWords, mask?: FlowWords): Flow | undefined {
    const table = this.tables[tableId];
    return table === undefined || table.size === 0 ? undefined : table.flows.lookup(words, mask);
  }

  /** Makes a flow go earlier, in seconds; 0 leaves a timeout as it is (ovs-actions(7), fin_timeout). */
  shortenTimeouts(flow: Flow, idleTimeout: number, hardTimeout: number): void {
    const wasTimed = flow.idleTimeout > 0 || flow.hardTimeout > 0;
    flow.shortenTimeouts(idleTimeout, hardTimeout);
    if (!wasTimed && (flow.idleTimeout > 0 || flow.hardTimeout > 0)) this.#timed++;
  }

  /** The flows that a request names, by table and then as they come. */
  *select(tableId: number, match: FlowMatch, filter: FlowFilter): Iterable<Flow> {
    for (const { flows } of this.#tablesOf(tableId)) {
      for (const flow of flows.covered(match)) if (flow.isNamedBy(filter)) yield flow;
    }
  }

  /** Removes the flows whose timeouts are over. */
  expire(nowMs: number, journal: Journal): void {
    if (this.#timed === 0) return;
    for (const flow of this.#all()) {
      const reason = flow.expiry(nowMs);
      if (reason !== undefined) this.#remove(flow, reason, nowMs, journal);
    }
  }

  /** Removes the flows that hand to a group or meter that is gone. */
  removeUsers(
    uses: (flow: Flow) => boolean,
    reason: 'groupDelete' | 'meterDelete',
    nowMs: number,
    journal: Journal,
  ): void {
    for (const flow of this.#all()) if (uses(flow)) this.#remove(flow, reason, nowMs, journal);
  }

  /** How many flows hand to a group or meter. */
  countUsers(uses: (flow: Flow) => boolean): number {
    let count = 0;
    for (const flow of this.#all()) if (uses(flow)) count++;
    return count;
  }

  #add(order: FlowOrder, nowMs: number, journal: Journal): void {
    demand(order.tableId !== ALL_TABLES, 'OFPFMFC_BAD_TABLE_ID', 'a flow is in one table');
    demand(order.tableId !== TABLE_COUNT, 'OFPBRC_EPERM', `table ${TABLE_COUNT} is the switch's own`);
    const table = this.#table(order.tableId);
    const flow = new Flow(order, { createdMs: nowMs, modifiedMs: nowMs });
    const old = table.flows.find(flow.match, flow.priority);
    if (old !== undefined) {
      if ((order.flags & FlowModFlag.RESET_COUNTS) === 0) flow.inherit(old);
      return this.#replace(old, flow, journal);
    }
    if ((order.flags & FlowModFlag.CHECK_OVERLAP) !== 0 && table.flows.overlaps(flow.match, flow.priority))
      throw new Refusal('OFPFMFC_OVERLAP', 'another flow of the same priority takes some of the packets');
    demand(table.flows.size < this.#maxFlows, 'OFPFMFC_TABLE_FULL', `a table has ${this.#maxFlows} flows`);
    this.#insert(table, flow);
    journal.done(() => this.#delete(table, flow));
  }

  #replace(old: Flow, flow: Flow, journal: Journal): void {
    const table = this.tables[old.tableId]!;
    this.#delete(table, old);
    this.#insert(table, flow);
    journal.done(() => {
      this.#delete(table, flow);
      this.#insert(table, old);
    });
  }

  #remove(flow: Flow, reason: FlowRemovedReason, nowMs: number, journal: Journal): void {
    const table = this.tables[flow.tableId]!;
    this.#delete(table, flow);
    journal.done(() => this.#insert(table, flow));
    journal.tell(() => this.#onRemoved(flow, reason, nowMs));
  }

  #insert(table: FlowTable, flow: Flow): void {
    table.flows.insert(flow);
    if (flow.idleTimeout > 0 || flow.hardTimeout > 0) this.#timed++;
  }

  #delete(table: FlowTable, flow: Flow): void {
    if (!table.flows.delete(flow)) return;
    if (flow.idleTimeout > 0 || flow.hardTimeout > 0) this.#timed--;
  }

  /** The flows that a modify or delete is for, all of them found before the first is changed. */
  #chosen(order: FlowOrder): Flow[] {
    const match = flowMatchOfKey(order.key);
    const isDelete = order.command === 'delete' || order.command === 'deleteStrict';
    // Only deletes are narrowed by what flows output to.
    const filter = isDelete ? order : { ...order, outPort: PortNo.ANY, outGroup: GroupNo.ANY };
    if (order.command === 'modify' || order.command === 'delete')
      return [...this.select(order.tableId, match, filter)];
    const found: Flow[] = [];
    for (const { flows } of this.#tablesOf(order.tableId)) {
      const flow = flows.find(match, order.priority);
      if (flow?.isNamedBy(filter)) found.push(flow);
    }
    return found;
  }

  #all(): Flow[] {
    return this.#tablesOf(ALL_TABLES).flatMap(({ flows }) => [...flows.rules()]);
  }

  #tablesOf(tableId: number): readonly FlowTable[] {
    if (tableId === ALL_TABLES) return this.tables.filter(({ size }) => size > 0);
    return tableId === TABLE_COUNT ? [] : [this.#table(tableId)];
  }

  #table(tableId: number): FlowTable {
    const table = this.tables[tableId];
    demand(table !== undefined, 'OFPBRC_BAD_TABLE_ID', `the last table is ${TABLE_COUNT - 1}`);
    return table;
  }
}
