/**
 * The entries of lists that come one after the other. An async generator would hand each entry on through three turns of
 * the microtask queue; here, one whose list is there already takes one, and only lists are waited for.
 */
export class EntryStream<E> implements AsyncGenerator<E, void> {
  readonly #lists: AsyncGenerator<readonly E[], void>;
  /** The list that is being read, up to `#next`. */
  #list: readonly E[] = [];
  #next = 0;
  /** Readers who wait for a list: who comes later must not overtake them. */
  #waiting = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(lists: AsyncGenerator<readonly E[], void>) {
    this.#lists = lists;
  }

  next(): Promise<IteratorResult<E, void>> {
    if (this.#waiting === 0 && this.#next < this.#list.length) {
      return Promise.resolve({ done: false, value: this.#list[this.#next++]! });
    }
    return this.#inTurn(() => this.#read());
  }

  return(value?: void | PromiseLike<void>): Promise<IteratorResult<E, void>> {
    return this.#inTurn(() => this.#leave(this.#lists.return(value)));
  }

  throw(error: unknown): Promise<IteratorResult<E, void>> {
    return this.#inTurn(() => this.#leave(this.#lists.throw(error)));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  async #read(): Promise<IteratorResult<E, void>> {
    while (this.#next === this.#list.length) {
      const { done, value } = await this.#lists.next();
      if (done) return { done: true, value: undefined };
      this.#list = value;
      this.#next = 0;
    }
    return { done: false, value: this.#list[this.#next++]! };
  }

  async #leave(left: Promise<IteratorResult<readonly E[], void>>): Promise<IteratorResult<E, void>> {
    this.#list = [];
    this.#next = 0;
    await left;
    return { done: true, value: undefined };
  }

  /** As a generator does, takes one call after the other. */
  #inTurn(step: () => Promise<IteratorResult<E, void>>): Promise<IteratorResult<E, void>> {
    this.#waiting++;
    const result = (this.#waiting === 1 ? step() : this.#turn.then(step)).finally(() => {
      this.#waiting--;
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
