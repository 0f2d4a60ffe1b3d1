import type { Instruction } from '../../ofp/instruction.ts';
import { FlowModFlag } from '../../ofp/messages/flow-mod.ts';
import type { FlowRemovedReason } from '../../ofp/messages/flow-removed.ts';
import { ALL_TABLES, GroupNo, PortNo } from '../../ofp/ports.ts';
import { demand, Refusal } from '../../ofp/text/check/refusal.ts';
import type { FlowKey } from '../../ofp/text/flow-key.ts';
import type { Learning } from '../actions/learning.ts';
import type { FlowWords } from '../packet/layout.ts';
import { Classifier } from './classifier.ts';
import type { Ledger } from './counted.ts';
import { Flow, type FlowFilter, type FlowOrder, NO_COOKIE } from './flow.ts';
import type { FlowEvent } from './flow-event.ts';
import { type FlowMatch, flowMatchOfKey } from './flow-match.ts';
import { FlowUsers } from './flow-users.ts';
import { hiddenFlows } from './hidden-flows.ts';
import { Journal, type Requester } from './journal.ts';
import { LearnedCookies } from './learned-cookies.ts';

/** How many tables the switch has, as Open vSwitch. */
export const TABLE_COUNT = 254;

/** The table that Open vSwitch keeps to itself. */
export const HIDDEN_TABLE = 254;

const ALL_COOKIE_BITS = 0xffff_ffff_ffff_ffffn;

/** One flow table (OpenFlow 1.3.5, 5.2). Most stay empty, and then take next to no memory. */
export class FlowTable {
  readonly tableId: number;
  readonly #ledger: Ledger;
  #lookups = 0;
  #matched = 0;
  #flows: Classifier<Flow> | undefined;

  constructor(tableId: number, ledger: Ledger) {
    this.tableId = tableId;
    this.#ledger = ledger;
  }

  /** How many packets were looked up. */
  get lookups(): number {
    this.#ledger.settle();
    return this.#lookups;
  }

  /** How many of them a flow took. */
  get matched(): number {
    this.#ledger.settle();
    return this.#matched;
  }

