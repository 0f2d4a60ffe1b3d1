import type { Action } from '../../ofp/actions/action.ts';
import type { PacketInReason } from '../../ofp/messages/packet-in.ts';
import { inOrder } from '../../ofp/told/told-instructions.ts';
import { type ActionSet, compileActionSet, EMPTY_SET } from '../actions/action-set.ts';
import { compileInstructions, type Program } from '../actions/program.ts';
import type { Step, Walk } from '../actions/walk.ts';
import type { Recording } from '../cache/recording.ts';
import { runOf, WORD_OF } from '../packet/layout.ts';
import type { Packet } from '../packet/packet.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Flow, NO_COOKIE } from '../tables/flow.ts';
import { encodeContinuation, type Pause } from './continuation.ts';
import { findFlow } from './lookup.ts';
import { Outcome } from './outcome.ts';
import type { Watcher } from './watcher.ts';
import { WayLimits } from './way-limits.ts';

const METADATA = runOf('metadata');

/** How a packet came in, and who is to know what becomes of it. */
export interface WayOptions {
  /** A controller may have sent it. Default `action`. */
  readonly origin?: 'action' | 'packetOut';
  /** Hears of the way, and makes it one without effects. */
  readonly watcher?: Watcher | undefined;
  /** Keeps what is needed to do the same to the next packet that is like this one. */
  readonly recording?: Recording | undefined;
}

/** How far a packet has come: the flow that it is in, what it carries, and what has ended its way. */
export class Way {
  readonly pipeline: Pipeline;
  readonly watcher: Watcher | undefined;
  readonly recording: Recording | undefined;
  readonly outcome: Outcome;
  readonly limits: WayLimits;
  packet: Packet;
  stack: bigint[] = [];
  queue: number | undefined;
  pause: Pause | undefined;
  hasExited = false;
  hasFailed = false;
  readonly #walk: Walk;
  readonly #origin: 'action' | 'packetOut';
  #written: readonly Action[] = [];
  /** What {@link #written} makes. */
  #set: ActionSet = EMPTY_SET;
  #flow: Flow | undefined;
  #firstFlow: Flow | undefined;
  #tableId = 0;
  /** Of the flow that the packet is in, or was in when it paused. */
  #cookie = NO_COOKIE;
  /** Why packets go to the controllers from the list of actions that is being done. */
  #reason: PacketInReason = 'action';
  #isInSet = false;

  /** @param walk the way as actions see it */
  constructor(walk: Walk, pipeline: Pipeline, packet: Packet, options: WayOptions) {
    const { origin = 'action', watcher, recording } = options;
    this.#walk = walk;
    this.pipeline = pipeline;
    this.packet = packet;
    this.#origin = origin;
    this.watcher = watcher;
    this.recording = recording;
    this.limits = new WayLimits(origin === 'packetOut' ? 0 : -1);
    this.outcome = new Outcome(pipeline, packet.bytes.length, watcher !== undefined, recording);
  }

  get flow(): Flow | undefined {
    return this.#flow;
  }

  get tableId(): number {
    return this.#tableId;
  }

  get cookie(): bigint {
    return this.#cookie;
  }

  /** The actions of the action set, in the order in which they were written. */
  get written(): readonly Action[] {
    return this.#written;
  }

  get set(): ActionSet {
    return this.#set;
  }

  get reason(): PacketInReason {
    return this.#reason;
  }

  get inPort(): number {
    return this.packet.words[WORD_OF.inPort]!;
  }

  get isOver(): boolean {
    return this.hasExited || this.hasFailed || this.pause !== undefined || this.limits.isTooDeep;
  }

