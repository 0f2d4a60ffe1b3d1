import { Dittos } from './dittos.ts';
import { type Form, fixed, open, type WireMessage } from './form.ts';
import { printTableFeatures } from './table-features.ts';

/** How messages about tables are written, by OFPT_ number. */
export const tableForms: Readonly<Record<number, Form>> = {
  17: fixed('OFPT_TABLE_MOD', 8, printTableMod),
};

/** How multiparts about tables are written, by OFPMP_ number: request and reply. */
export const tableMultiparts: Readonly<Record<number, readonly [request: Form, reply: Form]>> = {
  3: [fixed('OFPST_TABLE request', 0), open('OFPST_TABLE reply', 0, 24, printStats)],
  12: [
    open('OFPST_TABLE_FEATURES request', 0, 8, printTableFeatures),
    open('OFPST_TABLE_FEATURES reply', 64, 8, printTableFeatures),
  ],
};

const ALL_TABLES = 0xff;

function* printTableMod({ wire, body }: WireMessage): Iterable<string> {
  const table = wire.view.getUint8(body);
  yield table === ALL_TABLES ? ' table_id: ALL_TABLES' : ` table_id=${table}`;
}

const STATS_SIZE = 24;

function* printStats({ wire, body, end }: WireMessage): Iterable<string> {
  const { view } = wire;
  const dittos = new Dittos();
  let previous = '';
  for (let at = body; at < end; at += STATS_SIZE) {
    const table = view.getUint8(at);
    const counts = `active=${view.getUint32(at + 4)}, lookup=${view.getBigUint64(at + 8)}, matched=${view.getBigUint64(at + 16)}`;
    if (counts === previous) dittos.add(table);
    else yield `${dittos.finish()}\n  table ${table}:\n    ${counts}\n`;
    previous = counts;
  }
  yield dittos.finish();
}
