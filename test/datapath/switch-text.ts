import { Pipeline, type PipelineOptions } from '../../src/datapath/pipeline.ts';
import { portInit } from '../../src/datapath/ports.ts';
import type { ActionInit } from '../../src/ofp/actions/action.ts';
import { decode, encode } from '../../src/ofp/message.ts';
import type { FlowMod, FlowModCommand } from '../../src/ofp/messages/flow-mod.ts';
import type { GroupMod, GroupModInit } from '../../src/ofp/messages/group-mod.ts';
import type { MeterMod, MeterModInit } from '../../src/ofp/messages/meter-mod.ts';
import { Refusal } from '../../src/ofp/text/check/refusal.ts';
import { parseFlow } from '../../src/ofp/text/flow-parse.ts';

/** A pipeline with ports 1 to 4, whose clock stands until it is told otherwise, spoken to as `ovs-ofctl` would be. */
export class TextPipeline {
  readonly pipeline: Pipeline;
  /** What left through ports since it was last asked: port and length. */
  readonly sent: { readonly port: number; readonly frame: Uint8Array }[] = [];
  nowMs = 0;

  constructor(options: PipelineOptions = {}) {
    this.pipeline = new Pipeline({ now: () => this.nowMs, ...options });
    for (const portNo of [1, 2, 3, 4]) {
      const transmit = (frame: Uint8Array) => void this.sent.push({ port: portNo, frame });
      this.pipeline.ports.add(portInit({ portNo }), transmit, 0);
    }
  }

  /** @returns the name of the error, if it was refused */
  flow(text: string, command: FlowModCommand = 'add'): string | undefined {
    const message = decode(encode(parseFlow(text, command))) as FlowMod;
    return refused(() => this.pipeline.apply(message));
  }

  /** Adds a flow whose actions there are no words for. */
  actions(match: string, actions: readonly ActionInit[]): void {
    const instructions = [{ type: 'applyActions' as const, actions }];
    const message = { ...parseFlow(`${match},actions=drop`, 'add'), instructions };
    this.pipeline.apply(decode(encode(message)) as FlowMod);
  }

  flows(...texts: readonly string[]): void {
    for (const text of texts) {
      const error = this.flow(text);
      if (error !== undefined) throw new Error(`${text}: ${error}`);
    }
  }

  group(init: Omit<GroupModInit, 'type'>): string | undefined {
    const message = decode(encode({ type: 'groupMod', ...init })) as GroupMod;
    return refused(() => this.pipeline.apply(message));
  }

  meter(init: Omit<MeterModInit, 'type'>): string | undefined {
    const message = decode(encode({ type: 'meterMod', ...init })) as MeterMod;
    return refused(() => this.pipeline.apply(message));
  }

  /** Sends a frame in. @returns the ports that it left through */
  ports(frame: Uint8Array, inPort = 1): number[] {
    this.sent.length = 0;
    this.pipeline.receive(frame, inPort);
    return this.sent.map(({ port }) => port);
  }

  /** Sends a frame in. @returns the one frame that left */
  frame(frame: Uint8Array, inPort = 1): Buffer {
    this.ports(frame, inPort);
    if (this.sent.length !== 1) throw new Error(`expected one frame, ${this.sent.length} left`);
    return Buffer.from(this.sent[0]!.frame);
  }

  /** The counters of all flows, as priority: packets. */
  counts(tableId = 0): Record<number, number> {
    const counts: Record<number, number> = {};
    for (const flow of this.pipeline.tables.tables[tableId]!.flows.rules())
      counts[flow.priority] = flow.packets;
    return counts;
  }
}

/** The name of the error that an order is refused with. */
function refused(order: () => void): string | undefined {
  try {
    order();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
}
