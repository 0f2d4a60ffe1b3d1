import type { UntypedRow } from '../../../src/ovsdb/index.ts';
import { decodeRow } from '../../../src/ovsdb/values/row.ts';
import { decodeUuid } from '../../../src/ovsdb/values/uuid.ts';
import { run } from '../../lab/index.ts';
import { chaosSchema } from './chaos-schema.ts';

/** What `ovsdb-client dump` of Open vSwitch says is in the tables, by table. */
export async function dump(methods: readonly string[]): Promise<ReadonlyMap<string, readonly UntypedRow[]>> {
  const options = ['--timeout=30', '--format=json', '--data=json'];
  const text = await run('ovsdb-client', [...options, 'dump', methods.join(), chaosSchema.name]);
  const tables = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  return new Map(
    tables.map(({ caption, headings, data }) => {
      const name = String(caption).replace(/ table$/, '');
      const columns = [...chaosSchema.tables.get(name)!.columns.values()];
      const rows = data.map((values: readonly unknown[]) => {
        const row = Object.fromEntries(headings.map((heading: string, i: number) => [heading, values[i]]));
        return decodeRow(columns, decodeUuid(row._uuid), row);
      });
      return [name, rows];
    }),
  );
}
