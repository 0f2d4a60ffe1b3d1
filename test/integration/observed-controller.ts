import type { NetworkEvent, SwitchState } from '../../src/app/events.ts';
import { Controller, type ControllerOptions } from '../../src/app/index.ts';
import { eventually } from '../lab/index.ts';

type EventOf<T extends NetworkEvent['type']> = Extract<NetworkEvent, { type: T }>;

/** A controller in this process whose events can be waited for. */
export class ObservedController implements AsyncDisposable {
  readonly controller: Controller;
  readonly #events: NetworkEvent[] = [];

  static async start(options: ControllerOptions): Promise<ObservedController> {
    const observed = new ObservedController(options);
    await observed.controller.start();
    return observed;
  }

  private constructor(options: ControllerOptions) {
    this.controller = new Controller(options);
    this.controller.subscribe((event) => this.#events.push(event));
  }

  /** The TCP port that switches call. */
  get port(): number {
    return Number(this.controller.listening[0]!.split(':')[1]);
  }

  /** Takes the next event of a type that has the given fields, and all before it; waits for it if need be. */
  async next<T extends NetworkEvent['type']>(type: T, fields: Partial<EventOf<T>> = {}): Promise<EventOf<T>> {
    const wanted = Object.entries({ type, ...fields }).map(([key, value]) => [key, JSON.stringify(value)]);
    const isWanted = (event: NetworkEvent) =>
      wanted.every(([key, value]) => JSON.stringify(event[key as keyof NetworkEvent]) === value);
    const index = await eventually(
      () => {
        const found = this.#events.findIndex(isWanted);
        return found >= 0 && found;
      },
      { what: `an event with ${JSON.stringify({ type, ...fields })}` },
    );
    return this.#events.splice(0, index + 1).at(-1) as EventOf<T>;
  }

  /** Takes all events that have come. */
  taken(): readonly NetworkEvent[] {
    return this.#events.splice(0);
  }

  /** Every switch as it is now. */
  get state(): readonly SwitchState[] {
    return this.controller.state();
  }

  /** Waits until the state is as `check` says and the switches have what follows from it. */
  async until(what: string, check: (state: readonly SwitchState[]) => boolean): Promise<void> {
    await eventually(() => check(this.state), { what });
    await this.controller.settled();
  }

  close(): Promise<void> {
    return this.controller.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
