import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GalagoError } from '../../src/util/errors.ts';

/** A new directory for sockets and certificates, removed by its `remove`. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'galago-net-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Values that arrive by callback and are awaited one by one, in either order. */
export class Arrivals<T> {
  readonly #values: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  readonly push = (value: T): void => {
    const resolve = this.#waiting.shift();
    if (resolve) resolve(value);
    else this.#values.push(value);
  };

  next(): Promise<T> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift()!);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Resolves when the socket is closed, at once when it already is. */
export function closed(socket: Socket): Promise<void> {
  if (socket.closed) return Promise.resolve();
  return new Promise((resolve) => {
    socket.resume();
    socket.once('close', () => resolve());
  });
}

/** The next bytes of a socket. */
export function received(socket: Socket): Promise<string> {
  return new Promise((resolve) => socket.once('data', (bytes: Buffer) => resolve(bytes.toString())));
}

/** The error that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<GalagoError> {
  try {
    await promise;
  } catch (error) {
    return error as GalagoError;
  }
  throw new Error('the promise did not reject');
}
