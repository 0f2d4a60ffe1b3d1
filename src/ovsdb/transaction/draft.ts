import { ClosedError, WireError } from '../../util/errors.ts';
import { isJsonObject, type Json, type JsonObject, show } from '../rpc/json.ts';
import { OvsdbError, type OvsdbErrorContext } from '../rpc/remote-error.ts';
import type { ReadWait, RowReads } from './row-reads.ts';

/** `<operation>` (RFC 7047, 5.2). */
export interface Operation extends JsonObject {
  readonly op: string;
}

/** What a `Transaction` writes to, and what remains of it when it is sent. */
export interface Draft {
  readonly operations: Operation[];
  /** For each operation, what takes its result. */
  readonly settlers: ((result: JsonObject) => void)[];
  readonly reads: RowReads;
  /** What goes before the operations. */
  waits: readonly ReadWait[];
  /** The `wait` that the row is not there yet which the first insertion makes; see {@link markDraft}. */
  mark: JsonObject | undefined;
  isSealed: boolean;
}

/**
 * Has a transaction that inserts something fail when it is carried out again. A server of a cluster itself carries a
 * transaction out again when it ceases to lead, or is asked to hand over, before it knows that the transaction was
 * committed; the first time may have been good all the same. The first row that is inserted gets its `_uuid` from us,
 * by the `uuid` of an insertion (ovsdb-server(7), 5.2.1), and before everything else there is a `wait` that no row
 * has it.
 */
export function markDraft({ operations, ...draft }: Draft, uuid: string): Draft {
  const index = operations.findIndex(({ op }) => op === 'insert');
  const insertion = operations[index];
  if (insertion === undefined) return { operations, ...draft };
  const where = [['_uuid', '==', ['uuid', uuid]]];
  const { table } = insertion;
  const mark = { op: 'wait', table: table!, where, columns: ['_uuid'], until: '==', rows: [], timeout: 0 };
  return { ...draft, operations: operations.with(index, { ...insertion, uuid }), mark };
}

/** `<operation>`s (RFC 7047, 4.1.3) as they are sent: first what the draft rests on, then what it does. */
export function sentOperations({ mark, waits, operations }: Draft): readonly JsonObject[] {
  if (mark === undefined && waits.length === 0) return operations;
  return [...(mark === undefined ? [] : [mark]), ...waits.map(({ json }) => json), ...operations];
}

/**
 * Reads the reply to `transact` (RFC 7047, 4.1.3): a result for each operation, up to the one that failed; one
 * more when the commit failed.
 * @throws OvsdbError when the transaction failed.
 * @throws ClosedError `OVSDB_TRANSACTION_UNKNOWN` when the server carried it out twice; see {@link markDraft}.
 * @throws WireError `OVSDB_BAD_MESSAGE`.
 */
export function settleTransaction(draft: Draft, results: Json): void {
  const { operations, settlers } = draft;
  if (!Array.isArray(results)) throw badResult('an array of results', results);
  const first = firstOperation(draft);
  const failed = results.findIndex((result) => isJsonObject(result) && result.error !== undefined);
  if (failed >= 0) throw failure(draft, results[failed], failed);
  const count = first + operations.length;
  if (results.length !== count) throw badResult(`${count} results`, results);
  for (let i = 0; i < settlers.length; i++) {
    const result = results[first + i];
    settlers[i]!(isJsonObject(result) ? result : {});
  }
}

/** The server answered something else than a result. */
export function badResult(expected: string, got: Json): WireError {
  return new WireError('OVSDB_BAD_MESSAGE', `transact: expected ${expected}, got ${show(got)}`);
}

/** Where the results of the operations begin. */
function firstOperation({ mark, waits }: Draft): number {
  return waits.length + (mark === undefined ? 0 : 1);
}

function failure(draft: Draft, error: Json, failed: number): Error {
  const cause = new OvsdbError(error, contextOf(draft, failed));
  if (draft.mark === undefined || failed > 0 || cause.code !== 'OVSDB_TIMED_OUT') return cause;
  const message =
    'the transaction was committed, but the server that lost its leadership has lost the results';
  return new ClosedError('OVSDB_TRANSACTION_UNKNOWN', message, { cause });
}

function contextOf({ mark, waits, operations }: Draft, failed: number): OvsdbErrorContext {
  const index = failed - (mark === undefined ? 0 : 1);
  const wait = waits[index];
  if (wait !== undefined) return { what: 'verify', operation: wait.operation, table: wait.table };
  const operation = operations[index - waits.length];
  if (operation === undefined) return { what: 'commit' };
  const { op, table } = operation;
  return { what: op, operation: index - waits.length, table: table as string | undefined };
}
