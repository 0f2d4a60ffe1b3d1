import type { Socket } from 'node:net';

/** An error as Node throws it. Looked at by its shape, since errors of other realms are no `Error` here. */
interface SystemError {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly errors?: unknown;
}

/** The cause of a failure in words. Node reports several refused addresses as one error without a message. */
export function reasonOf(cause: unknown): string {
  const { message, errors } = (cause ?? {}) as SystemError;
  if (Array.isArray(errors) && errors.length > 0) return errors.map(reasonOf).join('; ');
  return typeof message === 'string' && message !== '' ? message : String(cause);
}

/** The `code` of a system error, such as `ECONNREFUSED`. */
export function systemCode(error: unknown): string | undefined {
  const { code } = (error ?? {}) as SystemError;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Keeps an `error` that comes before, or without, a listener of the socket's user from ending the process.
 * Nothing is lost: the user sees `close`, and any listener of its own still hears the error.
 */
export function ignoreSocketErrors(socket: Socket): void {
  socket.on('error', () => {});
}
