import type { Duplex } from 'node:stream';
import type Long from 'long';
import { ClosedError, type GalagoError, UsageError } from '../../util/errors.ts';
import { type Log, silentLog } from '../../util/log.ts';
import { systemTimer } from '../../util/timer.ts';
import type { U64 } from '../../util/u64.ts';
import type { TableState } from '../flow-spec.ts';
import type { Message, MessageInit } from '../message.ts';
import type { AsyncConfig } from '../messages/async-config.ts';
import type { ErrorMessage } from '../messages/error.ts';
import type { SwitchFeatures } from '../messages/features.ts';
import type { PortStatus } from '../messages/port-status.ts';
import type { ControllerRole, RoleReply } from '../messages/role.ts';
import type { FlowStats, FlowStatsRequestInit } from '../multipart/flow-stats.ts';
import type { MultipartBodies, MultipartType } from '../multipart/multipart.ts';
import type { Port } from '../port.ts';
import type { BundleBuilder, BundleOptions } from './bundle.ts';
import { Connection } from './connection.ts';
import { Conversation, type ReplyTo, type RequestType } from './conversation.ts';
import { describe } from './describe.ts';
import {
  type FlowMonitorEvent,
  type FlowMonitorFilter,
  type FlowMonitorOptions,
  FlowMonitors,
} from './flow-monitor.ts';
import { type AnyPacketIn, PacketInQueue } from './packet-in-queue.ts';
import type { PlanCounts } from './plan.ts';
import { applyChange, type ReconcileOptions, reconcile } from './reconcile.ts';
import { type RequestOptions, remoteError } from './requests.ts';
import { requestRole } from './role.ts';
import { failureOf, SessionEmitter } from './session-emitter.ts';
import type { SwitchEvents, SwitchOptions } from './switch-events.ts';

/**
 * The session with one switch: an OpenFlow 1.3 connection whose features and ports are known (OpenFlow 1.3.5, 6.3). A
 * handler that throws or rejects ends this session and no other, with `OFP_HANDLER_FAILED`.
 */
