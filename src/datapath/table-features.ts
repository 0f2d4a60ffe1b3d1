import type { ActionName } from '../ofp/actions/action.ts';
import type { InstructionName } from '../ofp/instruction.ts';
import type { TableFeature } from '../ofp/multipart/table-feature.ts';
import type { TableFeatures } from '../ofp/multipart/table-features.ts';
import { TEXT_FIELDS } from '../ofp/text/fields.ts';
import type { U64 } from '../util/u64.ts';
import { TABLE_COUNT } from './flow-tables.ts';
import { hasPlace } from './layout.ts';

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
  oxm !== undefined && hasPlace(oxm) ? [{ field: oxm, maskable, writable }] : [],
);
const matchFields = fields.map(({ field, maskable }) => (maskable ? { field, masked: true } : { field }));
const allFields = fields.map(({ field }) => ({ field }));
const writableFields = fields.flatMap(({ field, writable }) => (writable ? [{ field }] : []));

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const MAX_FLOWS = 1_000_000;

/** What each table can do (OpenFlow 1.3.5, 7.3.5.5): all the same, but for the tables that may follow. */
export function tableFeatures(): readonly TableFeatures<U64>[] {
  return Array.from({ length: TABLE_COUNT }, (_, tableId) => ({
    tableId,
    name: `table${tableId}`,
    metadataMatch: ALL_ONES,
    metadataWrite: ALL_ONES,
    config: 0,
    maxEntries: MAX_FLOWS,
    properties: properties(tableId),
  }));
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
