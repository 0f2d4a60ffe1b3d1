import type { NxLearn, NxLearn2 } from '../../ofp/actions/nicira/learn.ts';
import { PortNo } from '../../ofp/ports.ts';
import { compileActionSet, EMPTY_SET } from '../actions/action-set.ts';
import { compileActions } from '../actions/actions.ts';
import { chosenBuckets } from '../actions/bucket-choice.ts';
import { learnFrom } from '../actions/learning.ts';
import { Lessons } from '../actions/lessons.ts';
import { normalPorts } from '../actions/normal.ts';
import type { ControllerRequest, Step, Walk } from '../actions/walk.ts';
import { clearTracked, writeTracked } from '../connections/connection-words.ts';
import type { Tracked, TrackOrder } from '../connections/conntrack.ts';
import { runOf, type WordRun } from '../packet/layout.ts';
import type { Packet } from '../packet/packet.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Continuation, Pause } from './continuation.ts';
import { WHOLE_PACKET } from './outcome.ts';
import type { Verdict } from './verdict.ts';
import { Way, type WayOptions } from './way.ts';

/** How often a packet may go on with what is known of its connection, as in Open vSwitch's userspace datapath. */
const MAX_RECIRCULATIONS = 6;

const IP_PROTO = runOf('ipProto');
const TCP_FLAGS = runOf('tcpFlags');

/**
 * What actions do to one packet on its way through the tables of a pipeline (OpenFlow 1.3.5, 5.1.1). It takes effect at
 * the end.
 */
export class Traversal implements Walk {
  readonly #pipeline: Pipeline;
  readonly #way: Way;
  readonly #lessons: Lessons | undefined;
  /** Of the packet as it came: a label may hide it by now. */
  readonly #endsConnection: boolean;
  #recirculations = 0;

  constructor(pipeline: Pipeline, packet: Packet, options: WayOptions = {}) {
    this.#pipeline = pipeline;
    this.#way = new Way(this, pipeline, packet, options);
    this.#lessons = options.watcher === undefined ? new Lessons(pipeline) : undefined;
    this.#endsConnection = packet.endsConnection;
  }

  get packet(): Packet {
    return this.#way.packet;
  }

  get stack(): bigint[] {
    return this.#way.stack;
  }

  get queue(): number | undefined {
    return this.#way.queue;
  }

  set queue(queue: number | undefined) {
    this.#way.queue = queue;
  }

  /** Takes the packet through the tables, and then its action set. */
  runTables(tableId: number): Verdict {
    this.#way.run(tableId);
    return this.#finish();
  }

  /** Does a packet-out's actions. */
  runActions(steps: readonly Step[]): Verdict {
    this.#way.perform(steps, this.#way.reasonOf(false));
    return this.#finish();
  }

  /** Goes on where the packet paused. */
  resume({ stack, written, remainders }: Continuation): Verdict {
    const way = this.#way;
    way.stack = [...stack];
    way.write(written, compileActionSet(written));
    const lists = remainders.map(({ type, actions }) => (type === 'apply' ? compileActions(actions) : []));
    for (const [index, { type, actions, tableId, cookie }] of remainders.entries()) {
      way.goOn(tableId, cookie);
      if (type === 'clear') way.write([], EMPTY_SET);
      else if (type === 'write') way.writeMore(actions);
      else if (!way.perform(lists[index]!, way.reasonOf(false))) {
        way.pause?.remainders.push(...remainders.slice(index + 1));
        break;
      }
    }
    return this.#finish();
  }

  reads(run: WordRun): void {
    this.#way.recording?.reads(run);
    // The set is not written anew for the next packet.
    if (run.place === 'actsetOutput') this.readsMore();
  }

  readsMore(): void {
    const { recording } = this.#way;
    if (recording !== undefined) recording.isRepeatable = false;
  }

  isLive(port: number): boolean {
    return this.#pipeline.ports.isLive(port);
  }

