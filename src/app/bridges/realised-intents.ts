import type { Switch } from '../../ofp/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import { compile, OWNED } from '../pipeline/compile.ts';
import { type Intent, intentId } from '../pipeline/intent.ts';
import { joinParts, type Part } from '../pipeline/part.ts';

/** What {@link RealisedIntents} works with, and whom it tells. */
export interface RealisedIntentsOptions {
  readonly session: Switch;
  /** The switch would not take something; it is tried once to put everything right. */
  readonly onFailure: (error: GalagoError) => void;
  /** The switch has everything that was asked for so far, or cannot have it. */
  readonly onSettled: () => void;
}

/**
 * What should be in a switch, and what is. The first is a map of intents, the second, as far as is believed, a map of
 * their compiled parts. A change marks the intents that it touches; at the end of the turn their parts are compared and
 * the difference goes out as one bundle. One bundle is under way at a time. When one fails, or somebody else has
 * deleted flows, belief and switch have parted, and everything is read back and put right.
 */
export class RealisedIntents {
  readonly #options: RealisedIntentsOptions;
  readonly #desired = new Map<string, Intent>();
  readonly #realised = new Map<string, Part>();
  readonly #touched = new Set<string>();
  /** Whether the switch may have something else than what is believed to be in it. */
  #isUncertain = false;
  #working: Promise<void> | undefined;
  #isStopped = false;

  constructor(options: RealisedIntentsOptions) {
    this.#options = options;
  }

  /** Wants these intents, and no others. */
  set(intents: readonly Intent[]): void {
    const wanted = new Map(intents.map((intent) => [intentId(intent), intent]));
    for (const id of this.#desired.keys()) if (!wanted.has(id)) this.#want(id, undefined);
    for (const [id, intent] of wanted) this.#want(id, intent);
    this.#realiseSoon();
  }

  /** Wants one more. */
  add(intent: Intent): void {
    this.#want(intentId(intent), intent);
    this.#realiseSoon();
  }

  /** Does not want one any more. */
  delete(intent: Intent): void {
    this.#want(intentId(intent), undefined);
    this.#realiseSoon();
  }

  /**
   * Makes the switch what is wanted when `prepare` has ended, whatever is in it. Nothing is sent before.
   * @throws as Switch.reconcile; what `prepare` throws
   */
  async begin(prepare: () => Promise<void>): Promise<void> {
    this.#working = Promise.resolve()
      .then(prepare)
      .then(() => this.#resync());
    try {
      await this.#working;
    } finally {
      this.#working = undefined;
    }
    this.#realiseSoon();
  }

  /** Somebody else has changed the switch: everything has to be put right. */
  distrust(): void {
    this.#isUncertain = true;
    this.#realiseSoon();
  }

  /** Sends nothing more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.settled();
  }

  /** True when the switch has everything that was asked for so far, or cannot have it. */
  get isSettled(): boolean {
    return this.#working === undefined;
  }

  /** Resolves when the switch has everything that was asked for so far, or cannot have it; never rejects. */
  async settled(): Promise<void> {
    while (this.#working !== undefined) await this.#working.catch(() => {});
  }

  #want(id: string, intent: Intent | undefined): void {
    const present = this.#desired.get(id);
    if (isSame(present, intent)) return;
    if (intent === undefined) this.#desired.delete(id);
    else this.#desired.set(id, intent);
    this.#touched.add(id);
  }

  #realiseSoon(): void {
    if (this.#working !== undefined || !this.#hasWork()) return;
    this.#working = new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#realise());
  }

  #hasWork(): boolean {
    const isThere = !this.#isStopped && !this.#options.session.isClosed;
    return (this.#isUncertain || this.#touched.size > 0) && isThere;
  }

  async #realise(): Promise<void> {
    while (this.#hasWork()) {
      if (this.#isUncertain) await this.#mend();
      else await this.#realiseTouched().catch((error: GalagoError) => this.#fail(error));
    }
    this.#working = undefined;
    this.#options.onSettled();
  }

  async #realiseTouched(): Promise<void> {
    const ids = [...this.#touched];
    this.#touched.clear();
    const current = ids.flatMap((id) => this.#realised.get(id) ?? []);
    const parts = ids.map((id) => {
      const intent = this.#desired.get(id);
      return [id, intent && compile(intent)] as const;
    });
    const wanted = parts.flatMap(([, part]) => part ?? []);
    await this.#options.session.apply(joinParts(current), joinParts(wanted));
    for (const [id, part] of parts) {
      if (part === undefined) this.#realised.delete(id);
      else this.#realised.set(id, part);
    }
  }

  /** Puts everything right, whatever is in the switch. */
  async #resync(): Promise<void> {
    this.#isUncertain = false;
    this.#touched.clear();
    const parts = new Map([...this.#desired].map(([id, intent]) => [id, compile(intent)] as const));
    await this.#options.session.reconcile(joinParts(parts.values()), OWNED);
    this.#realised.clear();
    for (const [id, part] of parts) this.#realised.set(id, part);
  }

  async #mend(): Promise<void> {
    try {
      await this.#resync();
    } catch (cause) {
      this.#fail(cause as GalagoError);
      if (!this.#isStopped) await this.#options.session.close(cause as GalagoError);
    }
  }

  #fail(error: GalagoError): void {
    this.#isUncertain = true;
    if (!this.#isStopped && !this.#options.session.isClosed) this.#options.onFailure(error);
  }
}

/** Compares values of plain data. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return (
    left.length === right.length && left.every(([key, value]) => isSame(value, (b as typeof a)[key as never]))
  );
}
