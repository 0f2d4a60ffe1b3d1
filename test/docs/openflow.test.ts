import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { DOCUMENT, withTables } from './openflow-table.ts';

describe('docs/openflow.md', () => {
  const text = readFileSync(DOCUMENT, 'utf8');

  it('lists what the registries have: `npm run docs:openflow` writes it', () => {
    // Compared as a boolean: nobody wants to read the difference of two hundred rows.
    expect(withTables(text) === text).toBe(true);
  });

  it('has every message, field and action in a row', () => {
    for (const name of ['flowMod', 'nxPacketIn2', 'portDesc', 'gotoTable', 'nxLearn', 'ethDst']) {
      expect(text).toMatch(new RegExp(`^\\| \`${name}\` \\|`, 'm'));
    }
    expect(text).toContain('| `reg0` to `reg15` | `reg0` to `reg15` |');
  });

  it('is not written where the marks are missing', () => {
    expect(() => withTables('# OpenFlow\n')).toThrow('expected <!-- openflow-table: begin');
  });
});
