import { RemoteError } from '../../util/errors.ts';
import type { Message, MessageInit } from '../message.ts';
import { BundleFlag } from '../messages/onf-bundle.ts';
import { describe } from './describe.ts';
import type { Watch } from './error-watch.ts';
import type { RequestOptions } from './requests.ts';

/** How the messages of a bundle are carried out (OpenFlow 1.4, 7.3.9; over 1.3 as ONF extension 230). */
export interface BundleOptions extends RequestOptions {
  /** All or none, and no packet sees a part of it. Default true. */
  readonly atomic?: boolean;
  /** In the order in which they were added. Default true. */
  readonly ordered?: boolean;
}

/** Takes the messages of a bundle. */
export interface BundleBuilder {
  /** Adds a message. @throws WireError when a value cannot be written; the bundle is then discarded */
  send(message: MessageInit): void;
}

/** What a bundle needs of its session. */
export interface BundleSession {
  nextXid(): number;
  send(message: MessageInit, xid: number): void;
  /** Waits for the reply to `xid`. */
  wait(
    xid: number,
    what: string,
    onReply: (reply: Message) => boolean,
    options: RequestOptions,
  ): Promise<void>;
  /** Takes the errors that answer the messages from xid `first` to `last`. */
  watchErrors(first: number, last: number): Watch;
}

/** A bundle that is open in the switch. */
interface OpenBundle {
  readonly bundleId: number;
  readonly flags: number;
}

let nextBundleId = 1;

/**
 * Sends a whole bundle without waiting in between, and resolves when the switch has committed it. A barrier goes
 * before the commit: Open vSwitch leaves out a message that it cannot make sense of, and would commit the others.
 * @throws RemoteError named after the first message that the switch refused, with the error as its cause; the switch
 * is then as before
 */
export async function runBundle(
  session: BundleSession,
  build: (bundle: BundleBuilder) => void,
  { atomic = true, ordered = true, ...options }: BundleOptions = {},
): Promise<void> {
  const flags = (atomic ? BundleFlag.ATOMIC : 0) | (ordered ? BundleFlag.ORDERED : 0);
  const bundle: OpenBundle = { bundleId: nextBundleId++ >>> 0, flags };
  const first = session.nextXid();
  session.send({ type: 'onfBundleControl', controlType: 'openRequest', ...bundle }, first);
  const messages = addMessages(session, bundle, build);
  const barrier = session.nextXid();
  session.send({ type: 'barrierRequest' }, barrier);
  const watch = session.watchErrors(first, barrier - 1);
  const throwFirst = () => watch.throwFirst((xid) => nameOf(messages, (xid - first) >>> 0));
  try {
    await beforeCommit(session, bundle, async () => {
      await session.wait(barrier, 'bundle', () => true, options);
      throwFirst();
    });
    const commit = session.nextXid();
    session.send({ type: 'onfBundleControl', controlType: 'commitRequest', ...bundle }, commit);
    await session.wait(commit, 'bundle commit', () => true, options);
  } catch (error) {
    if (error instanceof RemoteError) throwFirst();
    throw error;
  } finally {
    watch.end();
  }
}

function addMessages(
  session: BundleSession,
  bundle: OpenBundle,
  build: (bundle: BundleBuilder) => void,
): readonly MessageInit[] {
  const messages: MessageInit[] = [];
  try {
    build({
      send(message) {
        session.send({ type: 'onfBundleAddMessage', ...bundle, message }, session.nextXid());
        messages.push(message);
      },
    });
  } catch (error) {
    void discard(session, bundle);
    throw error;
  }
  return messages;
}

/** What comes before the commit: when it fails, the switch is told to forget the bundle. */
async function beforeCommit(
  session: BundleSession,
  bundle: OpenBundle,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    void discard(session, bundle);
    throw error;
  }
}

/** Never rejects: when the connection has gone, the bundle has too. */
async function discard(session: BundleSession, bundle: OpenBundle): Promise<void> {
  const xid = session.nextXid();
  try {
    session.send({ type: 'onfBundleControl', controlType: 'discardRequest', ...bundle }, xid);
    await session.wait(xid, 'bundle discard', () => true, {});
  } catch {
    // Why the bundle is given up is told already.
  }
}

/** The message with the `number`th xid of the bundle, in words; the first one opens it. */
function nameOf(messages: readonly MessageInit[], number: number): string {
  const message = messages[number - 1];
  return message === undefined ? 'a bundle' : `message ${number} of the bundle, ${describe(message)}`;
}
