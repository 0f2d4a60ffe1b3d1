import { UsageError } from '../../util/errors.ts';
import type { FlowSpec } from '../flow-spec.ts';
import type { FlowModInit } from '../messages/flow-mod.ts';
import { decodeFlowEntry } from '../multipart/flow-stats.ts';
import { toldFlow } from '../told/told-flow.ts';
import { withToldMatch } from '../told/told-match.ts';
import type { WireView } from '../wire/wire-view.ts';
import { Writer } from '../wire/writer.ts';
import { describe } from './describe.ts';
import { doesSame, encodeFlowEntry, hasSameFrame, isWalkable } from './flow-entry.ts';
import { FlowIndex } from './flow-index.ts';

/** The flow-mods that make flows what they should be. */
export interface FlowDifference {
  readonly added: FlowModInit[];
  readonly changed: FlowModInit[];
  readonly deleted: FlowModInit[];
}

/**
 * The flows that should be, compared with those that are, one at a time. Only those that are to go are kept.
 *
 * A flow whose instructions differ is modified, which keeps its counters and its age. One whose cookie, timeouts or
 * flags differ is added again, because modifying cannot change those: that keeps the counters and restarts the age.
 */
export class FlowComparison {
  readonly #desired: FlowSpec[] = [];
  readonly #index = new FlowIndex();
  /** By the number of the desired flow: what there is to do. Those that were not seen are to be added. */
  readonly #changes: (FlowModInit | 'add' | undefined)[] = [];
  readonly #deleted: FlowModInit[] = [];
  readonly #scratch = new Writer(1024);
  readonly #told = new Writer(1024);

  /** @throws UsageError `OFP_DUPLICATE` when two of the flows are the same one; WireError for a value that is none */
  constructor(desired: Iterable<FlowSpec>) {
    for (const flow of desired) {
      if (!this.#index.add(withToldMatch(flow)))
        throw new UsageError('OFP_DUPLICATE', `desired twice: ${describe(addFlow(flow))}`);
      this.#desired.push(flow);
      this.#changes.push('add');
    }
  }

  /**
   * Takes a flow as a switch lists it, whose length has been checked. Nearly always it is as it should be, byte for
   * byte, and is not decoded.
   * @throws WireError when it is malformed
   */
  seeEntry(wire: WireView, start: number, end: number): void {
    if (isWalkable(wire, start, end)) {
      const number = this.#index.find(wire, start);
      if (number >= 0 && this.#hasFrame(number, wire, start) && this.#does(number, wire, start)) {
        this.#changes[number] = undefined;
        return;
      }
    }
    this.see(decodeFlowEntry(wire, start, end));
  }

  /** Takes a flow that is there. */
  see(flow: FlowSpec): void {
    this.#scratch.offset = 0;
    encodeFlowEntry(this.#scratch, toldFlow(flow));
    const number = this.#index.find(this.#scratch, 0);
    if (number < 0) this.#deleted.push(deleteFlow(flow));
    else this.#changes[number] = this.#changeOf(number);
  }

  /** What there is to do, when all flows have been seen. */
  difference(): FlowDifference {
    const difference: FlowDifference = { added: [], changed: [], deleted: this.#deleted };
    for (const [number, change] of this.#changes.entries()) {
      if (change === 'add') difference.added.push(addFlow(this.#desired[number]!));
      else if (change !== undefined) difference.changed.push(change);
    }
    return difference;
  }

  /** What makes the flow in {@link #scratch} the desired one. */
  #changeOf(number: number): FlowModInit | undefined {
    const desired = this.#desired[number]!;
    if (!this.#hasFrame(number, this.#scratch, 0)) return addFlow(desired);
    if (this.#does(number, this.#scratch, 0)) return undefined;
    return flowModOf('modifyStrict', desired);
  }

  #hasFrame(number: number, wire: WireView, start: number): boolean {
    return hasSameFrame(this.#index.wireOf(number), this.#index.startOf(number), wire, start);
  }

  /** Whether the desired flow does what an entry says, as it was said itself or else as Open vSwitch tells it. */
  #does(number: number, wire: WireView, start: number): boolean {
    if (doesSame(this.#index.wireOf(number), this.#index.startOf(number), wire, start)) return true;
    this.#told.offset = 0;
    // Its match is what it was found by.
    encodeFlowEntry(this.#told, { ...toldFlow(this.#desired[number]!), match: {} });
    return doesSame(this.#told, 0, wire, start);
  }
}

function addFlow(flow: FlowSpec): FlowModInit {
  return flowModOf('add', flow);
}

/** Spelt out with its defaults: spreading a flow into a message takes longer than encoding the message. */
function flowModOf(command: 'add' | 'modifyStrict', flow: FlowSpec): FlowModInit {
  const { tableId, priority, match = {}, instructions = [] } = flow;
  const { cookie = 0, idleTimeout = 0, hardTimeout = 0, flags = 0 } = flow;
  return {
    type: 'flowMod',
    command,
    cookie,
    tableId,
    idleTimeout,
    hardTimeout,
    priority,
    flags,
    match,
    instructions,
  };
}

/** Deletes exactly this flow, and only while it has this cookie. */
function deleteFlow({ tableId, priority, match = {}, cookie = 0 }: FlowSpec): FlowModInit {
  return { type: 'flowMod', command: 'deleteStrict', tableId, priority, match, cookie, cookieMask: ALL_ONES };
}

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
