import type { Action } from '../../ofp/actions/action.ts';
import type { NxLearn, NxLearn2 } from '../../ofp/actions/nicira/learn.ts';
import type { PacketInReason } from '../../ofp/messages/packet-in.ts';
import { PortNo } from '../../ofp/ports.ts';
import { inOrder } from '../../ofp/told/told-instructions.ts';
import { type ActionSet, compileActionSet, EMPTY_SET } from '../actions/action-set.ts';
import { compileActions } from '../actions/actions.ts';
import { chosenBuckets } from '../actions/bucket-choice.ts';
import { learnFrom } from '../actions/learning.ts';
import { Lessons } from '../actions/lessons.ts';
import { normalPorts } from '../actions/normal.ts';
import { compileInstructions, type Program } from '../actions/program.ts';
import type { ControllerRequest, Step, Walk } from '../actions/walk.ts';
import type { Recording } from '../cache/recording.ts';
import { clearTracked, writeTracked } from '../connections/connection-words.ts';
import type { Tracked, TrackOrder } from '../connections/conntrack.ts';
import { runOf, WORD_OF, type WordRun } from '../packet/layout.ts';
import type { Packet } from '../packet/packet.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Flow, NO_COOKIE } from '../tables/flow.ts';
import { type Continuation, encodeContinuation, Pause } from './continuation.ts';
import { findFlow } from './lookup.ts';
import { Outcome, WHOLE_PACKET } from './outcome.ts';
import type { Verdict } from './verdict.ts';
import type { Watcher } from './watcher.ts';
import { WayLimits } from './way-limits.ts';

/** How often a packet may go on with what is known of its connection, as in Open vSwitch's userspace datapath. */
const MAX_RECIRCULATIONS = 6;

const METADATA = runOf('metadata');
const IP_PROTO = runOf('ipProto');
const TCP_FLAGS = runOf('tcpFlags');