  /** Why packets go to the controllers from a list of actions. */
  reasonOf(isBucket: boolean): PacketInReason {
    if (this.#origin === 'packetOut') return 'packetOut';
    if (isBucket) return 'group';
    return this.#isInSet ? 'actionSet' : 'action';
  }

  /** Takes the packet through the tables. */
  run(tableId: number): void {
    this.#enter(tableId);
    // Open vSwitch does the action set as if the first flow had asked for it all.
    this.goOn(tableId, this.#firstFlow?.cookie ?? NO_COOKIE);
    this.#flow = this.#firstFlow;
  }

  /** Looks the packet up in another table and comes back. @param inPort of the lookup, if not the packet's */
  visit(tableId: number, isDeeper: boolean, inPort?: number): void {
    if (!this.limits.mayGoOn()) return;
    const [ownTable, flow, cookie] = [this.#tableId, this.#flow, this.#cookie];
    this.#flow = undefined;
    this.limits.nest(isDeeper, () => this.#enter(tableId, inPort));
    this.#flow = flow;
    this.goOn(ownTable, cookie);
  }

  /** Is in a flow with the cookie from here on, also where that flow may be no more. */
  goOn(tableId: number, cookie: bigint): void {
    this.#tableId = tableId;
    this.#cookie = cookie;
  }

  /** Does the steps in their order. @returns false when one of them ended the list */
  perform(steps: readonly Step[], reason: PacketInReason): boolean {
    const before = this.#reason;
    let goesOn = true;
    let done = 0;
    for (const step of steps) {
      if (this.isOver) goesOn = false;
      if (!goesOn) break;
      this.#reason = reason;
      if (step.isRewrite) this.recording?.effects.push({ type: 'rewrite', step });
      goesOn =
        (this.watcher === undefined ? step.perform(this.#walk) : this.#show(step, this.watcher)) !== false;
      done++;
    }
    this.pause?.leave(
      steps.slice(done).map(({ action }) => action),
      this.#tableId,
      this.#cookie,
    );
    this.#reason = before;
    return goesOn && !this.isOver;
  }

  /** Makes the action set another one. @param set what the actions make */
  write(actions: readonly Action[], set: ActionSet): void {
    this.#written = actions;
    this.#set = set;
    this.packet.words[WORD_OF.actsetOutput] = set.outputPort;
  }

  writeMore(actions: readonly Action[]): void {
    const written = [...this.#written, ...actions];
    this.write(written, compileActionSet(written));
  }

  doActionSet(): void {
    if (this.#written.length === 0) return;
    const { steps } = this.#set;
    this.#written = [];
    if (steps.length === 0) return;
    this.#isInSet = true;
    const run = () => this.perform(steps, this.reasonOf(false));
    if (this.watcher === undefined) run();
    else this.watcher.deed({ type: 'actionSet' }, this.#walk, run);
    this.#isInSet = false;
  }

  /** Goes on with a copy of the packet. @returns the packet, for {@link rejoin} */
  fork(hasOwnStack: boolean): Packet {
    this.recording?.effects.push({ type: 'fork', hasOwnStack });
    const original = this.packet;
    this.packet = original.clone();
    return original;
  }

  rejoin(original: Packet): void {
    this.recording?.effects.push({ type: 'rejoin' });
    this.packet = original;
  }

  /** Hands a packet that has paused to the controllers: the way that it was on ends. */
  hand(): void {
    if (this.pause === undefined) return;
    const { request, remainders } = this.pause;
    this.pause = undefined;
    const continuation = encodeContinuation({
      bridge: this.pipeline.bridgeId,
      stack: this.stack,
      isTracked: this.packet.words[WORD_OF.ctState] !== 0,
      remainders,
      written: this.#written,
    });
    if (continuation === undefined) return;
    const { reason = 'action' } = request;
    // Open vSwitch says table 0, wherever the packet has paused.
    const origin = { ...request, reason, tableId: 0, cookie: this.#cookie, continuation };
    this.outcome.toController(this.packet, origin);
  }

  #show(step: Step, watcher: Watcher): unknown {
    return watcher.deed({ type: 'action', action: step.action }, this.#walk, () => step.perform(this.#walk));
  }

  /** Looks the packet up from a table on, until no flow leads on. @param inPort of the first lookup, if not the packet's */
  #enter(first: number, inPort?: number): void {
    let port = inPort;
    for (let tableId: number | undefined = first; tableId !== undefined; port = undefined) {
      if (this.#flow !== undefined && !this.limits.mayGoOn()) return;
      this.limits.countLookup();
      const flow = this.#lookup(tableId, port);
      this.#firstFlow ??= flow;
      this.#flow = flow;
      this.goOn(tableId, flow?.cookie ?? NO_COOKIE);
      const { watcher } = this;
      if (watcher !== undefined)
        tableId = watcher.table(tableId, flow, () => flow && this.#obeyWatched(flow, watcher));
      else tableId = flow && this.#obey(flow.program);
    }
  }

  #lookup(tableId: number, inPort: number | undefined): Flow | undefined {
    if (this.packet.hasLostLabels) this.#comeInAnew();
    const { words } = this.packet;
    const own = this.inPort;
    if (inPort !== undefined) words[WORD_OF.inPort] = inPort;
    const flow = findFlow(this.pipeline, words, tableId, this.recording?.mask);
    words[WORD_OF.inPort] = own;
    const table = this.pipeline.tables.tables[tableId];
    if (table === undefined) return flow;
    this.outcome.countLookup(table, flow);
    return flow;
  }

  /** Without its labels a packet is another one: it counts with what is left of it. */
  #comeInAnew(): void {
    this.outcome.size = this.packet.bytes.length;
    this.packet.recirculate();
  }

  /** Does what a flow says. @returns the table to go on to */
  #obey(program: Program): number | undefined {
    if (program.meterId !== undefined) this.outcome.meter(program.meterId);
    // What ends the list ends the flow: Open vSwitch counts the later instructions to it.
    if (program.apply.length > 0 && !this.perform(program.apply, this.reasonOf(false))) {
      this.pause?.leaveFlow(program, this.#tableId, this.#cookie);
      return undefined;
    }
    if (program.clears) this.write([], EMPTY_SET);
    if (program.write.length > 0 && this.#written.length === 0) this.write(program.write, program.set);
    else if (program.write.length > 0) this.writeMore(program.write);
    const { metadataChunks } = program;
    if (metadataChunks !== undefined) {
      this.packet.writeMasked(METADATA, metadataChunks);
      this.recording?.effects.push({ type: 'metadata', chunks: metadataChunks });
    }
    return program.gotoTable;
  }

  /** As {@link #obey}, one instruction after the other. */
  #obeyWatched({ instructions }: Flow, watcher: Watcher): number | undefined {
    let next: number | undefined;
    for (const instruction of inOrder(instructions)) {
      const program = compileInstructions([instruction]);
      if (instruction.type !== 'applyActions')
        next = watcher.deed({ type: 'instruction', instruction }, this.#walk, () => this.#obey(program));
      else if (!this.perform(program.apply, this.reasonOf(false))) return undefined;
      if (this.isOver) return undefined;
    }
    return next;
  }
}
