import type Long from 'long';
import { pad, struct, u8, u32, u64 } from '../wire/struct.ts';
import { listOf, type MultipartCodec, noBody } from './codec.ts';

/** How one table was used: ofp_table_stats (OpenFlow 1.3.5, 7.3.5.4). */
export interface TableStats<Value = Long> {
  readonly tableId: number;
  readonly activeCount: number;
  readonly lookupCount: Value;
  readonly matchedCount: Value;
}

/** OFPMP_TABLE. */
export const tableStats: MultipartCodec = {
  type: 'table',
  code: 3,
  request: noBody,
  reply: listOf(
    struct<TableStats>(
      'ofp_table_stats',
      u8('tableId'),
      pad(3),
      u32('activeCount'),
      u64('lookupCount'),
      u64('matchedCount'),
    ),
  ),
};
