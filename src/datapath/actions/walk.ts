import type { Action } from '../../ofp/actions/action.ts';
import type { NxLearn, NxLearn2 } from '../../ofp/actions/nicira/learn.ts';
import type { PacketInReason } from '../../ofp/messages/packet-in.ts';
import type { TrackOrder } from '../connections/conntrack.ts';
import type { BesideFrame } from '../packet/beside-frame.ts';
import type { WordRun } from '../packet/layout.ts';
import type { Packet } from '../packet/packet.ts';

/** What an action asks of a controller. */
export interface ControllerRequest {
  /** Default: what follows from where the action stands. */
  readonly reason?: PacketInReason;
  /** Bytes of the packet that it wants. */
  readonly maxLen: number;
  /** Which controllers, by the id that they chose. */
  readonly controllerId: number;
  readonly userdata?: Uint8Array;
  readonly meterId?: number;
}

/** A packet's way through the tables, as actions see it. */
export interface Walk {
  readonly packet: Packet;
  /** Values that nxStackPush has put there. */
  readonly stack: bigint[];
  /** The queue that outputs go to; undefined for the port's default. */
  queue: number | undefined;
  /** Notes that what happens depends on these bits of the packet. */
  reads(run: WordRun): void;
  /** Notes that what happens depends on more than the packet's words, or must happen each time. */
  readsMore(): void;
  output(port: number, maxLen: number): void;
  /** Sends the first bytes of the packet. */
  outputTruncated(port: number, maxLen: number): void;
  toController(request: ControllerRequest): void;
  /** Stops here, and hands the packet to a controller together with all that is left to do with it. */
  pause(request: ControllerRequest): void;
  /** @returns false when there is no such group */
  group(groupId: number): boolean;
  /** @param tableId 255 for the table that the packet is in */
  resubmit(inPort: number, tableId: number): void;
  learn(action: NxLearn | NxLearn2): void;
  /**
   * Shortens the timeouts of the flow that the packet is in, in seconds, if the packet ends a TCP connection; 0 leaves
   * one.
   */
  shortenTimeouts(idleTimeout: number, hardTimeout: number): void;
  /** True when a packet can leave through the port. */
  isLive(port: number): boolean;
  /** Does the steps to a copy of the packet. */
  clone(steps: readonly Step[]): void;
  /** Asks for the packet's connection. @param tableId where a copy goes on that knows it; without one, nothing does */
  track(order: TrackOrder, tableId: number | undefined): void;
  /** Ends the packet's way: it goes nowhere at all. */
  fail(): void;
  /** Ends the packet's way, its action set included. */
  exit(): void;
}

/** An action, ready to be done. */
export interface Step {
  readonly action: Action;
  /** True when it changes the packet and what travels with it, and nothing else. */
  readonly isRewrite: boolean;
  /** What a rewrite has to do with what travels beside the frame. */
  readonly beside: BesideFrame;
  /** @returns false to leave out what follows in the list, and in the flow that it is of */
  perform(walk: Walk): unknown;
}
