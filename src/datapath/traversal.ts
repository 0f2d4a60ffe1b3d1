import type { Action } from '../ofp/actions/action.ts';
import type { NxLearn, NxLearn2 } from '../ofp/actions/nicira/learn.ts';
import type { PacketInReason } from '../ofp/messages/packet-in.ts';
import { PortNo } from '../ofp/ports.ts';
import { type ActionSet, compileActionSet } from './action-set.ts';
import { performAll } from './actions.ts';
import type { Flow } from './flow.ts';
import type { Group, GroupBucket } from './groups.ts';
import { Journal } from './journal.ts';
import { type FlowWords, runOf, subrunOf, WORD_OF } from './layout.ts';
import { learntFlow } from './learn.ts';
import { normalPorts } from './normal.ts';
import type { Packet } from './packet.ts';
import type { Pipeline } from './pipeline.ts';
import { compileInstructions, inOrder, type Program } from './program.ts';
import { outwardTunnel, type Tunnel } from './tunnel.ts';
import type { ControllerRequest, Step, Walk } from './walk.ts';
import type { Watcher } from './watcher.ts';

/** How often a packet may go back to the same table or an earlier one within one resubmit, as in Open vSwitch. */
const MAX_DEPTH = 64;
/** How many resubmits and goto-tables one packet may take, as in Open vSwitch. */
const MAX_RESUBMITS = 4096;
/** How deep groups and clones may lie in each other, resubmits included: what the stack surely holds. */
const MAX_NESTING = 512;

/** A packet that leaves through a port. */
export interface Departure {
  readonly port: number;
  readonly frame: Uint8Array;
  /** Undefined for the port's default queue. */
  readonly queue: number | undefined;
  /** What a tunnel port puts around the frame. */
  readonly tunnel: Tunnel | undefined;
}

/** A packet that goes to the controllers. */
export interface PacketInRequest extends ControllerRequest {
  readonly reason: PacketInReason;
  readonly frame: Uint8Array;
  readonly words: FlowWords;
  readonly tableId: number;
  readonly cookie: bigint;
}

/** What becomes of a packet. */
export interface Verdict {
  readonly departures: readonly Departure[];
  readonly packetIns: readonly PacketInRequest[];
  /** Why the packet went nowhere: it took more resubmits than the limits allow. */
  readonly isTooDeep: boolean;
}

const EMPTY_SET = compileActionSet([]);
const METADATA = runOf('metadata');
/** The cookie and table of packets that no flow has sent: packet-outs. */
const NO_COOKIE = 0xffff_ffff_ffff_ffffn;

/** One packet's way through the tables of a pipeline (OpenFlow 1.3.5, 5.1.1). What it does takes effect at the end. */
export class Traversal implements Walk {
  readonly stack: { readonly value: bigint; readonly bits: number }[] = [];
  queue: number | undefined;
  readonly #pipeline: Pipeline;
  readonly #size: number;
  readonly #watcher: Watcher | undefined;
  readonly #departures: Departure[] = [];
  readonly #packetIns: PacketInRequest[] = [];
  #packet: Packet;
  #written: readonly Action[] = [];
  /** What {@link #written} makes. */
  #set: ActionSet = EMPTY_SET;
  #flow: Flow | undefined;
  #tableId = 0;
  #reason: PacketInReason;
  #depth = 0;
  #resubmits = 0;
  #nesting = 0;
  #hasExited = false;
  #isTooDeep = false;

  constructor(pipeline: Pipeline, packet: Packet, reason: PacketInReason = 'action', watcher?: Watcher) {
    this.#pipeline = pipeline;
    this.#packet = packet;
    this.#size = packet.bytes.length;
    this.#reason = reason;
    this.#watcher = watcher;
  }

  get packet(): Packet {
    return this.#packet;
  }

  /** Takes the packet through the tables, and then its action set. */
  runTables(tableId: number): Verdict {
    this.#enter(tableId);
    return this.#finish();
  }

  /** Does a packet-out's actions. */
  runActions(steps: readonly Step[]): Verdict {
    this.#perform(steps);
    return this.#finish();
  }

