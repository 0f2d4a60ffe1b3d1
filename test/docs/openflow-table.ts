import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ActionCodec } from '../../src/ofp/actions/codec.ts';
import { niciraActions } from '../../src/ofp/actions/nicira/index.ts';
import { onfActions } from '../../src/ofp/actions/onf.ts';
import { openflow11Actions } from '../../src/ofp/actions/openflow11.ts';
import { setFieldAction } from '../../src/ofp/actions/set-field.ts';
import { standardActions } from '../../src/ofp/actions/standard.ts';
import { EXPERIMENTER_ERROR, errorName } from '../../src/ofp/error-names.ts';
import { instructionCodes } from '../../src/ofp/instruction.ts';
import { experimenterCodecs, messageCodecs } from '../../src/ofp/message.ts';
import { experimenterMultipartCodecs, multipartCodecs } from '../../src/ofp/multipart/multipart.ts';
import type { Field } from '../../src/ofp/oxm/field.ts';
import { Experimenter, FIELDS } from '../../src/ofp/oxm/fields.ts';
import { fieldByOxm } from '../../src/ofp/text/fields.ts';

// What docs/openflow.md says is supported, from the registries. Run by itself it writes that part anew.

/** The document that the tables are in. */
export const DOCUMENT = fileURLToPath(new URL('../../docs/openflow.md', import.meta.url));

const BEGIN = '<!-- openflow-table: begin; written by `npm run docs:openflow` -->\n';
const END = '<!-- openflow-table: end -->\n';

/** The text with the tables between its marks as they ought to be. @throws Error when the marks are not there */
export function withTables(text: string): string {
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`expected ${BEGIN.trim()} and ${END.trim()}`);
  return `${text.slice(0, begin)}${BEGIN}\n${tables()}\n${text.slice(end)}`;
}

type Row = readonly (string | number)[];

function tables(): string {
  const parts: [heading: string, columns: readonly string[], rows: readonly Row[]][] = [
    ['Messages', ['message', 'OFPT_'], messageCodecs.map(({ type, code }) => [quoted(type), code])],
    [
      'Messages of experimenters',
      ['message', 'experimenter', 'number'],
      experimenterCodecs.map(({ type, experimenter, expType }) => [
        quoted(type),
        nameOf(experimenter),
        expType,
      ]),
    ],
    [
      'Multipart types',
      ['type', 'OFPMP_'],
      multipartCodecs.map(({ type, code }) => [quoted(type), hexIfLarge(code)]),
    ],
    [
      'Multipart types of experimenters',
      ['type', 'experimenter', 'number'],
      experimenterMultipartCodecs.map(({ type, experimenter, expType }) => [
        quoted(type),
        nameOf(experimenter),
        expType,
      ]),
    ],
    ['Instructions', ['instruction', 'OFPIT_'], instructions()],
    ['Actions', ['action', 'OFPAT_'], actions([...standardActions, setFieldAction, ...openflow11Actions])],
    ['Actions of Nicira', ['action', 'NXAST_'], actions(niciraActions)],
    ['Actions of the ONF', ['action', 'number'], actions(onfActions)],
    ['Fields', ['field', 'ovs-ofctl', 'class, number', 'bits', 'mask', 'needs'], fields()],
    ['Names of errors', ['of', 'names'], errors()],
  ];
  return parts.map(([heading, columns, rows]) => `### ${heading}\n\n${table(columns, rows)}`).join('\n');
}

function table(columns: readonly string[], rows: readonly Row[]): string {
  const lines = [columns, columns.map(() => '---'), ...rows];
  return lines
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('')
    .replaceAll('| --- ', '|---')
    .replaceAll('--- |', '---|');
}

function quoted(name: string): string {
  return `\`${name}\``;
}

function hexIfLarge(number: number): string {
  return number < 0x1000 ? `${number}` : `0x${number.toString(16)}`;
}

const EXPERIMENTER_NAMES: Readonly<Record<number, string>> = {
  [Experimenter.NICIRA]: 'Nicira',
  [Experimenter.ONF]: 'ONF',
  [Experimenter.NSH]: 'NSH',
};

function nameOf(experimenter: number): string {
  return EXPERIMENTER_NAMES[experimenter] ?? `0x${experimenter.toString(16)}`;
}

/** Codes are small: every one that has a name is found by asking. */
const LAST_CODE = 0xffff;

function instructions(): Row[] {
  const rows: Row[] = [];
  for (let code = 0; code <= LAST_CODE; code++) {
    const name = instructionCodes.name(code);
    if (typeof name === 'string') rows.push([quoted(name), code]);
  }
  return rows;
}

function actions(codecs: readonly ActionCodec[]): Row[] {
  const sorted = [...codecs].sort((a, b) => a.code - b.code);
  return sorted.map(({ type, code }) => [quoted(type), code]);
}

/** Fields that differ in their number only, as registers do, are one row. */
function fields(): Row[] {
  const rows: { first: string; last: string; cells: readonly string[]; numbers: readonly [Field, Field] }[] =
    [];
  for (const [name, field] of Object.entries(FIELDS) as [string, Field][]) {
    const cells = cellsOf(field);
    const before = rows.at(-1);
    const isKnown = (other: string) => fieldByOxm(other) !== undefined;
    const isNext =
      before !== undefined && follows(before.last, name) && isKnown(before.last) === isKnown(name);
    if (isNext && `${before.cells}` === `${cells}`) {
      rows[rows.length - 1] = { ...before, last: name, numbers: [before.numbers[0], field] };
    } else rows.push({ first: name, last: name, cells, numbers: [field, field] });
  }
  return rows.map(({ first, last, cells, numbers: [from, to] }) => {
    const range = (a: string, b: string) => (a === b ? quoted(a) : `${quoted(a)} to ${quoted(b)}`);
    const textOf = (name: string) => fieldByOxm(name)?.name;
    const text = textOf(first) === undefined ? '' : range(textOf(first)!, textOf(last)!);
    const number = from === to ? `${from.field}` : `${from.field} to ${to.field}`;
    return [range(first, last), text, `${classOf(from)}, ${number}`, ...cells];
  });
}

function cellsOf({ kind, bits, maskability, needs }: Field): string[] {
  const size = kind === 'bytes' ? `up to ${bits}` : `${bits}`;
  return [size, maskability === 'maskable' ? 'yes' : 'no', needs === 'none' ? '' : needs];
}

function classOf({ oxmClass, experimenter }: Field): string {
  return experimenter === 0 ? `0x${oxmClass.toString(16).padStart(4, '0')}` : nameOf(experimenter);
}

function follows(before: string, after: string): boolean {
  const [, prefix, number] = /^(.*?)(\d+)$/.exec(before) ?? [];
  return prefix !== undefined && after === `${prefix}${Number(number) + 1}`;
}

function errors(): Row[] {
  const experimenters = [Experimenter.ONF, Experimenter.NICIRA];
  const standard = Array.from({ length: 64 }, (_, type) => countErrors(64, (code) => errorName(type, code)));
  return [
    ['OpenFlow 1.3.5', standard.reduce((sum, count) => sum + count)],
    ...experimenters.map((experimenter): Row => {
      const name = (code: number) => errorName(EXPERIMENTER_ERROR, code, experimenter);
      return [nameOf(experimenter), countErrors(LAST_CODE, name)];
    }),
  ];
}

/** How many codes have a name; the others are said in words. */
function countErrors(limit: number, name: (code: number) => string): number {
  return Array.from({ length: limit }, (_, code) => name(code)).filter((text) => !text.includes(' ')).length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(DOCUMENT, withTables(readFileSync(DOCUMENT, 'utf8')));
}
