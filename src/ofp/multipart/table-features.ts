import type Long from 'long';
import type { U64 } from '../../util/u64.ts';
import { pad, struct, text, u8, u32, u64 } from '../wire/struct.ts';
import { need, readLength } from '../wire/wire-view.ts';
import type { BodyCodec, MultipartCodec } from './codec.ts';
import { decodeTableFeatures, encodeTableFeatures, type TableFeature } from './table-feature.ts';

/** What one table can do: ofp_table_features (OpenFlow 1.3.5, 7.3.5.5). */
export interface TableFeatures<Value = Long> {
  readonly tableId: number;
  /** Of at most 31 bytes. */
  readonly name: string;
  /** The bits of the metadata that the table can match. */
  readonly metadataMatch: Value;
  /** The bits of the metadata that the table can write. */
  readonly metadataWrite: Value;
  /** Bits OFPTC_: deprecated in 1.3, reserved. */
  readonly config: number;
  /** The greatest number of flows. */
  readonly maxEntries: number;
  readonly properties: readonly TableFeature[];
}

/** What follows the 16-bit length. */
const head = struct<Omit<TableFeatures, 'properties'>>(
  'ofp_table_features',
  u8('tableId'),
  pad(5),
  text('name', 32),
  u64('metadataMatch'),
  u64('metadataWrite'),
  u32('config'),
  u32('maxEntries'),
);

const LENGTH_SIZE = 2;
const HEAD_SIZE = LENGTH_SIZE + head.size;

const body: BodyCodec<TableFeatures[], readonly TableFeatures<U64>[] | undefined> = {
  size: 0,
  decode(wire, start, end) {
    const tables: TableFeatures[] = [];
    for (let at = start; at < end; ) {
      need('table features', HEAD_SIZE, at, end);
      const length = readLength(wire, 'table features', at, HEAD_SIZE, at, end);
      tables.push({
        ...head.decode(wire, at + LENGTH_SIZE, at + length),
        properties: decodeTableFeatures(wire, at + HEAD_SIZE, at + length),
      });
      at += length;
    }
    return tables;
  },
  encode(writer, tables = []) {
    for (const table of tables) {
      const start = writer.offset;
      writer.u16(0);
      head.encode(writer, table as TableFeatures);
      encodeTableFeatures(writer, table.properties);
      writer.patchLength(start, 0);
    }
  },
};

/** OFPMP_TABLE_FEATURES. A request without tables asks for them; one with tables asks the switch to be so. */
export const tableFeatures: MultipartCodec = {
  type: 'tableFeatures',
  code: 12,
  request: body,
  reply: body,
};
