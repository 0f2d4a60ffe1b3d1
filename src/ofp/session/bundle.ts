import { RemoteError, WireError } from '../../util/errors.ts';
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

/** Takes the messages of a bundle (OpenFlow 1.4.1, 7.3.9). */
export interface BundleBuilder {
  /**
   * Adds a message, which must not be changed until the bundle is committed: of a big bundle, it is encoded when those
   * before it have left. A value that cannot be written makes the bundle reject with its WireError, here or later.
   */
  send(message: MessageInit): void;
}

/** What a bundle needs of its session. */
export interface BundleSession {
  nextXid(): number;
  /** False when what is sent later should wait for {@link drained}. */
  send(message: MessageInit, xid: number): boolean;
  drained(): Promise<void>;
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
 * Sends a whole bundle without waiting for answers, and resolves when the switch has committed it. A barrier goes
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
  const added = addMessages(session, bundle, build);
  const { messages, xids } = added;
  const watch = session.watchErrors(first, xids.at(-1) ?? first);
  const throwFirst = () => watch.throwFirst((xid) => nameOf(messages, xids.indexOf(xid)));
  try {
    await beforeCommit(session, bundle, async () => {
      await addRest(session, bundle, added, options);
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

/** The messages of a bundle and their xids. The first `sent` have been sent. */
interface Added {
  readonly messages: readonly MessageInit[];
  readonly xids: readonly number[];
  readonly sent: number;
}

/** Sends messages until the connection has enough; the rest is kept. */
function addMessages(
  session: BundleSession,
  bundle: OpenBundle,
  build: (bundle: BundleBuilder) => void,
): Added {
  const messages: MessageInit[] = [];
  const xids: number[] = [];
  let sent = 0;
  let hasRoom = true;
  try {
    build({
      send(message) {
        const xid = session.nextXid();
        if (hasRoom) {
          hasRoom = session.send(addMessage(bundle, message), xid);
          sent++;
        }
        messages.push(message);
        xids.push(xid);
      },
    });
  } catch (error) {
    void discard(session, bundle);
    throw error;
  }
  return { messages, xids, sent };
}

/**
 * Sends the messages that were kept, when there is room for them, and a barrier; resolves when the switch has read all.
 * So a switch that works on the first ones is not kept waiting until the last is encoded, and a bundle of any size takes
 * little memory.
 */
async function addRest(
  session: BundleSession,
  bundle: OpenBundle,
  { messages, xids, sent }: Added,
  options: RequestOptions,
): Promise<void> {
  const barrier = session.nextXid();
  // Waited for from now on, so that giving up, silence and the end of the session are heard while there is no room.
  const reply = session.wait(barrier, 'bundle', () => true, options);
  reply.catch(() => {});
  try {
    for (let i = sent, hasRoom = false; i < messages.length; i++) {
      if (!hasRoom) await Promise.race([session.drained(), reply]);
      hasRoom = session.send(addMessage(bundle, messages[i]!), xids[i]!);
    }
  } catch (error) {
    if (error instanceof WireError) session.send({ type: 'barrierRequest' }, barrier);
    // When the session has ended, the reason is there.
    else await reply;
    throw error;
  }
  session.send({ type: 'barrierRequest' }, barrier);
  await reply;
}

function addMessage({ bundleId, flags }: OpenBundle, message: MessageInit): MessageInit {
  return { type: 'onfBundleAddMessage', bundleId, flags, message };
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

/** A message of the bundle, in words. */
function nameOf(messages: readonly MessageInit[], place: number): string {
  const message = messages[place];
  return message === undefined ? 'a bundle' : `message ${place + 1} of the bundle, ${describe(message)}`;
}
