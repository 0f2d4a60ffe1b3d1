import type { NewRow } from '../transaction/outcome.ts';
import type { Ref, Uuid } from '../values/uuid.ts';
import type { DatabaseSchema } from './schema.ts';
import type { ColumnJson, SchemaJson, TypeJson } from './schema-json.ts';

/** The names of the tables of a schema. */
export type TableName<S extends SchemaJson> = keyof S['tables'] & string;

/** The names of the columns of a table, without `_uuid`. */
export type ColumnName<S extends SchemaJson, T extends TableName<S>> = keyof S['tables'][T]['columns'] &
  string;

/**
 * A row as the server has it (RFC 7047, 5.1): a column of one value is that value, an optional one (`min` 0,
 * `max` 1) is the value or `undefined`, a set is an array, a map is a Map. A uuid column is a {@link Ref} to
 * its table; an enumerated one is a union of its values.
 */
export type Row<S extends SchemaJson, T extends TableName<S>> =
  string extends TableName<S>
    ? UntypedRow
    : {
        readonly [C in '_uuid' | ColumnName<S, T>]: C extends ColumnName<S, T>
          ? ColumnValue<S['tables'][T]['columns'][C]['type']>
          : Ref<T>;
      };

/** {@link Row}, of a schema made by `defineSchema`: `RowOf<typeof openVswitch, 'Bridge'>`. */
export type RowOf<D, T extends string> =
  D extends DatabaseSchema<infer S> ? (T extends TableName<S> ? Row<S, T> : never) : never;

/** A row of a table whose schema is only known at run time. */
export type UntypedRow = { readonly _uuid: Ref<string>; readonly [column: string]: Value };

/** A value of any column, as {@link Row} holds it. */
export type Value = Atom | undefined | readonly Atom[] | ReadonlyMap<Atom, Atom>;

/** `<atom>` (RFC 7047, 5.1). A uuid is a string. */
export type Atom = number | boolean | string;

/**
 * The columns of a row to be inserted. Those left out get their defaults (RFC 7047, 5.2.1), which a strong
 * reference that may not be empty does not have. References may also be to rows of the same transaction.
 */
export type RowInit<S extends SchemaJson, T extends TableName<S>> =
  string extends TableName<S>
    ? { readonly [column: string]: unknown }
    : { readonly [C in Exclude<ColumnName<S, T>, RequiredName<S, T>>]?: ColumnInit<S, T, C> } & {
        readonly [C in RequiredName<S, T>]: ColumnInit<S, T, C>;
      };

/** The columns of rows to be changed: any that are mutable. */
export type RowUpdate<S extends SchemaJson, T extends TableName<S>> =
  string extends TableName<S>
    ? { readonly [column: string]: unknown }
    : { readonly [C in MutableName<S, T>]?: ColumnInit<S, T, C> };

/** The names of the columns that may be written after the insertion. */
export type MutableName<S extends SchemaJson, T extends TableName<S>> = {
  [C in ColumnName<S, T>]: S['tables'][T]['columns'][C] extends { readonly mutable: false } ? never : C;
}[ColumnName<S, T>];

/** What may be written to a column: its value, with rows of the same transaction in place of references. */
type ColumnInit<S extends SchemaJson, T extends TableName<S>, C extends string> = ValueInit<
  Row<S, T>[C & keyof Row<S, T>]
>;

/** A value with {@link NewRow} allowed in place of each reference. */
type ValueInit<V> =
  V extends Ref<infer T>
    ? V | NewRow<T>
    : V extends readonly (infer E)[]
      ? readonly ValueInit<E>[]
      : V extends ReadonlyMap<infer K, infer W>
        ? ReadonlyMap<ValueInit<K>, ValueInit<W>>
        : V;

/** `<condition>` (RFC 7047, 5.1) on a row of type `R`; the conditions of an array must all hold. */
export type Condition<R> = string extends keyof R
  ? readonly [column: string, function: ConditionFunction<Value>, value: unknown]
  : {
      [C in keyof R & string]: readonly [
        column: C,
        function: ConditionFunction<R[C]>,
        value: ValueInit<R[C]>,
      ];
    }[keyof R & string];

/** `<function>` (RFC 7047, 5.1); ordering is for numbers. */
type ConditionFunction<V> =
  | '=='
  | '!='
  | 'includes'
  | 'excludes'
  | (Value extends V ? Ordering : NonNullable<V> extends number ? Ordering : never);

/** `<mutator>` (RFC 7047, 5.1) for a column of type `V`. */
export type Mutator<V> = V extends number
  ? Arithmetic
  : V extends readonly (infer E)[]
    ? 'insert' | 'delete' | (E extends number ? Arithmetic : never)
    : V extends ReadonlyMap<Atom, Atom>
      ? 'insert' | 'delete'
      : never;

/** What a {@link Mutator} takes: a number, elements, pairs, or the keys of pairs to delete. */
export type MutatorValue<V, M> = M extends Arithmetic
  ? number
  : Value extends V
    ? unknown
    : V extends readonly unknown[]
      ? ValueInit<V>
      : V extends ReadonlyMap<infer K, unknown>
        ? M extends 'delete'
          ? ValueInit<V> | readonly K[]
          : ValueInit<V>
        : never;

type Ordering = '<' | '<=' | '>' | '>=';
type Arithmetic = '+=' | '-=' | '*=' | '/=' | '%=';

/** The value of a column of the `<type>` T. */
type ColumnValue<T extends TypeJson> = T extends { readonly key: infer K }
  ? T extends { readonly value: infer V }
    ? ReadonlyMap<AtomOf<K>, AtomOf<V>>
    : T extends { readonly max: infer Max }
      ? Max extends 1
        ? OneOrNone<T, K>
        : readonly AtomOf<K>[]
      : OneOrNone<T, K>
  : AtomOf<T>;

type OneOrNone<T, K> = T extends { readonly min: 0 } ? AtomOf<K> | undefined : AtomOf<K>;

type AtomOf<B> = B extends keyof AtomTypes
  ? AtomTypes[B]
  : B extends { readonly enum: infer E }
    ? E extends readonly ['set', readonly (infer X)[]]
      ? X
      : E
    : B extends { readonly refTable: infer T extends string }
      ? Ref<T>
      : B extends { readonly type: infer N extends keyof AtomTypes }
        ? AtomTypes[N]
        : never;

interface AtomTypes {
  integer: number;
  real: number;
  boolean: boolean;
  string: string;
  uuid: Uuid;
}

type RequiredName<S extends SchemaJson, T extends TableName<S>> = {
  [C in ColumnName<S, T>]: IsRequired<S['tables'][T]['columns'][C]> extends true ? C : never;
}[ColumnName<S, T>];

/** A strong reference that may not be empty: its default refers to no row, and cannot be committed. */
type IsRequired<C extends ColumnJson> = C['type'] extends { readonly key: infer K; readonly min?: infer Min }
  ? K extends { readonly refTable: string }
    ? K extends { readonly refType: 'weak' }
      ? false
      : Min extends 0
        ? false
        : true
    : false
  : false;
