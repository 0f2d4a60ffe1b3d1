import type { Struct } from '../wire/struct.ts';
import type { WireView } from '../wire/wire-view.ts';
import type { Writer } from '../wire/writer.ts';

/** One direction of a multipart type: its body, behind the multipart header. */
export interface BodyCodec<T, Init = T> {
  /** Least length of the body in bytes. */
  readonly size: number;
  decode(wire: WireView, start: number, end: number): T;
  encode(writer: Writer, body: Init): void;
}

/** One multipart type (OpenFlow 1.3.5, 7.3.5). */
export interface MultipartCodec {
  readonly type: string;
  /** OFPMP_ number. */
  readonly code: number;
  readonly request: BodyCodec<unknown, never>;
  readonly reply: BodyCodec<unknown, never>;
}

/** The body of a request that has none. */
export const noBody: BodyCodec<undefined> = { size: 0, decode: () => undefined, encode: () => {} };

/** A body that is any number of one structure. */
export function listOf<T>(entry: Struct<T>): BodyCodec<T[], readonly T[]> {
  return {
    size: 0,
    decode: (wire, start, end) => entry.decodeAll(wire, start, end),
    encode(writer, entries) {
      for (const value of entries) entry.encode(writer, value);
    },
  };
}

/** One multipart type of an experimenter (OpenFlow 1.3.5, 7.3.5.15): its bodies begin behind experimenter and type. */
export interface ExperimenterMultipartCodec {
  readonly type: string;
  readonly experimenter: number;
  readonly expType: number;
  readonly request: BodyCodec<unknown, never>;
  readonly reply: BodyCodec<unknown, never>;
}
