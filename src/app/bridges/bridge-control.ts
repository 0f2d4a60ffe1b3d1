import { isPortUp, type PortStatus, type Switch } from '../../ofp/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import type { Log } from '../../util/log.ts';
import type { BridgeMode, EventSink, SwitchState } from '../events.ts';
import { compile, OWNED } from '../pipeline/compile.ts';
import { FIRST_POD_METER } from '../pipeline/tables.ts';
import type { BridgeApp } from './bridge.ts';
import { LearningBridge } from './learning-bridge.ts';
import { readMaxMeter } from './meters.ts';
import { PodBridge, type PodServices } from './pod-bridge.ts';
import type { PodPlan } from './pod-plan.ts';

/** What a bridge should be used as, and what that takes. */
export type BridgeOrder =
  | { readonly mode: 'waiting'; readonly bridge?: string; readonly problems: readonly string[] }
  | { readonly mode: 'learning'; readonly bridge?: string; readonly problems: readonly string[] }
  | {
      readonly mode: 'pods';
      readonly bridge: string;
      readonly problems: readonly string[];
      readonly plan: PodPlan;
    }
  | {
      readonly mode: 'refused';
      readonly bridge: string;
      readonly problems: readonly string[];
      /** The ports that nothing is taken from. */
      readonly podPorts: readonly number[];
    };

/**
 * The use of one switch's session. Orders are carried out one after the other; one that comes while another is being
 * carried out takes the place of those that wait.
 */
export class BridgeControl {
  readonly #session: Switch;
  readonly #services: PodServices;
  readonly #onEvent: EventSink;
  readonly #log: Log;
  #order: BridgeOrder = { mode: 'waiting', problems: [] };
  #next: BridgeOrder | undefined;
  #app: BridgeApp | undefined;
  #working: Promise<void> | undefined;

  constructor(session: Switch, services: PodServices, onEvent: EventSink, log: Log) {
    this.#session = session;
    this.#services = services;
    this.#onEvent = onEvent;
    this.#log = log;
    session.on('portStatus', this.#tellPort);
    session.once('close', () => void this.stop());
  }

  get mode(): BridgeMode {
    return this.#order.mode;
  }

  /** Has the bridge used as ordered. */
  order(order: BridgeOrder): void {
    this.#next = order;
    // Not at once: whoever hears of the work has to see that it is under way.
    this.#working ??= Promise.resolve()
      .then(() => this.#work())
      .finally(() => {
        this.#working = undefined;
      });
  }

  /** True when the last order has been carried out, and the switch has confirmed it. */
  get isSettled(): boolean {
    return this.#working === undefined && (!(this.#app instanceof PodBridge) || this.#app.isSettled);
  }

  /** Resolves when the last order has been carried out, and the switch has confirmed it. */
  async settled(): Promise<void> {
    await this.#working;
    if (this.#app instanceof PodBridge) await this.#app.settled();
  }

  state(): SwitchState {
    const { mode, bridge, problems } = this.#order;
    const ports = [...this.#session.ports.values()].map((port) => ({
      port: port.portNo,
      name: port.name,
      up: isPortUp(port),
    }));
    const seen = this.#app?.state() ?? { endpoints: [], members: [], conflicts: [] };
    return {
      switch: this.#session.id,
      ...(bridge !== undefined && { bridge }),
      mode,
      problems,
      ports,
      ...seen,
    };
  }

  async stop(): Promise<void> {
    this.#session.off('portStatus', this.#tellPort);
    await this.#stopApp();
  }

  async #stopApp(): Promise<void> {
    const app = this.#app;
    this.#app = undefined;
    await app?.stop();
  }

  async #work(): Promise<void> {
    while (this.#next !== undefined && !this.#session.isClosed) {
      const order = this.#next;
      this.#next = undefined;
      try {
        await this.#carryOut(order);
      } catch (error) {
        await this.#fail(error as GalagoError);
      }
    }
  }

  async #carryOut(order: BridgeOrder): Promise<void> {
    const before = this.#order;
    this.#order = order;
    if (order.mode !== before.mode || order.problems.join() !== before.problems.join()) this.#tellMode(order);
    if (order.mode === 'pods' && this.#app instanceof PodBridge) return this.#app.update(order.plan);
    if (order.mode === 'refused') return this.#bar(order.podPorts);
    if (order.mode === before.mode) return;
    await this.#stopApp();
    if (order.mode === 'learning') return this.#startLearning();
    if (order.mode === 'pods') return this.#startPods(order.plan);
  }

  async #startLearning(): Promise<void> {
    const app = new LearningBridge({ session: this.#session, onEvent: this.#onEvent, log: this.#log });
    this.#app = app;
    await app.start();
  }

  async #startPods(plan: PodPlan): Promise<void> {
    const maxMeter = await readMaxMeter(this.#session);
    if (maxMeter <= FIRST_POD_METER)
      this.#log.warn(
        { switch: this.#session.id, maxMeter },
        'few meters: what some ports send to the controller is not limited',
      );
    const app = new PodBridge({
      session: this.#session,
      onEvent: this.#onEvent,
      log: this.#log,
      maxMeter,
      services: this.#services,
    });
    this.#app = app;
    await app.start(plan);
  }

  /**
   * Leaves nothing of ours in the switch but what bars the ports: a bridge without a controller of its own forwards
   * like any other while its fail_mode is standalone.
   */
  async #bar(ports: readonly number[]): Promise<void> {
    await this.#stopApp();
    const flows = ports.flatMap((ofport) => compile({ type: 'barred', ofport }).flows);
    await this.#session.reconcile({ flows }, OWNED);
  }

  /** What the switch has is not known any more: it has to begin anew. */
  async #fail(error: GalagoError): Promise<void> {
    if (this.#session.isClosed) return;
    const { code, message } = error;
    this.#log.error({ switch: this.#session.id, code }, `the bridge could not be set up: ${message}`);
    this.#onEvent({ type: 'problem', switch: this.#session.id, code, message });
    await this.#session.close(error);
  }

  #tellMode({ mode, bridge, problems }: BridgeOrder): void {
    const fields = { switch: this.#session.id, ...(bridge !== undefined && { bridge }) };
    // Waiting is how every start begins.
    const isOdd = problems.length > 0 && mode !== 'waiting';
    const level = mode === 'refused' ? 'error' : isOdd ? 'warn' : 'info';
    this.#log[level]({ ...fields, mode }, `used as: ${mode}${problems.map((text) => `; ${text}`).join('')}`);
    this.#onEvent({ type: 'switchMode', ...fields, mode, problems });
  }

  readonly #tellPort = ({ reason, port }: PortStatus): void => {
    if (typeof reason !== 'string') return;
    const { portNo, name } = port;
    const up = isPortUp(port);
    this.#onEvent({ type: 'port', switch: this.#session.id, change: reason, port: portNo, name, up });
  };
}