  output(port: number, maxLen: number): void {
    switch (port) {
      case PortNo.IN_PORT:
        return this.#depart(this.#inPort, this.#packet.share());
      case PortNo.CONTROLLER:
        return this.toController({ maxLen, controllerId: 0 });
      case PortNo.TABLE:
        return this.#nested(() => this.#enter(0));
      case PortNo.NORMAL:
      case PortNo.FLOOD:
      case PortNo.ALL: {
        const frame = this.#packet.share();
        for (const each of this.#spread(port)) this.#depart(each, frame);
        return;
      }
      default:
        if (port !== this.#inPort) this.#depart(port, this.#packet.share());
    }
  }

  outputTruncated(port: number, maxLen: number): void {
    const frame = this.#packet.share().subarray(0, maxLen);
    if (port === PortNo.IN_PORT) this.#depart(this.#inPort, frame);
    else if (port !== this.#inPort) this.#depart(port, frame);
  }

  toController(request: ControllerRequest): void {
    const reason = request.reason ?? this.#reasonNow;
    const frame = this.#packet.share();
    this.#packetIns.push({
      ...request,
      reason,
      frame,
      words: this.#packet.words.slice(),
      tableId: this.#flow === undefined ? 0 : this.#tableId,
      cookie: this.#flow?.cookie ?? NO_COOKIE,
    });
  }

  group(groupId: number): void {
    const group = this.#pipeline.groups.get(groupId);
    if (group === undefined) return;
    const watcher = this.#watcher;
    if (watcher === undefined) count(group, this.#size);
    for (const bucket of this.#bucketsOf(group)) {
      const run = () => this.#inGroup(bucket.actions);
      if (watcher === undefined) {
        count(bucket, this.#size);
        run();
      } else watcher.deed({ type: 'bucket', index: group.buckets.indexOf(bucket) }, this, run);
    }
  }

  resubmit(inPort: number, tableId: number): void {
    const words = this.#packet.words;
    const [ownPort, ownTable, flow] = [this.#inPort, this.#tableId, this.#flow];
    const target = tableId === 0xff ? ownTable : tableId;
    if (inPort !== PortNo.IN_PORT) words[WORD_OF.inPort] = inPort;
    this.#nested(() => this.#deepening(target <= ownTable, () => this.#enter(target, ownPort)));
    this.#packet.words[WORD_OF.inPort] = ownPort;
    this.#tableId = ownTable;
    this.#flow = flow;
  }

  learn(action: NxLearn | NxLearn2): void {
    const order = learntFlow(action, this.#packet.words);
    const limit = action.type === 'nxLearn2' ? action.limit : 0;
    const isLearnt = this.#watcher !== undefined || this.#pipeline.learn(order, limit, new Journal());
    if (action.type !== 'nxLearn2' || action.resultDst === undefined) return;
    const { field, start } = action.resultDst;
    this.#packet.writeNumber(subrunOf(field, start, 1), isLearnt ? 1 : 0);
  }

  clone(steps: readonly Step[]): void {
    this.#nested(() => this.#onCopy(() => this.#perform(steps)));
  }

  exit(): void {
    this.#hasExited = true;
  }

  get #inPort(): number {
    return this.#packet.words[WORD_OF.inPort]!;
  }

  get #reasonNow(): PacketInReason {
    return this.#reason === 'action' && this.#flow?.isTableMiss ? 'noMatch' : this.#reason;
  }

  #isOver = (): boolean => this.#hasExited || this.#isTooDeep;

  #perform(steps: readonly Step[]): boolean {
    const watcher = this.#watcher;
    return performAll(watcher === undefined ? steps : watched(steps, watcher), this, this.#isOver);
  }

  /**
   * Looks the packet up from a table on, until no flow leads on.
   * @param ownPort put back once the flow is found: a resubmit's port counts for its lookup only
   */
  #enter(first: number, ownPort?: number): void {
    for (let tableId: number | undefined = first; tableId !== undefined; ) {
      if (++this.#resubmits > MAX_RESUBMITS) {
        this.#isTooDeep = true;
        return;
      }
      this.#tableId = tableId;
      const watcher = this.#watcher;
      const { words } = this.#packet;
      const flow: Flow | undefined =
        watcher === undefined ? this.#pipeline.lookup(tableId, words) : this.#pipeline.peek(tableId, words);
      if (ownPort !== undefined) this.#packet.words[WORD_OF.inPort] = ownPort;
      this.#flow = flow;
      if (watcher !== undefined) {
        tableId = watcher.table(tableId, flow, () => flow && this.#obeyWatched(flow, watcher));
        continue;
      }
      if (flow === undefined) return;
      flow.use(this.#size, this.#pipeline.nowMs);
      tableId = this.#obey(flow.program);
    }
  }

  /** Does what a flow says. @returns the table to go on to */
  #obey(program: Program): number | undefined {
    if (program.meterId !== undefined && !this.#passesMeter(program.meterId)) {
      this.#hasExited = true;
      return undefined;
    }
    // What ends the list ends the flow: Open vSwitch counts the later instructions to it.
    if (program.apply.length > 0 && !this.#perform(program.apply)) return undefined;
    if (program.clears) this.#write([], EMPTY_SET);
    if (program.write.length > 0 && this.#written.length === 0) this.#write(program.write, program.set);
    else if (program.write.length > 0) {
      const written = [...this.#written, ...program.write];
      this.#write(written, compileActionSet(written));
    }
    const { metadata } = program;
    if (metadata !== undefined) this.#packet.writeMasked(METADATA, metadata.value, metadata.mask);
    return program.gotoTable;
  }

  #passesMeter(meterId: number): boolean {
    return this.#watcher !== undefined || this.#pipeline.passesMeter(meterId, this.#size);
  }

  /** As {@link #obey}, one instruction after the other. */
  #obeyWatched({ instructions }: Flow, watcher: Watcher): number | undefined {
    let next: number | undefined;
    for (const instruction of inOrder(instructions)) {
      const program = compileInstructions([instruction]);
      if (instruction.type !== 'applyActions')
        next = watcher.deed({ type: 'instruction', instruction }, this, () => this.#obey(program));
      else if (!this.#perform(program.apply)) return undefined;
      if (this.#isOver()) return undefined;
    }
    return next;
  }

  #write(actions: readonly Action[], set: ActionSet): void {
    this.#written = actions;
    this.#set = set;
    this.#packet.words[WORD_OF.actsetOutput] = set.outputPort;
  }

  #finish(): Verdict {
    if (this.#written.length > 0 && !this.#isOver()) {
      const { steps } = this.#set;
      this.#written = [];
      const run = () => this.#with('actionSet', () => this.#perform(steps));
      if (this.#watcher === undefined) run();
      else this.#watcher.deed({ type: 'actionSet' }, this, run);
    }
    if (this.#isTooDeep) return { departures: [], packetIns: [], isTooDeep: true };
    return { departures: this.#departures, packetIns: this.#packetIns, isTooDeep: false };
  }

  #inGroup({ steps }: ActionSet): void {
    this.#nested(() =>
      this.#with('group', () =>
        this.#onCopy(() => {
          const hadExited = this.#hasExited;
          this.#perform(steps);
          this.#hasExited = hadExited;
        }),
      ),
    );
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
        return this.#pipeline.select(group, this.#packet.words);
    }
  }

  #spread(port: number): readonly number[] {
    if (port === PortNo.NORMAL)
      return normalPorts(this.#pipeline, this.#packet.words, this.#watcher === undefined);
    return this.#pipeline.floodPorts(this.#inPort);
  }

  #depart(port: number, frame: Uint8Array): void {
    const address = this.#pipeline.ports.get(port)?.tunnelAddress;
    const tunnel = address === undefined ? undefined : outwardTunnel(this.#packet.words, address);
    if (address === undefined || tunnel !== undefined)
      this.#departures.push({ port, frame, queue: this.queue, tunnel });
  }

  #onCopy(run: () => void): void {
    const original = this.#packet;
    this.#packet = original.clone();
    run();
    this.#packet = original;
  }

  #with(reason: PacketInReason, run: () => void): void {
    const before = this.#reason;
    if (before !== 'packetOut') this.#reason = reason;
    run();
    this.#reason = before;
  }

  #deepening(isDeeper: boolean, run: () => void): void {
    if (isDeeper && this.#depth >= MAX_DEPTH) {
      this.#isTooDeep = true;
      return;
    }
    if (isDeeper) this.#depth++;
    run();
    if (isDeeper) this.#depth--;
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

/** Counts a packet that went through a group or a bucket. */
function count(counted: { packets: number; bytes: number }, size: number): void {
  counted.packets++;
  counted.bytes += size;
}

/** Steps that a watcher hears of. */
function watched(steps: readonly Step[], watcher: Watcher): readonly Step[] {
  return steps.map((step) => ({
    action: step.action,
    perform: (walk) => watcher.deed({ type: 'action', action: step.action }, walk, () => step.perform(walk)),
  }));
}