  output(port: number, maxLen: number): void {
    const way = this.#way;
    switch (port) {
      case PortNo.IN_PORT:
        return this.#depart(way.inPort, WHOLE_PACKET);
      case PortNo.CONTROLLER:
        return this.toController({ maxLen, controllerId: 0, reason: way.reason });
      case PortNo.TABLE:
        return way.visit(0, true);
      case PortNo.NORMAL:
        return this.#normal();
      case PortNo.FLOOD:
      case PortNo.ALL:
        for (const each of this.#pipeline.floodPorts(way.inPort)) this.#depart(each, WHOLE_PACKET);
        return;
      default:
        if (port !== way.inPort) this.#depart(port, WHOLE_PACKET);
    }
  }

  outputTruncated(port: number, maxLen: number): void {
    // Open vSwitch takes ports that it has for this, and none that stands for others.
    const isPort = this.#pipeline.ports.get(port) !== undefined;
    if (isPort && port !== this.#way.inPort) this.#depart(port, maxLen);
  }

  toController(request: ControllerRequest): void {
    const { packet, flow, tableId, cookie, outcome } = this.#way;
    const { reason = 'action' } = request;
    outcome.toController(packet, {
      ...request,
      reason: reason === 'action' && flow?.isTableMiss ? 'noMatch' : reason,
      tableId,
      cookie,
    });
  }

  pause(request: ControllerRequest): void {
    this.readsMore();
    this.#way.pause = new Pause(request);
  }

  group(groupId: number): boolean {
    const { limits, outcome, packet, recording, watcher } = this.#way;
    if (!limits.mayGoOn()) return true;
    const group = this.#pipeline.groups.get(groupId);
    if (group === undefined) return false;
    // Open vSwitch lets the packet come in anew to choose, where there is a choice at all.
    if (group.type === 'select' && group.buckets.some(({ bucket }) => bucket.weight > 0)) {
      this.#lessons?.commit();
      outcome.settle();
      packet.recirculate();
    }
    const buckets = chosenBuckets(this.#pipeline.groups, group, packet.words, recording?.mask);
    // Open vSwitch counts a group of which a bucket was chosen.
    if (buckets.length > 0 || group.type === 'all' || group.type === 'indirect') outcome.countGroup(group);
    for (const bucket of buckets) {
      outcome.countGroup(bucket);
      const run = () => this.#doBucket(bucket.actions.steps);
      if (watcher === undefined) run();
      else watcher.deed({ type: 'bucket', index: group.buckets.indexOf(bucket) }, this, run);
    }
    return true;
  }

  resubmit(inPort: number, tableId: number): void {
    const way = this.#way;
    const target = tableId === 0xff ? way.tableId : tableId;
    way.visit(target, target <= way.tableId, inPort === PortNo.IN_PORT ? undefined : inPort);
  }

  learn(action: NxLearn | NxLearn2): void {
    const learning = learnFrom(this.#pipeline, this.packet, action, this.#lessons);
    if (learning?.type !== 'refreshed') this.readsMore();
    else this.#way.recording?.refreshes(learning.flow, action);
  }

  shortenTimeouts(idleTimeout: number, hardTimeout: number): void {
    this.reads(IP_PROTO);
    this.reads(TCP_FLAGS);
    if (!this.#endsConnection && !this.packet.endsConnection) return;
    this.readsMore();
    const { watcher, flow } = this.#way;
    if (watcher === undefined && flow !== undefined)
      this.#pipeline.tables.shortenTimeouts(flow, idleTimeout, hardTimeout);
  }

  clone(steps: readonly Step[]): void {
    const way = this.#way;
    const { stack, queue, written, set } = way;
    way.stack = [...stack];
    const original = way.fork(true);
    // A clone ends as the packet does: with the action set, as it is by then.
    way.limits.nest(false, () => {
      way.perform(steps, way.reasonOf(false));
      if (way.pause === undefined) way.doActionSet();
      way.hand();
    });
    way.rejoin(original);
    way.stack = stack;
    way.queue = queue;
    way.write(written, set);
  }

  track(order: TrackOrder, tableId: number | undefined): void {
    this.readsMore();
    const { packet, outcome, watcher } = this.#way;
    // What a meter drops does not come that far.
    if (!outcome.isMetered) {
      const { connections, nowMs } = this.#pipeline;
      packet.tracked = connections.track(packet, order, nowMs, watcher !== undefined);
      if (tableId !== undefined) this.#recirculate(tableId, packet.tracked);
    }
    clearTracked(packet.words);
  }

  fail(): void {
    this.#way.hasFailed = true;
  }

  exit(): void {
    this.#way.hasExited = true;
  }

  /** Lets a copy of the packet come in anew, with what travels with it: this one's limits and ends are none of its. */
  #recirculate(tableId: number, tracked: Tracked): void {
    if (this.#recirculations >= MAX_RECIRCULATIONS) return;
    // What comes in anew goes by the tables as they are by then.
    this.#lessons?.commit();
    const { stack, queue, written, set, watcher, outcome } = this.#way;
    const copy = this.packet.clone();
    copy.recirculate();
    writeTracked(copy.words, tracked);
    const later = new Traversal(this.#pipeline, copy, { watcher });
    later.#recirculations = this.#recirculations + 1;
    later.#way.stack = [...stack];
    later.queue = queue;
    later.#way.write(written, set);
    outcome.add(later.runTables(tableId));
  }

  #finish(): Verdict {
    const way = this.#way;
    // Of a packet that has exited nothing is done, but a trace tells that it was its turn, as Open vSwitch's does.
    if (!way.isOver || (way.hasExited && way.watcher !== undefined)) way.doActionSet();
    way.hand();
    this.#lessons?.commit();
    const { isTooDeep } = way.limits;
    if (isTooDeep || way.hasFailed) {
      // What was done on the way is nothing for the next packet to do again.
      this.readsMore();
      way.outcome.unmeter();
      way.outcome.takeBack();
    }
    const { departures, packetIns } = way.outcome;
    return { departures, packetIns, isTooDeep };
  }

  #doBucket(steps: readonly Step[]): void {
    const way = this.#way;
    const original = way.fork(false);
    const { size } = way.outcome;
    const { queue } = way;
    way.limits.nest(true, () => way.perform(steps, way.reasonOf(true)));
    way.hand();
    way.rejoin(original);
    way.outcome.size = size;
    way.queue = queue;
    // What ends a bucket, or fails in it, ends nothing else.
    way.hasExited = false;
    way.hasFailed = false;
  }

  #normal(): void {
    this.readsMore();
    const way = this.#way;
    const ports = normalPorts(this.#pipeline, this.packet.words, way.watcher === undefined);
    const original = way.fork(true);
    this.packet.popEmptyTags();
    for (const each of ports) this.#depart(each, WHOLE_PACKET);
    way.rejoin(original);
  }

  #depart(port: number, maxLen: number): void {
    const { outcome, packet, queue } = this.#way;
    outcome.depart(packet, port, maxLen, queue);
  }
}
