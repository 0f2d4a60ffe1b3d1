import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Command as Program } from 'commander';
import { LeaseKey } from '../../src/app/dhcp/lease.ts';
import { Key } from '../../src/app/hosts/host-view.ts';
import { parsePod } from '../../src/app/hosts/pod.ts';
import { addControllerCommand } from '../../src/cli/controller.ts';
import { ROOT, readDocuments } from './documents.ts';

const documents = readDocuments();
const { text } = documents.find(({ file }) => file === 'docs/pods.md')!;

describe('docs/pods.md', () => {
  it('names the labels that are read', () => {
    const labels = cells('table', 1).map((cell) => cell.replaceAll('`', ''));
    expect(labels.sort()).toEqual([...Object.values(Key), ...Object.values(LeaseKey)].sort());
  });

  it('says which key follows from which name', () => {
    expect(parsePod('global').key).toBe(69_629);
    expect(text).toContain('| `global` | 69629 (0x10ffd) |');
    for (const number of [1, 7, 4094]) expect(parsePod(`${number}`).key).toBe(65_536 + number);
    for (const name of ['0', '4093', '4095', '_x', 'x y', `x${'y'.repeat(63)}`])
      expect(() => parsePod(name, '1000')).toThrow(expect.objectContaining({ code: 'POD_INVALID' }));
    expect(parsePod(`x${'y'.repeat(62)}`, '16777215').key).toBe(2 ** 24 - 1);
    for (const key of ['0', '16777216', '65537'])
      expect(() => parsePod('web', key)).toThrow(expect.objectContaining({ code: 'POD_INVALID' }));
  });

  it('names the events that there are', () => {
    const source = readFileSync(`${ROOT}src/app/events.ts`, 'utf8');
    const types = [...source.matchAll(/readonly type: '(\w+)'/g)].map(([, type]) => type!);
    const named = cells('`type`', 0).flatMap((cell) => cell.replaceAll('`', '').split(', '));
    expect(named.sort()).toEqual(['state', ...types].sort());
  });

  it('names options that there are, and so does README.md', () => {
    const program = new Program();
    addControllerCommand(program);
    const options = program.commands.flatMap((command) => command.options.map(({ long }) => long));
    const inProse = documents
      .filter(({ file }) => file === 'docs/pods.md' || file === 'README.md')
      .flatMap(({ prose }) => prose.flatMap(([, line]) => [...line.matchAll(/`(--[a-z-]+)/g)]));
    expect(inProse.map(([, option]) => option!).filter((option) => !options.includes(option))).toEqual([]);
  });
});

/** A column of the table whose first heading is given. */
function cells(heading: string, column: number): string[] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${heading} |`)) + 2;
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  return lines.slice(start, start + length).map((line) => line.split('|')[column + 1]!.trim());
}
