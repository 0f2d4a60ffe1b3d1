import type { TableName } from './row-types.ts';
import type { SchemaJson } from './schema-json.ts';

/**
 * What a row that is written in the program itself has to be, beside of the right types: it names columns of `Allowed`
 * only, and its integers are whole and in the range of their columns. Numbers that are only known at run time pass, and
 * are checked then.
 */
export type CheckedRow<S extends SchemaJson, T extends TableName<S>, Allowed, R> =
  string extends TableName<S>
    ? unknown
    : {
        readonly [C in keyof R]: C extends keyof Allowed
          ? C extends keyof S['tables'][T]['columns']
            ? Checked<IntegerBounds<S['tables'][T]['columns'][C]['type']>, R[C]>
            : R[C]
          : never;
      };

/** The bounds of a column of integers, or of a set of them; `never` for other columns. */
type IntegerBounds<T> = T extends 'integer'
  ? Unbounded
  : T extends { readonly value: unknown }
    ? never
    : T extends { readonly key: infer K }
      ? K extends 'integer'
        ? Unbounded
        : K extends { readonly type: 'integer'; readonly enum?: infer E }
          ? unknown extends E
            ? { readonly min: BoundOf<K, 'minInteger'>; readonly max: BoundOf<K, 'maxInteger'> }
            : never
          : never
      : never;

type Unbounded = { readonly min: undefined; readonly max: undefined };

type BoundOf<K, Name extends string> = K extends { readonly [N in Name]: infer B extends number }
  ? B
  : undefined;

/** The value itself, or what was expected of it. */
type Checked<B, V> = [B] extends [never]
  ? V
  : B extends { readonly min: infer Min; readonly max: infer Max }
    ? V extends readonly unknown[]
      ? { readonly [I in keyof V]: CheckedNumber<Min, Max, V[I]> }
      : CheckedNumber<Min, Max, V>
    : V;

type CheckedNumber<Min, Max, N> = N extends number
  ? number extends N
    ? N
    : `${N}` extends `${bigint}`
      ? IsOrdered<Min, N> extends true
        ? IsOrdered<N, Max> extends true
          ? N
          : Expected<Min, Max>
        : Expected<Min, Max>
      : Expected<Min, Max>
  : N;

/** Stands in the message of the compiler. */
type Expected<Min, Max> = Min extends number
  ? Max extends number
    ? `an integer from ${Min} to ${Max}`
    : `an integer of at least ${Min}`
  : Max extends number
    ? `an integer of at most ${Max}`
    : 'an integer';

/** True when the first integer is not above the second; `undefined` is no bound. */
type IsOrdered<A, B> = A extends number
  ? B extends number
    ? CompareSigned<`${A}`, `${B}`> extends '>'
      ? false
      : true
    : true
  : true;

type CompareSigned<A extends string, B extends string> = A extends `-${infer P}`
  ? B extends `-${infer Q}`
    ? CompareNatural<Q, P>
    : '<'
  : B extends `-${string}`
    ? '>'
    : CompareNatural<A, B>;

/** Of two natural numbers the one with more digits is greater; else the first digit that differs decides. */
type CompareNatural<A extends string, B extends string> =
  CompareLength<A, B> extends infer Order ? (Order extends '=' ? CompareDigits<A, B> : Order) : never;

type CompareLength<A extends string, B extends string> = A extends `${string}${infer P}`
  ? B extends `${string}${infer Q}`
    ? CompareLength<P, Q>
    : '>'
  : B extends ''
    ? '='
    : '<';

type CompareDigits<A extends string, B extends string> = A extends `${infer X}${infer P}`
  ? B extends `${infer Y}${infer Q}`
    ? X extends Y
      ? CompareDigits<P, Q>
      : '0123456789' extends `${string}${X}${string}${Y}${string}`
        ? '<'
        : '>'
    : '='
  : '=';
