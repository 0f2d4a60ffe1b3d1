import type { Json } from '../rpc/json.ts';
import type { Atom } from '../schema/row-types.ts';
import type { ColumnType } from '../schema/schema.ts';
import {
  checkDatum,
  type Datum,
  type DatumType,
  describeDatumType,
  parseDatum,
  sorted,
  subtract,
  union,
} from './datum.ts';
import { Failure, syntaxError, violation } from './failure.ts';
import type { RowNames } from './stored-atom.ts';
import type { StoredColumn, StoredRow, Table } from './table.ts';

/** `<mutation>` (RFC 7047, 5.1), read against its table. */
export interface StoredMutation {
  readonly column: StoredColumn;
  readonly mutator: Mutator;
  readonly argument: Datum;
}

type Arithmetic = '+=' | '-=' | '*=' | '/=' | '%=';
type Mutator = Arithmetic | 'insert' | 'delete';

/** @throws Failure when it cannot be read, or does not suit its column. */
export function parseMutation(table: Table, json: Json, names: RowNames): StoredMutation {
  if (
    !Array.isArray(json) ||
    json.length !== 3 ||
    typeof json[0] !== 'string' ||
    typeof json[1] !== 'string'
  ) {
    throw syntaxError(json, 'Parse error in mutation.');
  }
  const [name, mutator, value] = json;
  const column = table.column(name, json);
  if (!column.mutable) {
    const details = `Cannot mutate immutable column ${name} in table ${table.name}.`;
    throw new Failure('constraint violation', details, json);
  }
  if (isArithmetic(mutator)) {
    if (!isNumeric(column.type, mutator)) throw typeMismatch(column, mutator, json);
    const type: DatumType = { key: { type: column.type.key.type }, min: 1, max: 1 };
    return { column, mutator, argument: parseDatum(type, value, names) };
  }
  if (mutator !== 'insert' && mutator !== 'delete') {
    throw new Failure('unknown mutator', `No mutator named ${mutator}.`);
  }
  if (column.type.kind === 'scalar') throw typeMismatch(column, mutator, json);
  return { column, mutator, argument: parseElements(column.type, mutator, value, names) };
}

/**
 * The row after the mutations, one after the other.
 * @throws Failure when a result is out of range, or against the column's constraints.
 */
export function mutateRow(row: StoredRow, mutations: readonly StoredMutation[]): StoredRow {
  const mutated = [...row];
  for (const { column, mutator, argument } of mutations) {
    const { index, type } = column;
    const old = mutated[index]!;
    mutated[index] = isArithmetic(mutator)
      ? compute(type, old, mutator, argument.keys[0] as number)
      : checkCount(type, mutator === 'insert' ? union(old, argument) : subtract(old, argument));
  }
  return mutated;
}

function isArithmetic(mutator: string): mutator is Arithmetic {
  return Object.hasOwn(OPERATIONS, mutator);
}

function isNumeric({ kind, key }: ColumnType, mutator: Arithmetic): boolean {
  return kind !== 'map' && (key.type === 'integer' || (key.type === 'real' && mutator !== '%='));
}

/** Pairs of a map are deleted whole, or by their keys alone. */
function parseElements(type: ColumnType, mutator: 'insert' | 'delete', value: Json, names: RowNames): Datum {
  if (mutator === 'insert') return parseDatum({ ...type, min: 0 }, value, names);
  const any = { ...type, min: 0, max: Number.POSITIVE_INFINITY };
  try {
    return parseDatum(any, value, names);
  } catch (error) {
    if (type.kind !== 'map') throw error;
    return parseDatum({ ...any, value: undefined }, value, names);
  }
}

function compute(type: ColumnType, old: Datum, mutator: Arithmetic, operand: number): Datum {
  const isInteger = type.key.type === 'integer';
  const keys = old.keys.map((key): Atom => {
    if (operand === 0 && (mutator === '/=' || mutator === '%=')) {
      throw new Failure('domain error', 'Division by zero.');
    }
    const x = key as number;
    const result = isInteger ? computeInteger(x, mutator, operand) : OPERATIONS[mutator](x, operand);
    if (Number.isFinite(result)) return result;
    throw new Failure('range error', `Result of "${mutator}" operation is out of range.`);
  });
  checkDatum(type, { keys, values: undefined });
  try {
    return sorted(keys);
  } catch {
    throw violation(`Result of "${mutator}" operation contains duplicates.`);
  }
}

const OPERATIONS: Readonly<Record<Arithmetic, (x: number, y: number) => number>> = {
  '+=': (x, y) => x + y,
  '-=': (x, y) => x - y,
  '*=': (x, y) => x * y,
  '/=': (x, y) => x / y,
  '%=': (x, y) => x % y,
};

/** Integers have 64 bits; what does not fit is infinite. */
function computeInteger(x: number, mutator: Arithmetic, y: number): number {
  const result = Math.trunc(OPERATIONS[mutator](x, y)) + 0;
  return result >= -(2 ** 63) && result < 2 ** 63 ? result : Number.POSITIVE_INFINITY;
}

function checkCount(type: ColumnType, datum: Datum): Datum {
  const count = datum.keys.length;
  if (count >= type.min && count <= type.max) return datum;
  throw violation(`Attempted to store ${count} elements in ${describeDatumType(type)}.`);
}

function typeMismatch({ name, type }: StoredColumn, mutator: string, json: Json): Failure {
  const details = `Type mismatch: "${mutator}" operator may not be applied to column ${name} of type `;
  return syntaxError(json, `${details}${describeDatumType(type)}.`);
}
