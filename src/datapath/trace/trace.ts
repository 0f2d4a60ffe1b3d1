import type { Action } from '../../ofp/actions/action.ts';
import type { Instruction } from '../../ofp/instruction.ts';
import { bitsToBytes } from '../../ofp/oxm/field-bits.ts';
import type { FieldName, MatchInit } from '../../ofp/oxm/fields.ts';
import { allOnes, type FlowKey, PLACES, type Place } from '../../ofp/text/flow-key.ts';
import { matchOfKey } from '../../ofp/text/match-write.ts';
import { packetKey } from '../../ofp/text/packet/key.ts';
import type { Walk } from '../actions/walk.ts';
import { OPTION_BITS, readRun, runOf, WORD_OF, wordRun } from '../packet/layout.ts';
import { Packet } from '../packet/packet.ts';
import { type Tunnel, writeTunnel } from '../packet/tunnel.ts';
import { optionsOf } from '../packet/tunnel-options.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Flow } from '../tables/flow.ts';
import { Traversal } from '../traversal/traversal.ts';
import type { Verdict } from '../traversal/verdict.ts';
import type { Deed, Watcher } from '../traversal/watcher.ts';

/** The flow that a table has for a packet. */
export interface TracedFlow {
  readonly priority: number;
  readonly cookie: bigint;
  readonly match: MatchInit;
  readonly instructions: readonly Instruction[];
}

/** A field of the packet that an action or instruction has changed; undefined where the packet has no such field. */
export interface Rewrite {
  readonly field: FieldName;
  readonly from: unknown;
  readonly to: unknown;
}

/** What happens to a packet, and within `steps` what happens because of it. */
export type TraceStep =
  /** A lookup; without `flow` no flow takes the packet, which is dropped. */
  | TracedTable
  | {
      readonly type: 'action';
      readonly action: Action;
      readonly rewrites: readonly Rewrite[];
      readonly steps: readonly TraceStep[];
    }
  /** Every instruction but apply-actions, whose actions stand for it. */
  | {
      readonly type: 'instruction';
      readonly instruction: Instruction;
      readonly rewrites: readonly Rewrite[];
      readonly steps: readonly TraceStep[];
    }
  | { readonly type: 'actionSet'; readonly steps: readonly TraceStep[] }
  /** A bucket of the group that the action around it names. */
  | { readonly type: 'bucket'; readonly index: number; readonly steps: readonly TraceStep[] };

/** The lookup of a packet in a table, and what its flow does with it. */
export interface TracedTable {
  readonly type: 'table';
  readonly tableId: number;
  readonly flow: TracedFlow | undefined;
  readonly steps: readonly TraceStep[];
}

/** The way of a packet through a switch. */
export interface Trace extends Verdict {
  /** The packet's fields as it came in. */
  readonly before: MatchInit;
  /** Its fields at the end; those of copies, as the buckets of groups make them, are left out. */
  readonly after: MatchInit;
  readonly steps: readonly TraceStep[];
}

/** Takes a packet through the tables without any effect. */
export function tracePacket(pipeline: Pipeline, frame: Uint8Array, inPort: number, tunnel?: Tunnel): Trace {
  const packet = Packet.receive(frame, inPort);
  const isTaken = tunnel === undefined || writeTunnel(packet.words, tunnel, pipeline.options);
  const before = fieldsOf(packet);
  const recorder = new Recorder();
  if (!isTaken) return { ...NOTHING, before, after: before, steps: [] };
  const verdict = new Traversal(pipeline, packet, { watcher: recorder }).runTables(0);
  return { ...verdict, before, after: fieldsOf(packet), steps: recorder.steps };
}

/** All tables that a trace went through, in their order. */
export function tablesOf({ steps }: { readonly steps: readonly TraceStep[] }): readonly TracedTable[] {
  return steps.flatMap((step) => [...(step.type === 'table' ? [step] : []), ...tablesOf(step)]);
}

/** Writes down what it hears, as a tree. */
class Recorder implements Watcher {
  readonly steps: TraceStep[] = [];
  #open: TraceStep[] = this.steps;

  table<T>(tableId: number, flow: Flow | undefined, obey: () => T): T {
    return this.#within(obey, (steps) => ({ type: 'table', tableId, flow: flow && tracedFlow(flow), steps }));
  }

  deed<T>(deed: Deed, walk: Walk, run: () => T): T {
    if (deed.type === 'actionSet' || deed.type === 'bucket')
      return this.#within(run, (steps) => ({ ...deed, steps }));
    const { packet } = walk;
    const before = fieldsOf(packet);
    const rewrites: Rewrite[] = [];
    let within: readonly TraceStep[] = [];
    return this.#within(
      () => {
        const result = run();
        // What happens within says itself what it changes.
        if (within.length === 0) rewrites.push(...difference(before, fieldsOf(packet)));
        return result;
      },
      (steps) => {
        within = steps;
        return { ...deed, rewrites, steps };
      },
    );
  }

  #within<T>(run: () => T, step: (steps: readonly TraceStep[]) => TraceStep): T {
    const around = this.#open;
    const steps: TraceStep[] = [];
    around.push(step(steps));
    this.#open = steps;
    try {
      return run();
    } finally {
      this.#open = around;
    }
  }
}

function tracedFlow({ priority, cookie, matchFields, instructions }: Flow): TracedFlow {
  return { priority, cookie, match: matchFields, instructions };
}

const NOTHING: Verdict = { departures: [], packetIns: [], isTooDeep: false };

/** The places that travel with a packet: those before the frame's own. */
const METADATA_PLACES = (Object.keys(PLACES) as Place[]).filter(
  (place) => WORD_OF[place] < WORD_OF.dlSrc && !['packetType', 'actsetOutput', 'regs'].includes(place),
);
const REGISTER_BITS = 32;

/** What a packet is: all of the frame's fields, and of those that travel with it the ones that are not 0. */
function fieldsOf(packet: Packet): MatchInit {
  return matchOfKey(keyOf(packet));
}

function keyOf({ bytes, words }: Packet): FlowKey {
  const { key } = packetKey(bytes, 0);
  for (const place of METADATA_PLACES) {
    const value = readRun(words, wordRun(place, 0, PLACES[place]));
    if (value !== 0n || place === 'inPort') key.setExact(place, value);
  }
  for (let shift = 0; shift < PLACES.regs; shift += REGISTER_BITS) {
    const value = readRun(words, wordRun('regs', shift, REGISTER_BITS));
    if (value !== 0n) key.setRun('regs', shift, REGISTER_BITS, value, allOnes(REGISTER_BITS));
  }
  for (const index of optionsOf(words)) {
    const field = `tunMetadata${index}`;
    key.tunnelOptions.set(index, {
      value: bitsToBytes(readRun(words, runOf(field)), OPTION_BITS / 8),
      mask: undefined,
    });
  }
  return key;
}

function difference(before: MatchInit, after: MatchInit): Rewrite[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(after)])] as FieldName[];
  return fields
    .map((field) => ({ field, from: unmasked(before[field]), to: unmasked(after[field]) }))
    .filter(({ from, to }) => String(from) !== String(to));
}

/** A value without the mask that some fields always have. */
function unmasked(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'mask' in value && 'value' in value
    ? value.value
    : value;
}
