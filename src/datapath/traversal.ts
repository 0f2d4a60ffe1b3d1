import type { Action } from '../ofp/actions/action.ts';
import type { NxLearn, NxLearn2 } from '../ofp/actions/nicira/learn.ts';
import type { PacketInReason } from '../ofp/messages/packet-in.ts';
import { PortNo } from '../ofp/ports.ts';
import { type ActionSet, compileActionSet } from './action-set.ts';
import { clearTracked, writeTracked } from './connection-words.ts';
import type { Tracked, TrackOrder } from './conntrack.ts';
import type { Flow } from './flow.ts';
import type { Group, GroupBucket } from './groups.ts';
import { Journal } from './journal.ts';
import { runOf, subrunOf, WORD_OF, type WordRun } from './layout.ts';
import { learntFlow } from './learn.ts';
import { findFlow } from './lookup.ts';
import { normalPorts } from './normal.ts';
import type { Packet } from './packet.ts';
import type { Pipeline } from './pipeline.ts';
import { compileInstructions, inOrder, type Program } from './program.ts';
import type { PacketInOrigin, Recording } from './recording.ts';
import { departureOf } from './replay.ts';
import type { Departure, PacketInRequest, Verdict } from './verdict.ts';
import type { ControllerRequest, Step, Walk } from './walk.ts';
import type { Watcher } from './watcher.ts';

/** How deep resubmits to the same table or an earlier one, and groups, may lie in each other, as in Open vSwitch. */
const MAX_DEPTH = 64;
/** How many resubmits and goto-tables one packet may take, as in Open vSwitch. */
const MAX_RESUBMITS = 4096;
/** How often a packet may go on with what is known of its connection, as in Open vSwitch's userspace datapath. */
const MAX_RECIRCULATIONS = 6;
/** How deep anything may lie in each other: what the stack surely holds. */
const MAX_NESTING = 512;

const EMPTY_SET = compileActionSet([]);
const METADATA = runOf('metadata');
const WHOLE_PACKET = 0xffff_ffff;
/** The cookie and table of packets that no flow has sent: packet-outs. */
const NO_COOKIE = 0xffff_ffff_ffff_ffffn;

/** One packet's way through the tables of a pipeline (OpenFlow 1.3.5, 5.1.1). What it does takes effect at the end. */
export class Traversal implements Walk {
  stack: bigint[] = [];
  queue: number | undefined;
  readonly #pipeline: Pipeline;
  readonly #origin: 'action' | 'packetOut';
  readonly #watcher: Watcher | undefined;
  readonly #recording: Recording | undefined;
  /** Bytes that the packet counts for. */
  #size: number;
  #hasLostLabels = false;
  #departures: Departure[] = [];
  #packetIns: PacketInRequest[] = [];
  #packet: Packet;
  #written: readonly Action[] = [];
  /** What {@link #written} makes. */
  #set: ActionSet = EMPTY_SET;
  #flow: Flow | undefined;
  #firstFlow: Flow | undefined;
  #tableId = 0;
  /** Why packets go to the controllers from the list of actions that is being done. */
  #reason: PacketInReason = 'action';
  #isInSet = false;
  #depth = 0;
  /** The first table is no resubmit. */
  #resubmits = -1;
  #nesting = 0;
  #recirculations = 0;
  #hasExited = false;
  /** A meter has dropped the packet: it still is counted wherever it would have gone. */
  #isMetered = false;
  #isTooDeep = false;
  #hasFailed = false;

  /**
   * @param origin why the packet is here: a controller may have sent it
   * @param watcher hears of the way, and makes it one without effects
   * @param recording keeps what is needed to do the same to the next packet that is like this one
   */
  constructor(
    pipeline: Pipeline,
    packet: Packet,
    origin: 'action' | 'packetOut' = 'action',
    watcher?: Watcher,
    recording?: Recording,
  ) {
    this.#pipeline = pipeline;
    this.#packet = packet;
    this.#size = packet.bytes.length;
    this.#origin = origin;
    this.#watcher = watcher;
    this.#recording = recording;
  }

  get packet(): Packet {
    return this.#packet;
  }

  /** Takes the packet through the tables, and then its action set. */
  runTables(tableId: number): Verdict {
    this.#enter(tableId);
    // Open vSwitch does the action set as if the first flow had asked for it all.
    this.#tableId = tableId;
    this.#flow = this.#firstFlow;
    return this.#finish();
  }

  /** Does a packet-out's actions. */
  runActions(steps: readonly Step[]): Verdict {
    this.#resubmits = 0;
    this.#perform(steps, this.#reasonOf(false));
    return this.#finish();
  }

  reads(run: WordRun): void {
    this.#recording?.reads(run);
    // The set is not written anew for the next packet.
    if (run.place === 'actsetOutput') this.readsMore();
  }

