import type { Json } from '../rpc/json.ts';
import type { Atom } from '../schema/row-types.ts';
import {
  compareData,
  type Datum,
  type DatumType,
  describeDatumType,
  equalData,
  holds,
  parseDatum,
} from './datum.ts';
import { Failure, syntaxError } from './failure.ts';
import type { RowNames } from './stored-atom.ts';
import { type StoredColumn, type StoredRow, type Table, UUID_INDEX } from './table.ts';

/** `<condition>` (RFC 7047, 5.1), or in a monitor just true or false. */
export type Clause =
  | boolean
  | { readonly column: StoredColumn; readonly function: ConditionFunction; readonly argument: Datum };

type ConditionFunction = '<' | '<=' | '==' | '>=' | '>' | 'includes' | 'excludes' | '!=';

/** @throws Failure when one of the conditions cannot be read. */
export function parseClauses(table: Table, json: readonly Json[], names?: RowNames): readonly Clause[] {
  return json.map((clause) => parseClause(table, clause, names));
}

/** The rows for which all of the conditions hold. */
export function* rowsWhere(table: Table, clauses: readonly Clause[]): Generator<StoredRow, void> {
  const uuid = clauses.find(isUuidClause);
  const candidates = uuid === undefined ? [...table.rows.values()] : rowOf(table, uuid.argument.keys[0]!);
  for (const row of candidates) {
    if (clauses.every((clause) => isTrueOf(clause, row))) yield row;
  }
}

/** True when one of the conditions holds, or there are none: what a monitor asks of a row. */
export function matchesAny(clauses: readonly Clause[], row: StoredRow): boolean {
  return clauses.length === 0 || clauses.some((clause) => isTrueOf(clause, row));
}

/** True when both say the same, in whatever order. */
export function equalClauses(a: readonly Clause[], b: readonly Clause[]): boolean {
  if (a.length !== b.length) return false;
  const left = [...b];
  return a.every((clause) => {
    const at = left.findIndex((other) => equalClause(clause, other));
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  });
}

function parseClause(table: Table, json: Json, names: RowNames | undefined): Clause {
  if (typeof json === 'boolean') return json;
  if (
    !Array.isArray(json) ||
    json.length !== 3 ||
    typeof json[0] !== 'string' ||
    typeof json[1] !== 'string'
  ) {
    throw syntaxError(json, 'Parse error in condition.');
  }
  const [name, relation, value] = json;
  const column = table.column(name, json);
  const type = argumentType(column, relation, json);
  const argument = parseDatum(type, value, names);
  return { column, function: relation as ConditionFunction, argument };
}

/** What the argument may be: the column's type, with fewer or more elements where the function allows them. */
function argumentType(column: StoredColumn, relation: string, json: Json): DatumType {
  const { type } = column;
  switch (relation) {
    case '==':
    case '!=':
      return type;
    case 'includes':
      return type.kind === 'scalar' ? type : { ...type, min: 0 };
    case 'excludes':
      return type.kind === 'scalar' ? type : { ...type, min: 0, max: Number.POSITIVE_INFINITY };
    case '<':
    case '<=':
    case '>':
    case '>=':
      if (isOrdered(column)) return { ...type, min: 1 };
      throw syntaxError(
        json,
        `Type mismatch: "${relation}" operator may not be applied to column ${column.name} of type ` +
          `${describeDatumType(type)}.`,
      );
    default:
      throw new Failure('unknown function', `No function named ${relation}.`);
  }
}

function isOrdered({ type: { kind, key } }: StoredColumn): boolean {
  return (kind === 'scalar' || kind === 'optional') && (key.type === 'integer' || key.type === 'real');
}

function isTrueOf(clause: Clause, row: StoredRow): boolean {
  if (typeof clause === 'boolean') return clause;
  const { argument } = clause;
  const field = row[clause.column.index]!;
  switch (clause.function) {
    case '==':
      return equalData(field, argument);
    case '!=':
      return !equalData(field, argument);
    case 'includes':
      return argument.keys.every((_key, i) => holds(field, argument, i));
    case 'excludes':
      return !argument.keys.some((_key, i) => holds(field, argument, i));
    default:
      return field.keys.length > 0 && ORDERINGS[clause.function](compareData(field, argument));
  }
}

const ORDERINGS = {
  '<': (order: number) => order < 0,
  '<=': (order: number) => order <= 0,
  '>=': (order: number) => order >= 0,
  '>': (order: number) => order > 0,
} as const;

function isUuidClause(clause: Clause): clause is Exclude<Clause, boolean> {
  return typeof clause === 'object' && clause.column.index === UUID_INDEX && clause.function === '==';
}

function rowOf(table: Table, uuid: Atom): readonly StoredRow[] {
  const row = table.rows.get(String(uuid));
  return row === undefined ? [] : [row];
}

function equalClause(a: Clause, b: Clause): boolean {
  if (typeof a === 'boolean' || typeof b === 'boolean') return a === b;
  return a.column === b.column && a.function === b.function && equalData(a.argument, b.argument);
}
