import type { ActionName } from '../../ofp/actions/action.ts';
import type { InstructionName } from '../../ofp/instruction.ts';
import type { TableFeature } from '../../ofp/multipart/table-feature.ts';
import type { TableFeatures } from '../../ofp/multipart/table-features.ts';
import { demand } from '../../ofp/text/check/refusal.ts';
import { TEXT_FIELDS } from '../../ofp/text/fields.ts';
import type { U64 } from '../../util/u64.ts';
import { hasPlace, optionNumber } from '../packet/layout.ts';
import { HIDDEN_TABLE, TABLE_COUNT } from '../tables/flow-tables.ts';

const INSTRUCTIONS: readonly InstructionName[] = [
  'gotoTable',
  'writeMetadata',
  'writeActions',
  'applyActions',
  'clearActions',
  'meter',
];

const ACTIONS: readonly ActionName[] = [
  'output',
  'setMplsTtl',
  'decMplsTtl',
  'pushVlan',
  'popVlan',
  'pushMpls',
  'popMpls',
  'setQueue',
  'group',
  'setNwTtl',
  'decNwTtl',
  'setField',
];

const fields = TEXT_FIELDS.flatMap(({ oxm, maskable, writable }) =>
  oxm !== undefined && hasPlace(oxm) && optionNumber(oxm) === undefined
    ? [{ field: oxm, maskable, writable }]
    : [],
);
const matchFields = fields.map(({ field, maskable }) => (maskable ? { field, masked: true } : { field }));
const allFields = fields.map(({ field }) => ({ field }));
const writableFields = fields.flatMap(({ field, writable }) => (writable ? [{ field }] : []));

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const MAX_FLOWS = 1_000_000;

/** The names that controllers have given to tables, and what else tables can do (OpenFlow 1.3.5, 7.3.5.5). */
export class TableNames {
  #names = new Map<number, string>();

  /** What each table can do: all the same, but for the tables that may follow. */
  features(): readonly TableFeatures<U64>[] {
    return Array.from({ length: TABLE_COUNT }, (_, tableId) => ({
      tableId,
      name: this.#names.get(tableId) ?? '',
      metadataMatch: ALL_ONES,
      metadataWrite: ALL_ONES,
      config: 0,
      maxEntries: MAX_FLOWS,
      properties: properties(tableId),
    }));
  }

  /**
   * Gives the tables the names that a request does, which must be about all tables and ask for nothing that they
   * cannot do.
   * @throws Refusal
   */
  change(tables: readonly TableFeatures[]): void {
    if (tables.length === 0) return;
    const names = new Map<number, string>();
    for (const { tableId, name } of tables) {
      demand(!names.has(tableId), 'NXTFFC_DUP_TABLE', `table ${tableId} is there twice`);
      names.set(tableId, name);
    }
    demand(!names.has(HIDDEN_TABLE), 'OFPTFFC_EPERM', `table ${HIDDEN_TABLE} is the switch's own`);
    demand(names.size === TABLE_COUNT, 'OFPTFFC_EPERM', 'tables cannot be taken away');
    for (const table of tables) checkFeatures(table);
    for (const [tableId, name] of names) if (name === '') names.delete(tableId);
    this.#names = names;
  }
}

/** Refuses what a table cannot do. @throws Refusal */
function checkFeatures({ tableId, maxEntries, properties: wanted }: TableFeatures): void {
  demand(maxEntries === MAX_FLOWS, 'OFPTFFC_EPERM', 'how many flows a table takes is as it is');
  const own = properties(tableId).map((property) => JSON.stringify(property));
  for (const property of wanted) {
    const same = own.find((each) => JSON.parse(each).type === property.type.replace('Miss', ''));
    const isIncluded = same !== undefined && entriesOf(property).every((entry) => same.includes(entry));
    demand(isIncluded, 'OFPTFFC_EPERM', `table ${tableId} cannot do more than it does`);
  }
}

/** What a property lists, each entry as it stands in JSON. */
function entriesOf({ type: _type, ...lists }: TableFeature): string[] {
  return Object.values(lists).flatMap((list) =>
    Array.isArray(list) ? list.map((entry) => JSON.stringify(entry)) : [],
  );
}

function properties(tableId: number): readonly TableFeature[] {
  const tables = Array.from({ length: TABLE_COUNT - 1 - tableId }, (_, index) => tableId + 1 + index);
  return [
    { type: 'instructions', instructions: INSTRUCTIONS },
    { type: 'nextTables', tables },
    { type: 'writeActions', actions: ACTIONS },
    { type: 'applyActions', actions: ACTIONS },
    { type: 'match', fields: matchFields },
    { type: 'wildcards', fields: allFields },
    { type: 'writeSetfield', fields: writableFields },
    { type: 'applySetfield', fields: writableFields },
  ];
}
