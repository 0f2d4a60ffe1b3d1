import type { OnfBundleControl } from '../../ofp/messages/onf-bundle.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import type { MessageFrame } from './frame.ts';
import type { BundledOrder } from './orders.ts';

/** A message of a bundle, read and found good when it came. */
export interface BundleEntry {
  readonly order: BundledOrder;
  /** The message that put it in, which errors are about. */
  readonly frame: MessageFrame;
}

/** What the bundles of one controller may take up. */
export interface BundleLimits {
  /** Messages that wait in all of them together. */
  readonly maxBundledMessages: number;
  /** Bytes of those messages. */
  readonly maxBundledBytes: number;
}

interface Bundle {
  readonly flags: number;
  readonly entries: BundleEntry[];
  /** The message that began it, which the error about its end in silence answers. */
  readonly frame: MessageFrame;
  bytes: number;
  isClosed: boolean;
  usedMs: number;
}

/** How long a bundle waits for its next message, as in Open vSwitch. */
const IDLE_MS = 10_000;

/** The bundles of one connection (ONF extension 230). */
export class Bundles {
  readonly #limits: BundleLimits;
  readonly #bundles = new Map<number, Bundle>();
  #messages = 0;
  #bytes = 0;

  constructor(limits: BundleLimits) {
    this.#limits = limits;
  }

  /** True when there are any. */
  get isWaiting(): boolean {
    return this.#bundles.size > 0;
  }

  open({ bundleId, flags }: OnfBundleControl, frame: MessageFrame, nowMs: number): void {
    const isThere = this.#bundles.has(bundleId);
    this.#forget(bundleId);
    demand(!isThere, 'OFPBFC_BAD_ID', `bundle ${bundleId} was open`);
    this.#begin(bundleId, flags, frame, nowMs);
  }

  close({ bundleId, flags }: OnfBundleControl, nowMs: number): void {
    const bundle = this.#get(bundleId);
    this.#demandOpen(bundleId, bundle, flags);
    bundle.isClosed = true;
    bundle.usedMs = nowMs;
  }

  /** Puts a message into a bundle, which need not have been opened before. */
  add(bundleId: number, flags: number, entry: BundleEntry, nowMs: number): void {
    const size = entry.frame.end - entry.frame.start;
    const { maxBundledMessages, maxBundledBytes } = this.#limits;
    const hasRoom = this.#messages < maxBundledMessages && this.#bytes + size <= maxBundledBytes;
    demand(hasRoom, 'OFPBFC_MSG_TOO_MANY', 'no room for a message');
    const bundle = this.#bundles.get(bundleId) ?? this.#begin(bundleId, flags, entry.frame, nowMs);
    this.#demandOpen(bundleId, bundle, flags);
    bundle.usedMs = nowMs;
    bundle.entries.push(entry);
    bundle.bytes += size;
    this.#messages++;
    this.#bytes += size;
  }

  /** Takes a bundle out to be committed: it is gone whatever comes of that. */
  take({ bundleId, flags }: OnfBundleControl): readonly BundleEntry[] {
    const bundle = this.#get(bundleId);
    this.#forget(bundleId);
    demand(bundle.flags === flags, 'OFPBFC_BAD_FLAGS', `bundle ${bundleId} has other flags`);
    return bundle.entries;
  }

  /** Gives a bundle up. */
  discard(bundleId: number): void {
    this.#get(bundleId);
    this.#forget(bundleId);
  }

  /** Gives the bundles up that nothing was heard of for long. @returns the messages that began them */
  expire(nowMs: number): readonly MessageFrame[] {
    const late: MessageFrame[] = [];
    for (const [bundleId, { usedMs, frame }] of this.#bundles) {
      if (usedMs > nowMs - IDLE_MS) continue;
      this.#forget(bundleId);
      late.push(frame);
    }
    return late;
  }

  #begin(bundleId: number, flags: number, frame: MessageFrame, nowMs: number): Bundle {
    const bundle = { flags, entries: [], frame, bytes: 0, isClosed: false, usedMs: nowMs };
    demand(
      this.#bundles.size < MAX_BUNDLES,
      'OFPBFC_OUT_OF_BUNDLES',
      `a controller has ${MAX_BUNDLES} bundles`,
    );
    this.#bundles.set(bundleId, bundle);
    return bundle;
  }

  /** What does not fit a bundle ends it. */
  #demandOpen(bundleId: number, { isClosed, flags }: Bundle, wanted: number): void {
    if (isClosed || flags !== wanted) this.#forget(bundleId);
    demand(!isClosed, 'OFPBFC_BUNDLE_CLOSED', `bundle ${bundleId} is closed`);
    demand(flags === wanted, 'OFPBFC_BAD_FLAGS', `bundle ${bundleId} has other flags`);
  }

  #get(bundleId: number): Bundle {
    const bundle = this.#bundles.get(bundleId);
    demand(bundle !== undefined, 'OFPBFC_BAD_ID', `there is no bundle ${bundleId}`);
    return bundle;
  }

  #forget(bundleId: number): void {
    const bundle = this.#bundles.get(bundleId);
    if (bundle === undefined) return;
    this.#messages -= bundle.entries.length;
    this.#bytes -= bundle.bytes;
    this.#bundles.delete(bundleId);
  }
}

/** Far more than controllers use. */
const MAX_BUNDLES = 1024;
