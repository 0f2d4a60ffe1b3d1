import { TEXT_FIELDS } from '../fields.ts';
import { hex } from '../numbers.ts';
import { Dittos } from './dittos.ts';
import type { WireMessage } from './form.ts';
import { formatActionTypes } from './groups.ts';
import { formatNames } from './name-list.ts';
import {
  type ActionFeatures,
  type InstructionFeatures,
  readTableFeature,
  type TableFeature,
} from './table-feature.ts';

/** Writes what tables can do, each with what is not as in the one before it. */
export function* printTableFeatures({ wire, body, end }: WireMessage): Iterable<string> {
  const dittos = new Dittos();
  let previous: TableFeature | undefined;
  for (let at = body; at < end; ) {
    let table: ReturnType<typeof readTableFeature>;
    try {
      table = readTableFeature(wire, at, end);
    } catch (error) {
      yield dittos.finish();
      throw error;
    }
    const isSame = previous !== undefined && areEqual(table, previous);
    if (isSame && table.name === '') dittos.add(table.tableId);
    else {
      yield `${dittos.finish()}\n  table ${table.tableId}${table.name === '' ? '' : ` ("${table.name}")`}:`;
      yield isSame ? ' ditto' : `\n${describe(table, previous)}`;
    }
    previous = table;
    at = table.end;
  }
  yield dittos.finish();
}

function describe(table: TableFeature, previous: TableFeature | undefined): string {
  let text = '';
  const { metadataMatch, metadataWrite, maxEntries } = table;
  if (metadataMatch !== 0n || metadataWrite !== 0n) {
    text += `    metadata: match=${hex(metadataMatch)} write=${hex(metadataWrite)}\n`;
  }
  if (maxEntries !== 0) text += `    max_entries=${maxEntries}\n`;
  return text + describeInstructions(table, previous) + describeMatch(table, previous);
}

function describeInstructions(table: TableFeature, previous: TableFeature | undefined): string {
  const { hit, miss, tableId } = table;
  const before = previous?.tableId ?? 0;
  const isAsBefore =
    previous !== undefined &&
    sameInstructions(hit, tableId, previous.hit, before) &&
    sameInstructions(miss, tableId, previous.miss, before);
  if (isAsBefore) return isEmpty(hit) ? '' : '    (same instructions)\n';
  if (!sameInstructions(hit, tableId, miss, tableId)) {
    return (
      `    instructions (other than table miss):\n${instructionLines(hit, previous?.hit)}` +
      `    instructions (table miss):\n${instructionLines(miss, previous?.miss)}`
    );
  }
  return isEmpty(hit)
    ? ''
    : `    instructions (table miss and others):\n${instructionLines(hit, previous?.hit)}`;
}

/** OFPIT_ numbers and names, in the order in which they are done. */
const INSTRUCTIONS: readonly [code: number, name: string][] = [
  [6, 'meter'],
  [4, 'apply_actions'],
  [5, 'clear_actions'],
  [3, 'write_actions'],
  [2, 'write_metadata'],
  [1, 'goto_table'],
];

function instructionLines(features: InstructionFeatures, previous: InstructionFeatures | undefined): string {
  const { next, instructions, write, apply } = features;
  let text = next === 0n ? '' : `      next tables: ${ranges(next)}\n`;
  if (instructions !== 0) {
    const names = INSTRUCTIONS.flatMap(([code, name]) => (((instructions >>> code) & 1) === 1 ? [name] : []));
    const isSame = previous?.instructions === instructions;
    text += isSame ? '      (same instructions)\n' : `      instructions: ${names.join(' ')}\n`;
  }
  const isAsBefore =
    previous !== undefined && sameActions(write, previous.write) && sameActions(apply, previous.apply);
  if (isAsBefore && write.fields !== 0n) return `${text}      (same actions)\n`;
  if (!sameActions(write, apply)) {
    const lines = `      Write-Actions features:\n${actionLines(write)}`;
    return `${text}${lines}      Apply-Actions features:\n${actionLines(apply)}`;
  }
  if (write.actions === 0 && write.fields === 0n) return text;
  return `${text}      Write-Actions and Apply-Actions features:\n${actionLines(write)}`;
}

function ranges(bits: bigint): string {
  const words = [];
  for (let table = 0; table < 255; table++) {
    if (((bits >> BigInt(table)) & 1n) === 0n) continue;
    const first = table;
    while (((bits >> BigInt(table + 1)) & 1n) === 1n) table++;
    words.push(first === table ? `${first}` : `${first}-${table}`);
  }
  return words.join(',');
}

function actionLines({ actions, fields }: ActionFeatures): string {
  let text = actions === 0 ? '' : `        actions: ${formatActionTypes(actions)}\n`;
  if (fields !== 0n) text += `        supported on Set-Field:${fieldNames(fields)}\n`;
  return text;
}

function fieldNames(bits: bigint): string {
  const names = TEXT_FIELDS.filter((_, index) => ((bits >> BigInt(index)) & 1n) === 1n).map(
    ({ name }) => name,
  );
  return ` ${formatNames(names)}`;
}

function describeMatch(table: TableFeature, previous: TableFeature | undefined): string {
  const { match, mask, wildcard } = table;
  if (match === 0n) return '';
  if (match === previous?.match) return '    (same matching)\n';
  const groups: readonly [title: string, bits: bigint][] = [
    ['arbitrary mask', match & mask & wildcard],
    ['exact match or wildcard', match & ~mask & wildcard],
    ['must exact match', match & ~mask & ~wildcard],
  ];
  const lines = groups.map(([title, bits]) => (bits === 0n ? '' : `      ${title}:${fieldNames(bits)}\n`));
  return `    matching:\n${lines.join('')}`;
}

function areEqual(a: TableFeature, b: TableFeature): boolean {
  return (
    a.metadataMatch === b.metadataMatch &&
    a.metadataWrite === b.metadataWrite &&
    a.maxEntries === b.maxEntries &&
    sameInstructions(a.hit, a.tableId, b.hit, b.tableId) &&
    sameInstructions(a.miss, a.tableId, b.miss, b.tableId) &&
    a.match === b.match
  );
}

function sameInstructions(
  a: InstructionFeatures,
  aTable: number,
  b: InstructionFeatures,
  bTable: number,
): boolean {
  return (
    sameNext(a.next, aTable, b.next, bTable) &&
    a.instructions === b.instructions &&
    sameActions(a.write, b.write) &&
    sameActions(a.apply, b.apply)
  );
}

/** Neighbouring tables lead to the same ones when the later only lacks itself, which the earlier leads to. */
function sameNext(a: bigint, aTable: number, b: bigint, bTable: number): boolean {
  if (aTable === bTable + 1) return sameNext(b, bTable, a, aTable);
  const itself = 1n << BigInt(bTable);
  const isStep = bTable === aTable + 1 && (a & itself) !== 0n && (b & itself) === 0n;
  return isStep ? (a & ~itself) === b : a === b;
}

function sameActions(a: ActionFeatures, b: ActionFeatures): boolean {
  return a.actions === b.actions && a.fields === b.fields;
}

function isEmpty({ next, instructions, write, apply }: InstructionFeatures): boolean {
  return next === 0n && instructions === 0 && isNone(write) && isNone(apply);
}

function isNone({ actions, fields }: ActionFeatures): boolean {
  return actions === 0 && fields === 0n;
}
