/**
 * The errors of Galago: few classes, many codes. Users match on `code`, which never changes meaning;
 * the message says what was expected and what came. Every code is listed in `docs/errors.md`.
 */
export class GalagoError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Bytes or text of a protocol that cannot be read, or a value that cannot be written. */
export class WireError extends GalagoError {}

/** What the peer answered: an OpenFlow error message, an OVSDB error object. */
export class RemoteError extends GalagoError {}

/** Nothing came within the time allowed. */
export class TimeoutError extends GalagoError {}

/** The connection ended, or was ended, before the answer came. */
export class ClosedError extends GalagoError {}

/** A call or a configuration that can never work: the caller's to mend. */
export class UsageError extends GalagoError {}
