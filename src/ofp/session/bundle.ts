import { RemoteError } from '../../util/errors.ts';
import { encode, type Message, type MessageInit } from '../message.ts';
import { Experimenter } from '../oxm/fields.ts';
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

/** OFPBCT_ control types. */
const Control = { OPEN_REQUEST: 0, COMMIT_REQUEST: 4, DISCARD_REQUEST: 6 } as const;
/** ONF experimenter message types. */
const BUNDLE_CONTROL = 2300;
const BUNDLE_ADD_MESSAGE = 2301;
/** OFPBF_ bits. */
const ATOMIC = 1;
const ORDERED = 2;

let nextBundleId = 1;

/**
 * Sends a whole bundle without waiting in between, and resolves when the switch has committed it.
 * @throws RemoteError named after the first message that the switch refused, with the error as its cause; the switch
 * is then as before
 */
export async function runBundle(
  session: BundleSession,
  build: (bundle: BundleBuilder) => void,
  { atomic = true, ordered = true, ...options }: BundleOptions = {},
): Promise<void> {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(nextBundleId++ >>> 0, 0);
  head.writeUInt16BE((atomic ? ATOMIC : 0) | (ordered ? ORDERED : 0), 6);
  const first = session.nextXid();
  session.send(control(head, Control.OPEN_REQUEST), first);
  addMessages(session, head, build);
  const commit = session.nextXid();
  session.send(control(head, Control.COMMIT_REQUEST), commit);
  const watch = session.watchErrors(first, commit - 1);
  try {
    await session.wait(commit, 'bundle commit', () => true, options);
  } catch (error) {
    if (error instanceof RemoteError) watch.throwFirst((xid) => `message ${xid - first} of the bundle`);
    throw error;
  } finally {
    watch.end();
  }
}

function addMessages(session: BundleSession, head: Buffer, build: (bundle: BundleBuilder) => void): void {
  try {
    build({
      send(message) {
        const xid = session.nextXid();
        const data = Buffer.concat([head, encode({ ...message, xid })]);
        data.writeUInt16BE(0, 4);
        session.send(
          { type: 'experimenter', experimenter: Experimenter.ONF, expType: BUNDLE_ADD_MESSAGE, data },
          xid,
        );
      },
    });
  } catch (error) {
    session.send(control(head, Control.DISCARD_REQUEST), session.nextXid());
    throw error;
  }
}

function control(head: Buffer, type: number): MessageInit {
  const data = Buffer.from(head);
  data.writeUInt16BE(type, 4);
  return { type: 'experimenter', experimenter: Experimenter.ONF, expType: BUNDLE_CONTROL, data };
}
