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
  const bytes = Buffer.concat(messages.map((message, xid) => encode({ ...message, xid } as MessageInit)));
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

/** {@link rawSocket} with all of the messages in one atomic bundle, until it is committed. */
export function rawBundle(target: Target, messages: readonly MessageInit[]): Contender {
  const bundle = { bundleId: 1, flags: BundleFlag.ATOMIC | BundleFlag.ORDERED };
  const whole: MessageInit[] = [
    { type: 'onfBundleControl', controlType: 'openRequest', ...bundle },
    ...messages.map((message): MessageInit => ({ type: 'onfBundleAddMessage', ...bundle, message })),
    { type: 'onfBundleControl', controlType: 'commitRequest', ...bundle },
  ];
  return rawSocket(
    target,
    'raw socket, bundle',
    whole,
    (reply) => reply.type === 'onfBundleControl' && reply.controlType === 'commitReply',
  );
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

async function greeted<T>(target: Target, work: (socket: Socket) => Promise<T>): Promise<T> {
  const socket = connect(target.path);
  try {
    const greeting = received(socket, ({ type }) => type === 'hello');
    socket.write(encode({ type: 'hello', elements: [] }));
    await greeting;
    return await work(socket);
  } finally {
    socket.destroy();
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