  count(lookups: number, matched: number): void {
    this.#lookups += lookups;
    this.#matched += matched;
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

/** What becomes of a table that is full. */
export interface TableOptions {
  /** Flows that the table takes. */
  readonly maxFlows?: number;
  /** Whether flows with timeouts make room for new ones, the one that would end first before others. Default false. */
  readonly evicts?: boolean;
}

/** What {@link FlowTables} are made of. */
export interface FlowTablesOptions {
  /** Flows that one table takes unless `tables` says otherwise. */
  readonly maxFlows: number;
  /** By number. */
  readonly tables?: Readonly<Record<number, TableOptions>> | undefined;
  /** Holds counts of flows and tables back. */
  readonly ledger: Ledger;
  readonly onRemoved: OnFlowRemoved;
  /** Hears of each flow that comes, goes or changes. */
  readonly onEvent: (event: FlowEvent, requester: Requester | undefined) => void;
  /** Refuses instructions that name what is not there. @throws Refusal */
  readonly checkTargets: (instructions: readonly Instruction[]) => void;
}

/** Hears of each flow that goes. */
export type OnFlowRemoved = (flow: Flow, reason: FlowRemovedReason, nowMs: number) => void;

/** The flow tables of a switch, and what flow-mods do to them (OpenFlow 1.3.5, 6.4, as Open vSwitch does it). */
export class FlowTables {
  readonly tables: readonly FlowTable[];
  readonly #options: FlowTablesOptions;
  readonly #timed = new Set<Flow>();
  readonly #users = new FlowUsers();
  readonly #hidden: Classifier<Flow>;
  readonly #learned = new LearnedCookies();
  #version = 0;

  constructor(options: FlowTablesOptions, nowMs: number) {
    const { ledger } = options;
    this.#options = options;
    this.tables = Array.from({ length: TABLE_COUNT }, (_, tableId) => new FlowTable(tableId, ledger));
    this.#hidden = hiddenFlows(HIDDEN_TABLE, nowMs);
  }

  /** Grows whenever flows come or go. */
  get version(): number {
    return this.#version;
  }

  /** True when some flow has a timeout. */
  get hasTimeouts(): boolean {
    return this.#timed.size > 0;
  }

  /** Which flows hand to which groups and meters. */
  get users(): Pick<FlowUsers, 'ofMeter' | 'groupReferences'> {
    return this.#users;
  }

  /**
   * Refuses what Open vSwitch refuses at sight, before anything is looked for.
   * @throws Refusal
   */
  check({ command, tableId, key, newCookie }: FlowOrder): void {
    if (command === 'delete' || command === 'deleteStrict') return;
    demand(tableId !== HIDDEN_TABLE, 'OFPBRC_EPERM', `table ${HIDDEN_TABLE} is the switch's own`);
    if (command === 'add' || newCookie !== undefined) demandNoHiddenFields(key);
  }

  /** Does what is ordered. @throws Refusal, with some of it done: the journal takes that back */
  apply(order: FlowOrder, nowMs: number, journal: Journal): void {
    this.#obey(order, nowMs, journal);
    this.#forgetLearnt(nowMs, journal);
  }

  #obey(order: FlowOrder, nowMs: number, journal: Journal): void {
    switch (order.command) {
      case 'add':
        return this.#add(order, nowMs, journal);
      case 'modify':
      case 'modifyStrict':
        return this.#modify(order, nowMs, journal);
      case 'delete':
      case 'deleteStrict':
        for (const flow of this.#chosen(order)) this.#remove(flow, 'delete', nowMs, journal);
    }
  }

  /**
   * What learning a flow comes to.
   * @param limit how many flows of its cookie the table may have then; 0 for any number
   */
  learning(order: FlowOrder, limit: number): Learning {
    const { flows } = this.#table(order.tableId);
    const old = flows.find(flowMatchOfKey(order.key), order.priority);
    if (old?.isAs(order)) return { type: 'refreshed', flow: old };
    if (limit > 0) {
      let learnt = 0;
      for (const { cookie } of flows.rules()) if (cookie === order.cookie) learnt++;
      if (learnt >= limit) return { type: 'overLimit' };
    }
    return old === undefined ? { type: 'added' } : { type: 'changed', flow: old };
  }

  /** Does what learning a flow comes to. @throws Refusal when the table is full */
  learn(order: FlowOrder, learning: Learning, nowMs: number, journal: Journal): void {
    switch (learning.type) {
      case 'added':
        this.#add(order, nowMs, journal);
        break;
      case 'changed': {
        const { flow } = learning;
        const cookie = order.cookie === NO_COOKIE ? flow.cookie : order.cookie;
        this.#replace('modified', flow, flow.changed(order, nowMs, cookie), journal);
        break;
      }
      case 'refreshed':
        return learning.flow.refresh(nowMs);
    }
    this.#forgetLearnt(nowMs, journal);
  }

  /** The flow of a table that takes the packet. @param mask gets the bits of the packet that this depended on */
  lookup(tableId: number, words: FlowWords, mask?: FlowWords): Flow | undefined {
    const table = this.tables[tableId];
    return table === undefined || table.size === 0 ? undefined : table.flows.lookup(words, mask);
  }

  /** Makes a flow go earlier, in seconds; 0 leaves a timeout as it is (ovs-actions(7), fin_timeout). */
  shortenTimeouts(flow: Flow, idleTimeout: number, hardTimeout: number): void {
    // A flow that is learnt again is no longer the same.
    if (flow.shortenTimeouts(idleTimeout, hardTimeout)) this.#version++;
    if (flow.idleTimeout > 0 || flow.hardTimeout > 0) this.#timed.add(flow);
  }

  /** True when a flow names the field of a tunnel option. */
  usesOption(index: number): boolean {
    return this.tables.some(
      ({ size, flows }) => size > 0 && some(flows.rules(), (flow) => flow.usesOption(index)),
    );
  }

  /** The flows that a request names, by table and then as they come. */
  *select(tableId: number, match: FlowMatch, filter: FlowFilter): Iterable<Flow> {
    for (const { flows } of this.#tablesOf(tableId, filter)) {
      for (const flow of flows.covered(match)) if (flow.isNamedBy(filter)) yield flow;
    }
  }

  /** Removes the flows whose timeouts are over. */
  expire(nowMs: number, journal: Journal): void {
    for (const flow of [...this.#timed]) {
      const reason = flow.expiry(nowMs);
      if (reason === undefined) continue;
      this.#remove(flow, reason, nowMs, journal);
      this.#forgetLearnt(nowMs, journal);
    }
  }

  /** Removes the flows that hand to a group that is gone. */
  removeUsersOfGroup(groupId: number, nowMs: number, journal: Journal): void {
    for (const flow of this.#users.ofGroup(groupId)) this.#remove(flow, 'groupDelete', nowMs, journal);
    this.#forgetLearnt(nowMs, journal);
  }

  /** Removes the flows that hand to a meter that is gone. */
  removeUsersOfMeter(meterId: number, nowMs: number, journal: Journal): void {
    for (const flow of this.#users.ofMeter(meterId)) this.#remove(flow, 'meterDelete', nowMs, journal);
    this.#forgetLearnt(nowMs, journal);
  }

  #add(order: FlowOrder, nowMs: number, journal: Journal): void {
    this.#options.checkTargets(order.instructions);
    const table = this.#table(order.tableId);
    const old = table.flows.find(flowMatchOfKey(order.key), order.priority);
    // All ones stand for no cookie: a flow that is replaced keeps its own then.
    const cookie = order.cookie === NO_COOKIE ? (old?.cookie ?? NO_COOKIE) : order.cookie;
    const flow = new Flow(
      { ...order, cookie },
      { createdMs: nowMs, modifiedMs: nowMs },
      this.#options.ledger,
    );
    if (old !== undefined) {
      flow.inherit(old, (order.flags & FlowModFlag.RESET_COUNTS) === 0);
      return this.#replace('added', old, flow, journal);
    }
    if ((order.flags & FlowModFlag.CHECK_OVERLAP) !== 0 && table.flows.overlaps(flow.match, flow.priority))
      throw new Refusal('OFPFMFC_OVERLAP', 'another flow of the same priority takes some of the packets');
    this.#makeRoom(table, nowMs, journal);
    this.#insert(table, flow);
    journal.done(() => this.#delete(table, flow));
    this.#tell({ type: 'added', flow, old: undefined }, journal);
  }

  #makeRoom(table: FlowTable, nowMs: number, journal: Journal): void {
    const { maxFlows = this.#options.maxFlows, evicts } = this.#options.tables?.[table.tableId] ?? {};
    if (table.size < maxFlows) return;
    const evicted = evicts ? nextToEnd(table.flows.rules()) : undefined;
    demand(evicted !== undefined, 'OFPFMFC_TABLE_FULL', `a table has ${maxFlows} flows`);
    this.#remove(evicted, 'eviction', nowMs, journal);
  }

  #modify(order: FlowOrder, nowMs: number, journal: Journal): void {
    const { instructions, flags, newCookie, cookieMask } = order;
    const chosen = this.#chosen(order);
    if (chosen.length > 0) this.#options.checkTargets(instructions);
    const keepsCounters = (flags & FlowModFlag.RESET_COUNTS) === 0;
    for (const flow of chosen) {
      const changed = flow.changed(order, nowMs, newCookie ?? flow.cookie, keepsCounters);
      this.#replace('modified', flow, changed, journal);
    }
    if (chosen.length > 0 || newCookie === undefined || cookieMask !== 0n) return;
    const tableId = order.tableId === ALL_TABLES ? 0 : order.tableId;
    this.#add({ ...order, tableId, cookie: newCookie }, nowMs, journal);
  }

  #replace(type: 'added' | 'modified', old: Flow, flow: Flow, journal: Journal): void {
    const table = this.tables[old.tableId]!;
    this.#delete(table, old);
    this.#insert(table, flow);
    journal.done(() => {
      this.#delete(table, flow);
      this.#insert(table, old);
    });
    this.#tell({ type, flow, old }, journal);
  }

  #tell(event: FlowEvent, journal: Journal): void {
    const { requester } = journal;
    journal.tell(() => {
      if (event.type !== 'deleted') this.#learned.add(event.flow.instructions);
      const old = event.type === 'deleted' ? event.flow : event.old;
      if (old !== undefined) this.#learned.remove(old.instructions);
      this.#options.onEvent(event, requester);
    });
  }

  /** Removes the flows of learn actions that went in what was done, once that stays. */
  #forgetLearnt(nowMs: number, journal: Journal): void {
    journal.tell(() => {
      for (const { cookie, tableId } of this.#learned.takeDead()) {
        if (tableId === HIDDEN_TABLE) continue;
        const removal = new Journal();
        for (const flow of [...this.tables[tableId]!.flows.rules()])
          if (flow.cookie === cookie) this.#remove(flow, 'delete', nowMs, removal);
        this.#forgetLearnt(nowMs, removal);
        removal.commit();
      }
    });
  }

  #remove(flow: Flow, reason: FlowRemovedReason, nowMs: number, journal: Journal): void {
    const table = this.tables[flow.tableId]!;
    this.#delete(table, flow);
    journal.done(() => this.#insert(table, flow));
    this.#tell({ type: 'deleted', flow, reason }, journal);
    journal.tell(() => this.#options.onRemoved(flow, reason, nowMs));
  }

  #insert(table: FlowTable, flow: Flow): void {
    this.#version++;
    table.flows.insert(flow);
    if (flow.idleTimeout > 0 || flow.hardTimeout > 0) this.#timed.add(flow);
    this.#users.add(flow);
  }

  #delete(table: FlowTable, flow: Flow): void {
    if (!table.flows.delete(flow)) return;
    this.#version++;
    this.#timed.delete(flow);
    this.#users.delete(flow);
  }

