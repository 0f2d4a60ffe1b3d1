import { type RemoteError, UsageError } from '../../util/errors.ts';
import type { MessageInit } from '../message.ts';
import { type ConnectSwitchOptions, connectSwitch } from './connect.ts';
import type { RequestOptions } from './requests.ts';
import type { Switch } from './switch.ts';
import type { RequestError } from './switch-events.ts';

/** How {@link connectLanes} dials (OpenFlow 1.3.5, 6.3.1). */
export interface LanesOptions extends Omit<ConnectSwitchOptions, 'missSendLen'> {
  /** How many sessions, 1 to 64. Default 4. */
  readonly lanes?: number;
}

/** Messages that a lane takes at a time. Between two times it waits until its socket has taken them. */
const BLOCK = 256;
const MAX_LANES = 64;

/**
 * Opens several sessions with one switch, over which {@link SwitchLanes.sendAll} spreads messages (OpenFlow 1.3.5, 6.3.1).
 * @throws UsageError `OFP_BAD_LANES`, and as {@link connectSwitch}
 */
export async function connectLanes(method: string, options: LanesOptions = {}): Promise<SwitchLanes> {
  const { lanes = 4, ...rest } = options;
  if (!(Number.isInteger(lanes) && lanes >= 1 && lanes <= MAX_LANES)) {
    throw new UsageError('OFP_BAD_LANES', `lanes is a whole number from 1 to ${MAX_LANES}, got ${lanes}`);
  }
  // Nobody listens for packets here: with a length of 0, Open vSwitch sends none to its own socket's clients.
  const dial = () => connectSwitch(method, { ...rest, missSendLen: 0 });
  const dialled = await Promise.allSettled(Array.from({ length: lanes }, dial));
  const sessions = dialled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = dialled.find((one) => one.status === 'rejected');
  if (failed === undefined) return new SwitchLanes(sessions);
  await Promise.all(sessions.map((session) => session.close()));
  throw failed.reason;
}

/**
 * Several sessions with one switch, for more messages than one session carries (OpenFlow 1.3.5, 6.3). Open vSwitch takes
 * at most 50 messages of a connection before it looks at everything else it has to do: with four connections, it does
 * that a quarter as often.
 */
export class SwitchLanes implements AsyncDisposable {
  /** One a lane; for requests, any of them will do. */
  readonly sessions: readonly Switch[];
  /** The last of the calls of {@link sendAll}, which come one after the other. */
  #last: Promise<void> = Promise.resolve();

  /** @internal Made by {@link connectLanes}. */
  constructor(sessions: readonly Switch[]) {
    this.sessions = sessions;
  }

  /**
   * Sends messages over all sessions, and resolves when the switch has carried all of them out. They come in no order
   * among each other: none may need another, as a flow needs its group, nor be about the same flow as another. A second
   * call begins when the first has ended.
   * @throws RemoteError the first refusal that was heard of; the other messages are carried out all the same
   * @throws WireError when a value cannot be written; ClosedError, TimeoutError; some messages are carried out then
   */
  sendAll(messages: Iterable<MessageInit>, options?: RequestOptions): Promise<void> {
    const sent = this.#last.then(() => spread(this.sessions, messages, options));
    this.#last = sent.catch(() => {});
    return sent;
  }

  /** Ends all sessions. */
  async close(): Promise<void> {
    await Promise.all(this.sessions.map((session) => session.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function spread(
  sessions: readonly Switch[],
  messages: Iterable<MessageInit>,
  options: RequestOptions | undefined,
): Promise<void> {
  const refusals: RemoteError[] = [];
  const onRefusal = ({ error }: RequestError) => void refusals.push(error);
  const queue = messages[Symbol.iterator]();
  const stop = new AbortController();
  const stopped =
    options?.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  const lanes = sessions.map(async (session) => {
    session.on('requestError', onRefusal);
    try {
      await feed(session, queue, stopped);
      await session.barrier(options);
    } catch (error) {
      stop.abort();
      throw error;
    } finally {
      session.off('requestError', onRefusal);
    }
  });
  const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  if (refusals.length > 0) throw refusals[0];
}

/** Takes messages off the queue that all lanes share, as many as the switch takes from this one, until there are none. */
async function feed(session: Switch, queue: Iterator<MessageInit>, stopped: AbortSignal): Promise<void> {
  while (!stopped.aborted) {
    for (let i = 0; i < BLOCK; i++) {
      const { value, done } = queue.next();
      if (done) return;
      session.send(value);
    }
    await session.drained();
  }
}
