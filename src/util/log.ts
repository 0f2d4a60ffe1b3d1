/** Where the library says what no caller is waiting to hear. A pino logger fits as it is. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Says nothing: the default. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
