import { WireError } from '../../util/errors.ts';

/**
 * A value that the specification enumerates: its name in camelCase where there is one (OpenFlow 1.3.5, 7.1.1). A number
 * that has no name stays a number, so that it survives decoding and encoding.
 */
export type Enumerated<Name extends string> = Name | number;

/** The two directions of one enumeration of the specification. */
export interface Enumeration<Name extends string> {
  /** The name of `code`, or `code` itself. */
  name(code: number): Enumerated<Name>;
  /** The code of a name. @throws WireError `OFP_BAD_VALUE` for a name that it does not have */
  code(value: Enumerated<Name>): number;
}

/** Makes an {@link Enumeration}; `prefix` is the specification's (`OFPFC_`), for the error message. */
export function enumeration<Name extends string>(
  prefix: string,
  codes: Readonly<Record<Name, number>>,
): Enumeration<Name> {
  const codeOf = new Map<string, number>(Object.entries(codes));
  const nameOf = new Map<number, Name>();
  for (const [name, code] of codeOf) nameOf.set(code, name as Name);
  return {
    name: (code) => nameOf.get(code) ?? code,
    code(value) {
      const code = typeof value === 'number' ? value : codeOf.get(value);
      if (code !== undefined) return code;
      throw new WireError(
        'OFP_BAD_VALUE',
        `${prefix} has no '${value}', expected ${[...codeOf.keys()].join(', ')}`,
      );
    },
  };
}
