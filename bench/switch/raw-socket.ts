import { connect, type Socket } from 'node:net';
import { BundleFlag, decode, encode, Framer, type Message, type MessageInit } from 'galago/ofp';
import { ClosedError, RemoteError } from '../../src/util/errors.ts';
import type { Contender } from '../harness/rounds.ts';
import { type Target, timed } from './target.ts';

/** The same messages, encoded beforehand, in one write, until the last is answered: no client can do less. */
export function rawSocket(
  target: Target,
  name: string,
  messages: readonly MessageInit[],
  isLast: (reply: Message) => boolean = ({ type }) => type === 'barrierReply',
): Contender {
  const bytes = encodeAll(messages);
  return {
    name,
    role: 'limit',
    turn: () =>
      greeted(target, (socket) =>
        timed(target, async () => {
          const done = received(socket, isLast);
          socket.write(bytes);
          await done;
        }),
      ),
  };
}

/** {@link rawSocket} with the messages dealt out to several sockets, each with a barrier of its own. */
export function rawLanes(
  target: Target,
  name: string,
  count: number,
  messages: readonly MessageInit[],
): Contender {
  const lanes = Array.from({ length: count }, (_, lane) =>
    encodeAll([...messages.filter((_, i) => i % count === lane), { type: 'barrierRequest' }]),
  );
  return {
    name,
    role: 'limit',
    async turn() {
      const sockets = await Promise.all(lanes.map(() => greet(target)));
      try {
        return await timed(target, () =>
          Promise.all(
            sockets.map((socket, lane) => {
              const done = received(socket, ({ type }) => type === 'barrierReply');
              socket.write(lanes[lane]!);
              return done;
            }),
          ),
        );
      } finally {
        for (const socket of sockets) socket.destroy();
      }
    },
  };
}

/** {@link rawSocket} with all of the messages in one atomic bundle, until it is committed. */
export function rawBundle(target: Target, messages: readonly MessageInit[]): Contender {
  return rawSocket(target, 'raw socket, bundle', bundleOf(messages), isCommitted);
}

/** All flows read as bytes, and then the messages in one atomic bundle, or none when there are none. */
export function rawReconcile(target: Target, messages: readonly MessageInit[]): Contender {
  const dump = encode({ type: 'multipartRequest', multipartType: 'flow' });
  const bytes = messages.length === 0 ? undefined : encodeAll(bundleOf(messages));
  return {
    name: 'raw socket',
    role: 'limit',
    turn: () =>
      greeted(target, (socket) =>
        timed(target, async () => {
          const flows = lastPart(socket);
          socket.write(dump);
          await flows;
          if (bytes === undefined) return;
          const done = received(socket, isCommitted);
          socket.write(bytes);
          await done;
        }),
      ),
  };
}

/** Asks for all flows and looks only for where the reply's last message ends. */
export function rawDump(target: Target): Contender {
  const request = encode({ type: 'multipartRequest', multipartType: 'flow' });
  return {
    name: 'raw socket, bytes only',
    role: 'limit',
    turn: () =>
      greeted(target, (socket) =>
        timed(target, async () => {
          const done = lastPart(socket);
          socket.write(request);
          await done;
        }),
      ),
  };
}

function bundleOf(messages: readonly MessageInit[]): MessageInit[] {
  const bundle = { bundleId: 1, flags: BundleFlag.ATOMIC | BundleFlag.ORDERED };
  return [
    { type: 'onfBundleControl', controlType: 'openRequest', ...bundle },
    ...messages.map((message): MessageInit => ({ type: 'onfBundleAddMessage', ...bundle, message })),
    { type: 'onfBundleControl', controlType: 'commitRequest', ...bundle },
  ];
}

function isCommitted(reply: Message): boolean {
  return reply.type === 'onfBundleControl' && reply.controlType === 'commitReply';
}

function encodeAll(messages: readonly MessageInit[]): Buffer {
  return Buffer.concat(messages.map((message, xid) => encode({ ...message, xid } as MessageInit)));
}

async function greeted<T>(target: Target, work: (socket: Socket) => Promise<T>): Promise<T> {
  const socket = await greet(target);
  try {
    return await work(socket);
  } finally {
    socket.destroy();
  }
}

async function greet(target: Target): Promise<Socket> {
  const socket = connect(target.path);
  try {
    const greeting = received(socket, ({ type }) => type === 'hello');
    socket.write(encode({ type: 'hello', elements: [] }));
    await greeting;
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Resolves when the message that is meant has come; an error message or the end of the connection rejects. */
function received(socket: Socket, isMeant: (message: Message) => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const framer = new Framer((wire, start) => {
      const message = decode(wire.bytes, start);
      if (message.type === 'error')
        reject(new RemoteError(message.name, `the switch answered ${message.name}`));
      else if (isMeant(message)) resolve();
    });
    listen(socket, framer, reject);
  });
}

function lastPart(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const framer = new Framer(({ bytes }, start) => {
      const isReply = bytes[start + 1] === MULTIPART_REPLY;
      if (isReply && (bytes[start + 11]! & MORE) === 0) resolve();
    });
    listen(socket, framer, reject);
  });
}

function listen(socket: Socket, framer: Framer, reject: (error: Error) => void): void {
  socket.removeAllListeners('data');
  socket.on('data', (chunk) => framer.push(chunk)).on('error', reject);
  socket.on('close', () => reject(new ClosedError('OFP_CLOSED', 'the switch closed the connection')));
}

/** OFPT_MULTIPART_REPLY and OFPMPF_REPLY_MORE (OpenFlow 1.3.5, 7.1 and 7.3.5). */
const MULTIPART_REPLY = 19;
const MORE = 1;
