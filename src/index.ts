export * as app from './app/index.ts';
export * as datapath from './datapath/index.ts';
export * as net from './net/index.ts';
export * as ofp from './ofp/index.ts';
export * as ovsdb from './ovsdb/index.ts';
export * as packet from './packet/index.ts';
export {
  ClosedError,
  GalagoError,
  RemoteError,
  TimeoutError,
  UsageError,
  WireError,
} from './util/errors.ts';
