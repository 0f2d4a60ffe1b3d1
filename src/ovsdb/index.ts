export { Backoff, type BackoffOptions } from '../net/index.ts';
export { OvsdbClient } from './client/client.ts';
export type {
  OvsdbClientEvents,
  OvsdbClientOptions,
  OvsdbClientState,
  OvsdbConnectOptions,
  TransactOptions,
} from './client/client-options.ts';
export type { LeaseOptions, OvsdbLease, OvsdbLeaseEvents } from './client/lease.ts';
export { type LeaseColumns, leaseTable } from './client/lease-row.ts';
export { type ListenOvsdbOptions, listenOvsdb } from './client/listen-ovsdb.ts';
export type { LockOptions, OvsdbLock, OvsdbLockEvents } from './client/lock.ts';
export type {
  FollowedRow,
  Replica,
  ReplicaEvents,
  ReplicaOf,
  RowChange,
  SelectedRow,
  Selection,
  TableSelection,
} from './replica/replica.ts';
export type { ReplicaTable, TableEvents } from './replica/replica-table.ts';
export type { IndexKeys, RowIndex } from './replica/row-index.ts';
export { JsonFramer, type JsonFramerOptions } from './rpc/framer.ts';
export type { HandlerFailure } from './rpc/guarded-emitter.ts';
export { isJsonObject, type Json, type JsonObject } from './rpc/json.ts';
export { type CallOptions, type JsonRpcOptions, JsonRpcPeer, type RequestOptions } from './rpc/json-rpc.ts';
export { OvsdbError } from './rpc/remote-error.ts';
export { type GenerateOptions, generateSchema } from './schema/generate.ts';
export { defineSchema, parseSchema } from './schema/parse-schema.ts';
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
} from './schema/row-types.ts';
export type { BaseType, ColumnSchema, ColumnType, DatabaseSchema, TableSchema } from './schema/schema.ts';
export type { SchemaJson } from './schema/schema-json.ts';
export type { TestConnection } from './server/test-connection.ts';
export { OvsdbTestServer, type OvsdbTestServerOptions } from './server/test-server.ts';
export type { MonitorWhere, Where } from './transaction/condition.ts';
export { NewRow, RowCount, SelectedRows } from './transaction/outcome.ts';
export type { Transaction, WaitOptions } from './transaction/transaction.ts';
export { isUuid, type Ref, type Uuid } from './values/uuid.ts';
