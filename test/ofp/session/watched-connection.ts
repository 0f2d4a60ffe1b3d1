import { type Duplex, duplexPair } from 'node:stream';
import { expect } from '@jest/globals';
import type { Message } from '../../../src/ofp/message.ts';
import { Connection, type ConnectionOptions } from '../../../src/ofp/session/connection.ts';
import type { GalagoError } from '../../../src/util/errors.ts';
import { FakeClock } from './clock.ts';
import { Peer } from './peer.ts';

/** A connection with everything that it has told. */
export interface Watched {
  readonly connection: Connection;
  readonly stream: Duplex;
  readonly peer: Peer;
  readonly clock: FakeClock;
  readonly messages: Message[];
  /** One entry each time that the end was told. */
  readonly ends: (GalagoError | undefined)[];
}

const watched: Watched[] = [];

/** Closes what was made, and sees that no timer of it is left. */
export async function closeAll(): Promise<void> {
  for (const { connection, clock } of watched.splice(0)) {
    const gone = connection.close();
    clock.advance(10_000);
    await gone;
    expect(clock.pending).toBe(0);
  }
}

/** Makes a connection, whose peer has said nothing yet. */
export function connect(options: ConnectionOptions = {}, onMessage?: (message: Message) => void): Watched {
  const [stream, other] = duplexPair();
  const clock = new FakeClock();
  const messages: Message[] = [];
  const ends: (GalagoError | undefined)[] = [];
  const handlers = {
    onOpen() {},
    onMessage: onMessage ?? ((message: Message) => messages.push(message)),
    onClose: (error: GalagoError | undefined) => ends.push(error),
  };
  const connection = new Connection(stream, handlers, { setTimer: clock.setTimer, ...options });
  const result = { connection, stream, peer: new Peer(other), clock, messages, ends };
  watched.push(result);
  return result;
}

/** Makes a connection that is open. */
export async function connectOpen(
  options?: ConnectionOptions,
  onMessage?: (message: Message) => void,
): Promise<Watched> {
  const result = connect(options, onMessage);
  await result.peer.greet();
  await result.peer.turn();
  expect(result.connection.state).toBe('open');
  return result;
}