  readsMore(): void {
    if (this.#recording !== undefined) this.#recording.isRepeatable = false;
  }

  losesLabels(): void {
    this.readsMore();
    this.#hasLostLabels = true;
  }

  isLive(port: number): boolean {
    return this.#pipeline.ports.isLive(port);
  }

  output(port: number, maxLen: number): void {
    switch (port) {
      case PortNo.IN_PORT:
        return this.#depart(this.#inPort, WHOLE_PACKET);
      case PortNo.CONTROLLER:
        return this.toController({ maxLen, controllerId: 0, reason: this.#reason });
      case PortNo.TABLE:
        return this.#goTo(0, true);
      case PortNo.NORMAL:
      case PortNo.FLOOD:
      case PortNo.ALL:
        for (const each of this.#spread(port)) this.#depart(each, WHOLE_PACKET);
        return;
      default:
        if (port !== this.#inPort) this.#depart(port, WHOLE_PACKET);
    }
  }

  outputTruncated(port: number, maxLen: number): void {
    // Open vSwitch takes ports that it has for this, and none that stands for others.
    const isPort = this.#pipeline.ports.get(port) !== undefined;
    if (isPort && port !== this.#inPort) this.#depart(port, maxLen);
  }

  toController(request: ControllerRequest): void {
    const { reason = 'action' } = request;
    const tableId = this.#flow === undefined ? 0 : this.#tableId;
    const origin: PacketInOrigin = {
      ...request,
      reason: reason === 'action' && this.#flow?.isTableMiss ? 'noMatch' : reason,
      tableId,
      cookie: this.#flow?.cookie ?? NO_COOKIE,
    };
    this.#recording?.effects.push({ type: 'controller', request: origin });
    if (this.#isMetered) return;
    this.#packetIns.push({ ...origin, frame: this.#packet.share(), words: this.#packet.words.slice() });
  }

  group(groupId: number): boolean {
    if (!this.#mayGoOn()) return true;
    const group = this.#pipeline.groups.get(groupId);
    if (group === undefined) return false;
    const buckets = this.#bucketsOf(group);
    // Open vSwitch counts a group of which a bucket was chosen.
    if (buckets.length > 0 || group.type === 'all' || group.type === 'indirect') this.#count(group);
    for (const bucket of buckets) {
      this.#count(bucket);
      const run = () => this.#doBucket(bucket.actions.steps);
      if (this.#watcher === undefined) run();
      else this.#watcher.deed({ type: 'bucket', index: group.buckets.indexOf(bucket) }, this, run);
    }
    return true;
  }

  resubmit(inPort: number, tableId: number): void {
    const target = tableId === 0xff ? this.#tableId : tableId;
    this.#goTo(target, target <= this.#tableId, inPort === PortNo.IN_PORT ? undefined : inPort);
  }

  learn(action: NxLearn | NxLearn2): void {
    this.readsMore();
    const order = learntFlow(action, this.#packet.words);
    const limit = action.type === 'nxLearn2' ? action.limit : 0;
    const isLearnt = this.#watcher !== undefined || this.#pipeline.learn(order, limit, new Journal());
    if (action.type !== 'nxLearn2' || action.resultDst === undefined) return;
    const { field, start } = action.resultDst;
    this.#packet.writeNumber(subrunOf(field, start, 1), isLearnt ? 1 : 0);
  }

  shortenTimeouts(idleTimeout: number, hardTimeout: number): void {
    this.readsMore();
    if (this.#watcher === undefined && this.#flow !== undefined)
      this.#pipeline.tables.shortenTimeouts(this.#flow, idleTimeout, hardTimeout);
  }

  clone(steps: readonly Step[]): void {
    const { stack } = this;
    const [written, set] = [this.#written, this.#set];
    this.stack = [...stack];
    const original = this.#fork(true);
    // A clone ends as the packet does: with the action set, as it is by then.
    this.#nested(() => {
      this.#perform(steps, this.#reasonOf(false));
      this.#doActionSet();
    });
    this.#rejoin(original);
    this.stack = stack;
    this.#write(written, set);
  }

  track(order: TrackOrder, tableId: number | undefined): void {
    this.readsMore();
    // What a meter drops does not come that far.
    if (!this.#isMetered) {
      const packet = this.#packet;
      const { connections, nowMs } = this.#pipeline;
      packet.tracked = connections.track(packet, order, nowMs, this.#watcher !== undefined);
      if (tableId !== undefined) this.#recirculate(tableId, packet.tracked);
    }
    clearTracked(this.#packet.words);
  }

  fail(): void {
    this.#hasFailed = true;
  }

  exit(): void {
    this.#hasExited = true;
  }

  /** Lets a copy of the packet come in anew, with what travels with it: this one's limits and ends are none of its. */
  #recirculate(tableId: number, tracked: Tracked): void {
    if (this.#recirculations >= MAX_RECIRCULATIONS) return;
    const copy = this.#packet.clone();
    writeTracked(copy.words, tracked);
    const later = new Traversal(this.#pipeline, copy, 'action', this.#watcher);
    later.#recirculations = this.#recirculations + 1;
    later.stack = [...this.stack];
    later.queue = this.queue;
    later.#write(this.#written, this.#set);
    const { departures, packetIns } = later.runTables(tableId);
    this.#departures.push(...departures);
    this.#packetIns.push(...packetIns);
  }

  get #inPort(): number {
    return this.#packet.words[WORD_OF.inPort]!;
  }

  get #isOver(): boolean {
    return this.#hasExited || this.#isTooDeep || this.#hasFailed;
  }

  #reasonOf(isBucket: boolean): PacketInReason {
    if (this.#origin === 'packetOut') return 'packetOut';
    if (isBucket) return 'group';
    return this.#isInSet ? 'actionSet' : 'action';
  }

  /** Does the steps in their order. @returns false when one of them ended the list */
  #perform(steps: readonly Step[], reason: PacketInReason): boolean {
    const before = this.#reason;
    let goesOn = true;
    for (const step of steps) {
      if (this.#isOver) goesOn = false;
      if (!goesOn) break;
      this.#reason = reason;
      if (step.isRewrite) this.#recording?.effects.push({ type: 'rewrite', step });
      goesOn = (this.#watcher === undefined ? step.perform(this) : this.#show(step, this.#watcher)) !== false;
    }
    this.#reason = before;
    return goesOn && !this.#isOver;
  }

  #show(step: Step, watcher: Watcher): unknown {
    return watcher.deed({ type: 'action', action: step.action }, this, () => step.perform(this));
  }

  /** Looks the packet up from a table on, until no flow leads on. @param inPort of the first lookup, if not the packet's */
  #enter(first: number, inPort?: number): void {
    let port = inPort;
    for (let tableId: number | undefined = first; tableId !== undefined; port = undefined) {
      if (this.#flow !== undefined && !this.#mayGoOn()) return;
      this.#resubmits++;
      const flow = this.#lookup(tableId, port);
      this.#firstFlow ??= flow;
      this.#tableId = tableId;
      this.#flow = flow;
      const watcher = this.#watcher;
      if (watcher !== undefined)
        tableId = watcher.table(tableId, flow, () => flow && this.#obeyWatched(flow, watcher));
      else tableId = flow && this.#obey(flow.program);
    }
  }

  #lookup(tableId: number, inPort: number | undefined): Flow | undefined {
    const { words } = this.#packet;
    const own = this.#inPort;
    if (inPort !== undefined) words[WORD_OF.inPort] = inPort;
    const flow = findFlow(this.#pipeline, words, tableId, this.#recording?.mask);
    words[WORD_OF.inPort] = own;
    const table = this.#pipeline.tables.tables[tableId];
    if (table === undefined || this.#watcher !== undefined) return flow;
    // Without its labels a packet is another one, which comes in anew: it counts with what is left of it.
    if (this.#hasLostLabels) this.#size = this.#packet.bytes.length;
    this.#hasLostLabels = false;
    table.lookups++;
    if (flow === undefined) {
      this.#recording?.missed.push(table);
      return undefined;
    }
    table.matched++;
    this.#recording?.matched.push(table);
    this.#recording?.flows.push(flow);
    flow.use(this.#size, this.#pipeline.nowMs);
    return flow;
  }

  /** Does what a flow says. @returns the table to go on to */
  #obey(program: Program): number | undefined {
    if (program.meterId !== undefined) this.#meter(program.meterId);
    // What ends the list ends the flow: Open vSwitch counts the later instructions to it.
    if (program.apply.length > 0 && !this.#perform(program.apply, this.#reasonOf(false))) return undefined;
    if (program.clears) this.#write([], EMPTY_SET);
    if (program.write.length > 0 && this.#written.length === 0) this.#write(program.write, program.set);
    else if (program.write.length > 0) {
      const written = [...this.#written, ...program.write];
      this.#write(written, compileActionSet(written));
    }
    const { metadata } = program;
    if (metadata !== undefined) {
      this.#packet.writeMasked(METADATA, metadata.value, metadata.mask);
      this.#recording?.effects.push({ type: 'metadata', ...metadata });
    }
    return program.gotoTable;
  }

  /** As {@link #obey}, one instruction after the other. */
  #obeyWatched({ instructions }: Flow, watcher: Watcher): number | undefined {
    let next: number | undefined;
    for (const instruction of inOrder(instructions)) {
      const program = compileInstructions([instruction]);
      if (instruction.type !== 'applyActions')
        next = watcher.deed({ type: 'instruction', instruction }, this, () => this.#obey(program));
      else if (!this.#perform(program.apply, this.#reasonOf(false))) return undefined;
      if (this.#isOver) return undefined;
    }
    return next;
  }

  #meter(meterId: number): void {
    this.#recording?.effects.push({ type: 'meter', meterId });
    if (this.#watcher === undefined && !this.#isMetered && !this.#pipeline.passesMeter(meterId, this.#size))
      this.#isMetered = true;
  }

  #write(actions: readonly Action[], set: ActionSet): void {
    this.#written = actions;
    this.#set = set;
    this.#packet.words[WORD_OF.actsetOutput] = set.outputPort;
  }

  #finish(): Verdict {
    if (!this.#isOver) this.#doActionSet();
    if (!this.#isTooDeep && !this.#hasFailed)
      return { departures: this.#departures, packetIns: this.#packetIns, isTooDeep: false };
    return { departures: [], packetIns: [], isTooDeep: this.#isTooDeep };
  }

  #doActionSet(): void {
    if (this.#written.length === 0) return;
    const { steps } = this.#set;
    this.#written = [];
    this.#isInSet = true;
    const run = () => this.#perform(steps, this.#reasonOf(false));
    if (this.#watcher === undefined) run();
    else this.#watcher.deed({ type: 'actionSet' }, this, run);
    this.#isInSet = false;
  }

  #doBucket(steps: readonly Step[]): void {
    const original = this.#fork(false);
    const size = this.#size;
    this.#depth++;
    this.#nested(() => this.#perform(steps, this.#reasonOf(true)));
    this.#depth--;
    this.#rejoin(original);
    this.#size = size;
    this.#hasLostLabels = false;
    // What ends a bucket, or fails in it, ends nothing else.
    this.#hasExited = false;
    this.#hasFailed = false;
  }

  #bucketsOf(group: Group): readonly GroupBucket[] {
    switch (group.type) {
      case 'all':
      case 'indirect':
        return group.buckets;
      case 'fastFailover': {
        const live = this.#pipeline.groups.liveBucket(group);
        return live === undefined ? [] : [live];
      }
      case 'select':
        return this.#pipeline.select(group, this.#packet.words, this.#recording?.mask);
    }
  }

  #spread(port: number): readonly number[] {
    if (port !== PortNo.NORMAL) return this.#pipeline.floodPorts(this.#inPort);
    this.readsMore();
    return normalPorts(this.#pipeline, this.#packet.words, this.#watcher === undefined);
  }

  #depart(port: number, maxLen: number): void {
    const { queue } = this;
    const recording = this.#recording;
    if (recording !== undefined) {
      const isPlain = maxLen === WHOLE_PACKET && this.#pipeline.ports.get(port)?.tunnelAddress === undefined;
      recording.effects.push({ type: 'output', port, queue, maxLen, isPlain });
    }
    if (this.#isMetered) return;
    const departure = departureOf(this.#pipeline, this.#packet, port, maxLen, queue);
    if (departure !== undefined) this.#departures.push(departure);
  }

  #count(counted: Group | GroupBucket): void {
    if (this.#watcher !== undefined) return;
    this.#recording?.groups.push(counted);
    counted.packets++;
    counted.bytes += this.#size;
  }

  #fork(hasOwnStack: boolean): Packet {
    this.#recording?.effects.push({ type: 'fork', hasOwnStack });
    const original = this.#packet;
    this.#packet = original.clone();
    return original;
  }

  #rejoin(original: Packet): void {
    this.#recording?.effects.push({ type: 'rejoin' });
    this.#packet = original;
  }

  /** Looks the packet up in another table and comes back. */
  #goTo(tableId: number, isDeeper: boolean, inPort?: number): void {
    if (!this.#mayGoOn()) return;
    const [ownTable, flow] = [this.#tableId, this.#flow];
    if (isDeeper) this.#depth++;
    this.#flow = undefined;
    this.#nested(() => this.#enter(tableId, inPort));
    if (isDeeper) this.#depth--;
    this.#tableId = ownTable;
    this.#flow = flow;
  }

  /** False, and the packet goes nowhere, when it has taken all the resubmits that it may. */
  #mayGoOn(): boolean {
    if (this.#depth >= MAX_DEPTH || this.#resubmits >= MAX_RESUBMITS) this.#isTooDeep = true;
    return !this.#isTooDeep;
  }

  #nested(run: () => void): void {
    if (this.#nesting >= MAX_NESTING) {
      this.#isTooDeep = true;
      return;
    }
    this.#nesting++;
    run();
    this.#nesting--;
  }
}
