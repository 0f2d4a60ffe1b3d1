export { Backoff, type BackoffOptions } from '../net/index.ts';
export { OvsdbClient } from './client.ts';
export type {
  OvsdbClientEvents,
  OvsdbClientOptions,
  OvsdbClientState,
  OvsdbConnectOptions,
  TransactOptions,
} from './client-options.ts';
export type { MonitorWhere, Where } from './condition.ts';
export { JsonFramer, type JsonFramerOptions } from './framer.ts';
export { type GenerateOptions, generateSchema } from './generate.ts';
export type { HandlerFailure } from './guarded-emitter.ts';
export { isJsonObject, type Json, type JsonObject } from './json.ts';
export { type CallOptions, type JsonRpcOptions, JsonRpcPeer, type RequestOptions } from './json-rpc.ts';
export type { LeaseOptions, OvsdbLease, OvsdbLeaseEvents } from './lease.ts';
export { type LeaseColumns, leaseTable } from './lease-row.ts';
export { type ListenOvsdbOptions, listenOvsdb } from './listen-ovsdb.ts';
export type { LockOptions, OvsdbLock, OvsdbLockEvents } from './lock.ts';
export { NewRow, RowCount, SelectedRows } from './outcome.ts';
export { defineSchema, parseSchema } from './parse-schema.ts';
export { OvsdbError } from './remote-error.ts';
export type {
  FollowedRow,
  Replica,
  ReplicaEvents,
  ReplicaOf,
  RowChange,
  SelectedRow,
  Selection,
  TableSelection,
} from './replica.ts';
export type { ReplicaTable, TableEvents } from './replica-table.ts';
export type { IndexKeys, RowIndex } from './row-index.ts';
export type {
  Atom,
  ColumnName,
  Condition,
  Row,
  RowInit,
  RowOf,
  RowUpdate,
  TableName,
  UntypedRow,
  Value,
} from './row-types.ts';
export type { BaseType, ColumnSchema, ColumnType, DatabaseSchema, TableSchema } from './schema.ts';
export type { SchemaJson } from './schema-json.ts';
export type { TestConnection } from './server/test-connection.ts';
export { OvsdbTestServer, type OvsdbTestServerOptions } from './server/test-server.ts';
export type { Transaction, WaitOptions } from './transaction.ts';
export { isUuid, type Ref, type Uuid } from './uuid.ts';