export class Switch extends SessionEmitter<SwitchEvents> implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #conversation: Conversation;
  readonly #monitors: FlowMonitors;
  readonly #packetIns: PacketInQueue;
  readonly #ports = new Map<number, Port>();
  readonly #auxiliaries = new Map<number, Switch>();
  readonly #log: Log;
  /** What this is an auxiliary connection of. */
  #main: Switch | undefined;
  #features: SwitchFeatures | undefined;
  #id = '';
  /**
   * Events are told when `ready`. Those of the handshake are passed over: the ports that it ends with are newer.
   * What comes between it and the next turn, in which the user's handlers are there, is kept while `settling`;
   * packet-ins in their queue, the rest in `early`.
   */
  #phase: 'handshake' | 'settling' | 'ready' = 'handshake';
  #early: Message[] = [];

  /**
   * Resolves with the session when the versions are negotiated and features and ports known, and `admit`, when it is
   * given, has taken the session: it rejects to refuse it.
   * @throws WireError, RemoteError, TimeoutError or ClosedError when it does not come to that
   */
  static open(
    stream: Duplex,
    options: SwitchOptions = {},
    admit?: (session: Switch) => Promise<void>,
  ): Promise<Switch> {
    return new Promise((resolve, reject) => {
      const session: Switch = new Switch(stream, options, () =>
        session.#handshake(options, admit).then(resolve, reject),
      );
      session.once('close', ({ error }) =>
        reject(error ?? new ClosedError('OFP_CLOSED', 'closed in the handshake')),
      );
    });
  }

  private constructor(stream: Duplex, options: SwitchOptions, onOpen: () => void) {
    super();
    this.#log = options.log ?? silentLog;
    const handlers = {
      onOpen,
      keepsBody: (xid: number) => this.#conversation.keepsBody(xid),
      onMessage: (message: Message) => this.#dispatch(message),
      onClose: (error: GalagoError | undefined) => this.#onClose(error),
    };
    this.#connection = new Connection(stream, handlers, options);
    const { setTimer = systemTimer, maxRequests = 65_536 } = options;
    this.#conversation = new Conversation(this.#connection, setTimer, maxRequests);
    this.#monitors = new FlowMonitors(this.#conversation);
    this.#packetIns = new PacketInQueue(
      options,
      (message) =>
        message.type === 'packetIn' ? this.tell('packetIn', message) : this.tell('packetIn2', message),
      () => this.#connection.flush(),
    );
  }

  /** What the switch said of itself; ports are in {@link ports}. */
  get features(): SwitchFeatures {
    return this.#features!;
  }

  get datapathId(): Long {
    return this.features.datapathId;
  }

  /** The datapath id as 16 hexadecimal digits, as Open vSwitch writes it. */
  get id(): string {
    return this.#id;
  }

  /** The ports by number, kept current by PORT_STATUS. */
  get ports(): ReadonlyMap<number, Port> {
    return this.#ports;
  }

  /**
   * The auxiliary connections by their id (OpenFlow 1.3.5, 6.3.6). What the switch says over them is told here, as if
   * it had come over the main connection; each can be sent to and asked. They end with this session.
   */
  get auxiliaries(): ReadonlyMap<number, Switch> {
    return this.#auxiliaries;
  }

  /** Packet-ins that wait for their handler. */
  get waitingPacketIns(): number {
    return this.#packetIns.length;
  }

  /** Packet-ins that were dropped because too many waited. */
  get droppedPacketIns(): number {
    return this.#packetIns.dropped;
  }

  get isClosed(): boolean {
    return this.#connection.state === 'closed';
  }

  /**
   * Sends a message; it leaves at the end of this turn of the event loop. What the switch refuses becomes a
   * `requestError` that names the message.
   * @returns false under backpressure: {@link drained} waits for its end
   * @throws WireError when a value cannot be written
   * @throws ClosedError `OFP_CLOSED`
   */
  send(message: MessageInit): boolean {
    return this.#conversation.send(message);
  }

  /** Resolves when what was sent has left the process. */
  drained(): Promise<void> {
    return this.#connection.drained();
  }

  /**
   * Sends a request and resolves with its reply.
   * @throws RemoteError when the switch refuses it, TimeoutError `OFP_REQUEST_TIMEOUT`, ClosedError
   */
  request<T extends RequestType>(
    message: Extract<MessageInit, { type: T }>,
    options?: RequestOptions,
  ): Promise<ReplyTo<T>> {
    return this.#conversation.request(message, options);
  }

  /** Resolves when the switch has done all that was sent before (OpenFlow 1.3.5, 7.3.8). */
  async barrier(options?: RequestOptions): Promise<void> {
    await this.request({ type: 'barrierRequest' }, options);
  }

  /**
   * Asks for statistics or descriptions and puts the parts of the reply together (OpenFlow 1.3.5, 7.3.5).
   * @throws as {@link request}
   */
  multipart<T extends MultipartType>(
    multipartType: T,
    body?: MultipartBodies[T]['requestInit'],
    options?: RequestOptions,
  ): Promise<MultipartBodies[T]['reply']> {
    return this.#conversation.multipart(multipartType, body, options);
  }

  /**
   * The flows that the filter takes, part by part as they come. A reader who is slow holds the switch back, so that few
   * parts wait; but for a second at a time only, because a switch that is not read from takes the session for dead.
   * @throws as {@link request}; TimeoutError `OFP_READER_SLOW` when 1024 parts, of up to 64 KiB, wait all the same
   */
  flowStats(filter: FlowStatsRequestInit = {}, options?: RequestOptions): AsyncGenerator<FlowStats, void> {
    return this.#conversation.entries('flow', filter, options);
  }

  /**
   * The flows that the filter takes, if it asks for them, and then every change to them, until the loop is left (ONF
   * extension 187). It begins when it is first read. Where a session has several of them, each hears of the changes
   * that any of them asked for: the switch does not tell them apart.
   * @throws RemoteError when the switch refuses it, or TimeoutError `OFP_REQUEST_TIMEOUT` when that is an Open vSwitch,
   * whose error does not say which request it refuses; ClosedError `OFP_MONITOR_OVERFLOW` when updates are not read in
   * time, `OFP_ABORTED`, `OFP_CLOSED`
   */
  flowMonitor(
    filter: FlowMonitorFilter,
    options?: FlowMonitorOptions,
  ): AsyncGenerator<FlowMonitorEvent, void> {
    return this.#monitors.follow(filter, options);
  }

  /**
   * Asks for a role (OpenFlow 1.3.5, 6.3.5). The generation id orders the elections of a master; without one, a master
   * takes the one after the switch's last.
   * @throws RemoteError `OFPRRFC_STALE` when the switch has heard of a later election
   */
  setRole(role: ControllerRole, generationId?: U64, options?: RequestOptions): Promise<RoleReply> {
    return requestRole(this.#conversation, role, generationId, options);
  }

  /** Chooses which messages the switch sends on its own, by role and reason; what is left out stays as it is. */
  async setAsync(config: Partial<AsyncConfig>, options?: RequestOptions): Promise<void> {
    const present = await this.request({ type: 'getAsyncRequest' }, options);
    await this.sendAll([{ ...present, ...config, type: 'setAsync' }], options);
  }

  /**
   * Sends messages and a barrier, and resolves when the switch has carried all of them out.
   * @throws RemoteError named after the first that the switch refused; the others are carried out all the same
   */
  sendAll(messages: Iterable<MessageInit>, options?: RequestOptions): Promise<void> {
    return this.#conversation.sendAll(messages, options);
  }

  /**
   * Carries out the messages that `build` adds, all or none unless told otherwise (ONF extension 230). They are sent
   * without waiting in between; the promise resolves when the switch has committed them.
   * @throws RemoteError named after the first message that the switch refused; the switch is then as before
   */
  bundle(build: (bundle: BundleBuilder) => void, options?: BundleOptions): Promise<void> {
    return this.#conversation.bundle(build, options);
  }

  /**
   * Makes the switch what is desired: reads the flows under the cookie mask, works out the difference and applies it.
   * Flows that are as they should be are not touched; those whose instructions change keep counters and age; those
   * whose cookie, timeouts or flags change keep their counters. Meters are added first, groups and flows change in
   * one atomic bundle, unused meters go last.
   * @returns how much there was to do
   * @throws as {@link bundle} and {@link multipart}
   */
  reconcile(desired: Partial<TableState>, options: ReconcileOptions): Promise<PlanCounts> {
    return reconcile(this.#conversation, desired, options);
  }

  /** As {@link reconcile}, but for a caller who knows what the switch has: only the difference is sent. */
  apply(current: TableState, desired: TableState, options?: RequestOptions): Promise<PlanCounts> {
    return applyChange(this.#conversation, current, desired, options);
  }

  /**
   * Takes an auxiliary connection of the same switch in: OpenFlowServer does so by itself.
   * @throws UsageError `OFP_NOT_AUXILIARY`; ClosedError `OFP_CLOSED`, `OFP_DUPLICATE_DATAPATH` when there is one with
   * this id already
   */
  addAuxiliary(session: Switch): void {
    const { auxiliaryId } = session.features;
    const name = `auxiliary connection ${auxiliaryId} of ${session.id}`;
    if (auxiliaryId === 0 || session.id !== this.#id || this.#features?.auxiliaryId !== 0)
      throw new UsageError('OFP_NOT_AUXILIARY', `${name} is none of ${this.#id}`);
    if (this.isClosed || session.isClosed) throw new ClosedError('OFP_CLOSED', `${name}: it has ended`);
    if (this.#auxiliaries.has(auxiliaryId))
      throw new ClosedError('OFP_DUPLICATE_DATAPATH', `${name} is there already`);
    session.#main = this;
    this.#auxiliaries.set(auxiliaryId, session);
    session.once('close', () => this.#auxiliaries.delete(auxiliaryId));
  }

  /** Sends what is left and ends the session; resolves when the connection has gone. May be called again. */
  async close(error?: GalagoError): Promise<void> {
    const auxiliaries = [...this.#auxiliaries.values()];
    await Promise.all([this.#connection.close(error), ...auxiliaries.map((session) => session.close(error))]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #handshake(options: SwitchOptions, admit?: (session: Switch) => Promise<void>): Promise<this> {
    const timeout = { timeoutMs: options.handshakeTimeoutMs ?? 10_000 };
    try {
      const features = await this.request({ type: 'featuresRequest' }, timeout);
      this.#features = features;
      this.#id = features.datapathId.toString(16).padStart(16, '0');
      if (features.auxiliaryId === 0) await this.#learnPorts(options, timeout);
      this.#phase = 'settling';
      await admit?.(this);
      setImmediate(() => this.#settled());
      return this;
    } catch (error) {
      void this.#connection.close(error as GalagoError);
      throw error;
    }
  }

  async #learnPorts({ missSendLen = 0xffff }: SwitchOptions, timeout: RequestOptions): Promise<void> {
    this.send({ type: 'setConfig', flags: 0, missSendLen });
    await this.#conversation.parts('portDesc', undefined, timeout, (part) => {
      for (const port of part.body as Port[]) this.#ports.set(port.portNo, port);
      // A port status behind the last part is newer than the list.
      this.#phase = 'settling';
    });
  }

  #settled(): void {
    this.#phase = 'ready';
    this.#packetIns.start();
    const early = this.#early;
    this.#early = [];
    for (const message of early) if (!this.isClosed) this.#announce(message);
  }

  #dispatch(message: Message): void {
    if (message.type === 'error') return this.#error(message);
    if (message.type !== 'packetIn' && this.#isAwaited(message)) return;
    if (this.#phase !== 'handshake') (this.#main ?? this).#hear(message);
  }

  /** Hands a message to who waits for it. Nobody does for a packet-in, of which there are most, and it need not ask. */
  #isAwaited(message: Message): boolean {
    return this.#conversation.answer(message) || this.#monitors.take(message);
  }

  /** Takes what the switch says on its own, over this connection or an auxiliary one. */
  #hear(message: Message): void {
    if (message.type === 'packetIn' || message.type === 'nxPacketIn2') return this.#queue(message);
    if (message.type === 'portStatus') this.#keepPort(message);
    if (this.#phase === 'ready') this.#announce(message);
    else if (this.#early.length < MAX_EARLY) this.#early.push(message);
  }

  #queue(message: AnyPacketIn): void {
    try {
      this.#packetIns.push(message);
    } catch (cause) {
      this.handlerFailed('packetIn', cause);
    }
  }

  #announce(message: Message): void {
    switch (message.type) {
      case 'flowRemoved':
        return this.tell('flowRemoved', message);
      case 'portStatus':
        return this.tell('portStatus', message);
      case 'onfRoleStatus':
        return this.tell('roleStatus', message);
      case 'experimenter':
        return this.tell('experimenter', message);
      default:
        return this.tell('message', message);
    }
  }

  protected override handlerFailed(event: string, cause: unknown): void {
    const message = failureOf(event, cause);
    this.#log.error({ datapathId: this.#id, err: cause }, message);
    void this.#connection.close(new ClosedError('OFP_HANDLER_FAILED', message, { cause }));
  }

  #keepPort({ reason, port }: PortStatus): void {
    if (reason === 'delete') this.#ports.delete(port.portNo);
    else this.#ports.set(port.portNo, port);
  }

  #error(message: ErrorMessage): void {
    if (this.#conversation.refuse(message)) return;
    const request = this.#conversation.sent(message.xid);
    const error = remoteError(describe(request), message);
    this.#log.warn({ datapathId: this.#id, xid: message.xid, code: error.code }, error.message);
    (this.#main ?? this).tell('requestError', { error, message, request });
  }

  #onClose(error: GalagoError | undefined): void {
    const reason = error ?? new ClosedError('OFP_CLOSED', 'the session was closed');
    this.#conversation.end(reason);
    this.#monitors.end(reason);
    this.#packetIns.clear();
    for (const auxiliary of this.#auxiliaries.values()) void auxiliary.close(error);
    this.tell('close', { error });
  }
}

/** Messages that are kept while the user's handlers are not there yet. */
const MAX_EARLY = 1024;
