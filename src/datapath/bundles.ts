import type { Message } from '../ofp/message.ts';
import type { OnfBundleAddMessage, OnfBundleControl } from '../ofp/messages/onf-bundle.ts';
import { demand } from '../ofp/text/check/refusal.ts';

/** A message that a bundle may have. */
export type BundledMessage = Extract<Message, { type: 'flowMod' | 'groupMod' | 'packetOut' }>;

interface Bundle {
  readonly flags: number;
  readonly messages: BundledMessage[];
  isClosed: boolean;
}

/** The bundles of one connection (ONF extension 230). */
export class Bundles {
  readonly #maxMessages: number;
  readonly #bundles = new Map<number, Bundle>();
  #messages = 0;

  /** @param maxMessages that wait in all bundles together */
  constructor(maxMessages: number) {
    this.#maxMessages = maxMessages;
  }

  open({ bundleId, flags }: OnfBundleControl): void {
    const isThere = this.#bundles.has(bundleId);
    this.discard(bundleId);
    demand(!isThere, 'OFPBFC_BAD_ID', `bundle ${bundleId} was open`);
    this.#bundles.set(bundleId, { flags, messages: [], isClosed: false });
  }

  close({ bundleId, flags }: OnfBundleControl): void {
    const bundle = this.#get(bundleId);
    const wasClosed = bundle.isClosed;
    if (wasClosed || bundle.flags !== flags) this.discard(bundleId);
    demand(!wasClosed, 'OFPBFC_BUNDLE_CLOSED', `bundle ${bundleId} is closed`);
    demand(bundle.flags === flags, 'OFPBFC_BAD_FLAGS', `bundle ${bundleId} has other flags`);
    bundle.isClosed = true;
  }

  /** Puts a message into a bundle, which need not have been opened before. */
  add({ bundleId, flags, message, xid }: OnfBundleAddMessage): void {
    demand(message.xid === xid, 'OFPBFC_MSG_BAD_XID', 'the message has another xid than what it came in');
    demand(
      message.type === 'flowMod' || message.type === 'groupMod' || message.type === 'packetOut',
      'OFPBFC_MSG_UNSUP',
      `${message.type} cannot be part of a bundle`,
    );
    const bundle = this.#bundles.get(bundleId) ?? { flags, messages: [], isClosed: false };
    demand(!bundle.isClosed, 'OFPBFC_BUNDLE_CLOSED', `bundle ${bundleId} is closed`);
    demand(bundle.flags === flags, 'OFPBFC_BAD_FLAGS', `bundle ${bundleId} has other flags`);
    demand(this.#messages < this.#maxMessages, 'OFPBFC_MSG_TOO_MANY', 'no room for a message');
    this.#bundles.set(bundleId, bundle);
    bundle.messages.push(message);
    this.#messages++;
  }

  /** Takes a bundle out to be committed. */
  take({ bundleId, flags }: OnfBundleControl): readonly BundledMessage[] {
    const bundle = this.#get(bundleId);
    this.discard(bundleId);
    demand(bundle.flags === flags, 'OFPBFC_BAD_FLAGS', `bundle ${bundleId} has other flags`);
    return bundle.messages;
  }

  /** Forgets a bundle. @returns false when there was none */
  discard(bundleId: number): boolean {
    this.#messages -= this.#bundles.get(bundleId)?.messages.length ?? 0;
    return this.#bundles.delete(bundleId);
  }

  #get(bundleId: number): Bundle {
    const bundle = this.#bundles.get(bundleId);
    demand(bundle !== undefined, 'OFPBFC_BAD_ID', `there is no bundle ${bundleId}`);
    return bundle;
  }
}