/** One packet's way through the tables of a pipeline (OpenFlow 1.3.5, 5.1.1). What it does takes effect at the end. */
export class Traversal implements Walk {
  stack: bigint[] = [];
  queue: number | undefined;
  readonly #pipeline: Pipeline;
  readonly #origin: 'action' | 'packetOut';
  readonly #watcher: Watcher | undefined;
  readonly #recording: Recording | undefined;
  readonly #outcome: Outcome;
  readonly #lessons: Lessons | undefined;
  #hasLostLabels = false;
  #packet: Packet;
  /** Of the packet as it came: a label may hide it by now. */
  readonly #endsConnection: boolean;
  #written: readonly Action[] = [];
  /** What {@link #written} makes. */
  #set: ActionSet = EMPTY_SET;
  #flow: Flow | undefined;
  #firstFlow: Flow | undefined;
  #tableId = 0;
  /** Of the flow that the packet is in, or was in when it paused. */
  #cookie = NO_COOKIE;
  #pause: Pause | undefined;
  /** Why packets go to the controllers from the list of actions that is being done. */
  #reason: PacketInReason = 'action';
  #isInSet = false;
  readonly #limits: WayLimits;
  #recirculations = 0;
  #hasExited = false;
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
    this.#endsConnection = packet.endsConnection;
    this.#origin = origin;
    this.#watcher = watcher;
    this.#recording = recording;
    this.#lessons = watcher === undefined ? new Lessons(pipeline) : undefined;
    this.#limits = new WayLimits(origin === 'packetOut' ? 0 : -1);
    this.#outcome = new Outcome(pipeline, packet.bytes.length, watcher !== undefined, recording);
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
    this.#cookie = this.#flow?.cookie ?? NO_COOKIE;
    return this.#finish();
  }

  /** Does a packet-out's actions. */
  runActions(steps: readonly Step[]): Verdict {
    this.#perform(steps, this.#reasonOf(false));
    return this.#finish();
  }

  /** Goes on where the packet paused. */
  resume({ stack, written, remainders }: Continuation): Verdict {
    this.stack = [...stack];
    this.#write(written, compileActionSet(written));
    const lists = remainders.map(({ type, actions }) => (type === 'apply' ? compileActions(actions) : []));
    for (const [index, { type, actions, tableId, cookie }] of remainders.entries()) {
      this.#tableId = tableId;
      this.#cookie = cookie;
      if (type === 'clear') this.#write([], EMPTY_SET);
      else if (type === 'write') this.#writeMore(actions);
      else if (!this.#perform(lists[index]!, this.#reasonOf(false))) {
        this.#pause?.remainders.push(...remainders.slice(index + 1));
        break;
      }
    }
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
        return this.#normal();
      case PortNo.FLOOD:
      case PortNo.ALL:
        for (const each of this.#pipeline.floodPorts(this.#inPort)) this.#depart(each, WHOLE_PACKET);
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
    this.#outcome.toController(this.#packet, {
      ...request,
      reason: reason === 'action' && this.#flow?.isTableMiss ? 'noMatch' : reason,
      tableId: this.#tableId,
      cookie: this.#cookie,
    });
  }

  pause(request: ControllerRequest): void {
    this.readsMore();
    this.#pause = new Pause(request);
  }

  group(groupId: number): boolean {
    if (!this.#limits.mayGoOn()) return true;
    const group = this.#pipeline.groups.get(groupId);
    if (group === undefined) return false;
    // Open vSwitch lets the packet come in anew to choose.
    if (group.type === 'select') this.#lessons?.commit();
    const outcome = this.#outcome;
    const buckets = chosenBuckets(this.#pipeline.groups, group, this.#packet.words, this.#recording?.mask);
    // Open vSwitch counts a group of which a bucket was chosen.
    if (buckets.length > 0 || group.type === 'all' || group.type === 'indirect') outcome.countGroup(group);
    for (const bucket of buckets) {
      outcome.countGroup(bucket);
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
    const learning = learnFrom(this.#pipeline, this.#packet, action, this.#lessons);
    if (learning?.type !== 'refreshed') this.readsMore();
    else this.#recording?.refreshes(learning.flow, action);
  }

  shortenTimeouts(idleTimeout: number, hardTimeout: number): void {
    this.reads(IP_PROTO);
    this.reads(TCP_FLAGS);
    if (!this.#endsConnection && !this.#packet.endsConnection) return;
    this.readsMore();
    if (this.#watcher === undefined && this.#flow !== undefined)
      this.#pipeline.tables.shortenTimeouts(this.#flow, idleTimeout, hardTimeout);
  }

  clone(steps: readonly Step[]): void {
    const { stack, queue } = this;
    const [written, set] = [this.#written, this.#set];
    this.stack = [...stack];
    const original = this.#fork(true);
    // A clone ends as the packet does: with the action set, as it is by then.
    this.#limits.nest(false, () => {
      this.#perform(steps, this.#reasonOf(false));
      if (this.#pause === undefined) this.#doActionSet();
      this.#hand();
    });
    this.#rejoin(original);
    this.stack = stack;
    this.queue = queue;
    this.#write(written, set);
  }

  track(order: TrackOrder, tableId: number | undefined): void {
    this.readsMore();
    // What a meter drops does not come that far.
    if (!this.#outcome.isMetered) {
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
    // What comes in anew goes by the tables as they are by then.
    this.#lessons?.commit();
    const copy = this.#packet.clone();
    writeTracked(copy.words, tracked);
    const later = new Traversal(this.#pipeline, copy, 'action', this.#watcher);
    later.#recirculations = this.#recirculations + 1;
    later.stack = [...this.stack];
    later.queue = this.queue;
    later.#write(this.#written, this.#set);
    this.#outcome.add(later.runTables(tableId));
  }

  get #inPort(): number {
    return this.#packet.words[WORD_OF.inPort]!;
  }

  get #isOver(): boolean {
    return this.#hasExited || this.#hasFailed || this.#pause !== undefined || this.#limits.isTooDeep;
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
    let done = 0;
    for (const step of steps) {
      if (this.#isOver) goesOn = false;
      if (!goesOn) break;
      this.#reason = reason;
      if (step.isRewrite) this.#recording?.effects.push({ type: 'rewrite', step });
      goesOn = (this.#watcher === undefined ? step.perform(this) : this.#show(step, this.#watcher)) !== false;
      done++;
    }
    this.#pause?.leave(
      steps.slice(done).map(({ action }) => action),
      this.#tableId,
      this.#cookie,
    );
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
      if (this.#flow !== undefined && !this.#limits.mayGoOn()) return;
      this.#limits.countLookup();
      const flow = this.#lookup(tableId, port);
      this.#firstFlow ??= flow;
      this.#tableId = tableId;
      this.#flow = flow;
      this.#cookie = flow?.cookie ?? NO_COOKIE;
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
    if (table === undefined) return flow;
    // Without its labels a packet is another one, which comes in anew: it counts with what is left of it.
    if (this.#hasLostLabels) this.#outcome.size = this.#packet.bytes.length;
    this.#hasLostLabels = false;
    this.#outcome.countLookup(table, flow);
    return flow;
  }

  /** Does what a flow says. @returns the table to go on to */
  #obey(program: Program): number | undefined {
    if (program.meterId !== undefined) this.#outcome.meter(program.meterId);
    // What ends the list ends the flow: Open vSwitch counts the later instructions to it.
    if (program.apply.length > 0 && !this.#perform(program.apply, this.#reasonOf(false))) {
      this.#pause?.leaveFlow(program, this.#tableId, this.#cookie);
      return undefined;
    }
    if (program.clears) this.#write([], EMPTY_SET);
    if (program.write.length > 0 && this.#written.length === 0) this.#write(program.write, program.set);
    else if (program.write.length > 0) this.#writeMore(program.write);
    const { metadataChunks } = program;
    if (metadataChunks !== undefined) {
      this.#packet.writeMasked(METADATA, metadataChunks);
      this.#recording?.effects.push({ type: 'metadata', chunks: metadataChunks });
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

  #write(actions: readonly Action[], set: ActionSet): void {
    this.#written = actions;
    this.#set = set;
    this.#packet.words[WORD_OF.actsetOutput] = set.outputPort;
  }

  #writeMore(actions: readonly Action[]): void {
    const written = [...this.#written, ...actions];
    this.#write(written, compileActionSet(written));
  }

  /** Hands a packet that has paused to the controllers: the way that it was on ends. */
  #hand(): void {
    if (this.#pause === undefined) return;
    const { request, remainders } = this.#pause;
    this.#pause = undefined;
    const continuation = encodeContinuation({
      bridge: this.#pipeline.bridgeId,
      stack: this.stack,
      isTracked: this.#packet.words[WORD_OF.ctState] !== 0,
      remainders,
      written: this.#written,
    });
    if (continuation === undefined) return;
    const { reason = 'action' } = request;
    // Open vSwitch says table 0, wherever the packet has paused.
    const origin = { ...request, reason, tableId: 0, cookie: this.#cookie, continuation };
    this.#outcome.toController(this.#packet, origin);
  }

  #finish(): Verdict {
    // Of a packet that has exited nothing is done, but a trace tells that it was its turn, as Open vSwitch's does.
    if (!this.#isOver || (this.#hasExited && this.#watcher !== undefined)) this.#doActionSet();
    this.#hand();
    this.#lessons?.commit();
    const { isTooDeep } = this.#limits;
    if (isTooDeep || this.#hasFailed) {
      // What was done on the way is nothing for the next packet to do again.
      this.readsMore();
      this.#outcome.unmeter();
      return { departures: [], packetIns: [], isTooDeep };
    }
    const { departures, packetIns } = this.#outcome;
    return { departures, packetIns, isTooDeep };
  }

  #doActionSet(): void {
    if (this.#written.length === 0) return;
    const { steps } = this.#set;
    this.#written = [];
    if (steps.length === 0) return;
    this.#isInSet = true;
    const run = () => this.#perform(steps, this.#reasonOf(false));
    if (this.#watcher === undefined) run();
    else this.#watcher.deed({ type: 'actionSet' }, this, run);
    this.#isInSet = false;
  }

  #doBucket(steps: readonly Step[]): void {
    const original = this.#fork(false);
    const { size } = this.#outcome;
    const { queue } = this;
    this.#limits.nest(true, () => this.#perform(steps, this.#reasonOf(true)));
    this.#hand();
    this.#rejoin(original);
    this.#outcome.size = size;
    this.queue = queue;
    this.#hasLostLabels = false;
    // What ends a bucket, or fails in it, ends nothing else.
    this.#hasExited = false;
    this.#hasFailed = false;
  }

  #normal(): void {
    this.readsMore();
    const ports = normalPorts(this.#pipeline, this.#packet.words, this.#watcher === undefined);
    const original = this.#fork(true);
    this.#packet.popEmptyTags();
    for (const each of ports) this.#depart(each, WHOLE_PACKET);
    this.#rejoin(original);
  }

  #depart(port: number, maxLen: number): void {
    this.#outcome.depart(this.#packet, port, maxLen, this.queue);
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
    if (!this.#limits.mayGoOn()) return;
    const [ownTable, flow, cookie] = [this.#tableId, this.#flow, this.#cookie];
    this.#flow = undefined;
    this.#limits.nest(isDeeper, () => this.#enter(tableId, inPort));
    this.#tableId = ownTable;
    this.#flow = flow;
    this.#cookie = cookie;
  }
}