  /**
   * The flows that a modify or delete is for, all of them found before the first is changed.
   * @throws Refusal when they are all the switch's own
   */
  #chosen(order: FlowOrder): Flow[] {
    const found = this.#found(order);
    const chosen = found.filter(({ tableId }) => tableId !== HIDDEN_TABLE);
    const isOwn = found.length > 0 && chosen.length === 0;
    demand(!isOwn, 'OFPBRC_EPERM', `the flows of table ${HIDDEN_TABLE} are the switch's own`);
    return chosen;
  }

  #found(order: FlowOrder): Flow[] {
    const match = flowMatchOfKey(order.key);
    const isDelete = order.command === 'delete' || order.command === 'deleteStrict';
    // Only deletes are narrowed by what flows output to.
    const filter = isDelete ? order : { ...order, outPort: PortNo.ANY, outGroup: GroupNo.ANY };
    if (order.command === 'modify' || order.command === 'delete')
      return [...this.select(order.tableId, match, filter)];
    const found: Flow[] = [];
    for (const { flows } of this.#tablesOf(order.tableId, filter)) {
      const flow = flows.find(match, order.priority);
      if (flow?.isNamedBy(filter)) found.push(flow);
    }
    return found;
  }

  #tablesOf(tableId: number, { cookieMask }: FlowFilter): readonly { readonly flows: Classifier<Flow> }[] {
    const hidden = { flows: this.#hidden };
    if (tableId === HIDDEN_TABLE) return [hidden];
    if (tableId !== ALL_TABLES) return [this.#table(tableId)];
    const tables = this.tables.filter(({ size }) => size > 0);
    // By its whole cookie, Open vSwitch finds its own flows too.
    return cookieMask === ALL_COOKIE_BITS ? [...tables, hidden] : tables;
  }

  #table(tableId: number): FlowTable {
    const table = this.tables[tableId];
    demand(table !== undefined, 'OFPBRC_BAD_TABLE_ID', `the last table is ${TABLE_COUNT - 1}`);
    return table;
  }
}

/** Fields of packets on their way through the datapath, which only the switch's own flows look at. @throws Refusal */
function demandNoHiddenFields(key: FlowKey): void {
  const isHidden = key.has('dpHash') || (key.has('recircId') && key.value('recircId') !== 0n);
  demand(!isHidden, 'OFPBRC_EPERM', 'dp_hash and recirc_id are not for controllers');
}

function some<T>(items: Iterable<T>, fits: (item: T) => boolean): boolean {
  for (const item of items) if (fits(item)) return true;
  return false;
}

/** The flow whose timeouts let it go first, as far as it is known by now; undefined when none has any. */
function nextToEnd(flows: Iterable<Flow>): Flow | undefined {
  let first: Flow | undefined;
  for (const flow of flows) if (flow.endsMs < (first?.endsMs ?? Number.POSITIVE_INFINITY)) first = flow;
  return first;
}
