/** `<atomic-type>` (RFC 7047, 3.2). */
export type AtomicType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid';

/** `<base-type>` (RFC 7047, 3.2). */
interface BaseTypeJson {
  readonly type: AtomicType;
  readonly enum?: number | boolean | string | readonly ['set', readonly (number | boolean | string)[]];
  readonly minInteger?: number;
  readonly maxInteger?: number;
  readonly minReal?: number;
  readonly maxReal?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly refTable?: string;
  readonly refType?: 'strong' | 'weak';
}

/** `<type>` (RFC 7047, 3.2). */
export type TypeJson =
  | AtomicType
  | {
      readonly key: AtomicType | BaseTypeJson;
      readonly value?: AtomicType | BaseTypeJson;
      readonly min?: number;
      readonly max?: number | 'unlimited';
    };

/** `<column-schema>` (RFC 7047, 3.2). */
export interface ColumnJson {
  readonly type: TypeJson;
  readonly ephemeral?: boolean;
  readonly mutable?: boolean;
}

/** `<table-schema>` (RFC 7047, 3.2). */
interface TableJson {
  readonly columns: { readonly [column: string]: ColumnJson };
  readonly maxRows?: number;
  readonly isRoot?: boolean;
  readonly indexes?: readonly (readonly string[])[];
}

/** `<database-schema>` (RFC 7047, 3.2): what a `.ovsschema` file holds, and `get_schema` answers. */
export interface SchemaJson {
  readonly name: string;
  readonly version?: string;
  readonly cksum?: string;
  readonly tables: { readonly [table: string]: TableJson };
}
