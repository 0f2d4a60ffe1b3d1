import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, jest } from '@jest/globals';
import { run } from '../lab/run.ts';
import { readDocuments } from './documents.ts';
import { writeSnippets } from './snippets.ts';

jest.setTimeout(180_000);

it("docs/testing.md shows a test of a user's own controller, in 30 lines, that passes", async () => {
  const { fences } = readDocuments().find(({ file }) => file === 'docs/testing.md')!;
  const [fence] = fences.filter(({ section }) => section === 'docs/testing.md#A controller of your own');
  expect(fence!.text.split('\n').length).toBeLessThanOrEqual(30);
  const dir = mkdtempSync(join(tmpdir(), 'galago-docs-'));
  try {
    const { snippets, tsconfig } = writeSnippets(dir, [fence!]);
    const env = { TSX_TSCONFIG_PATH: tsconfig, TSX_DISABLE_CACHE: '1' };
    const printed = await run(process.execPath, ['--import', 'tsx', snippets[0]!.path], {
      ...{ env, timeoutMs: 120_000 },
    });
    expect(printed).toMatch(/^(#|ℹ) pass 1$/m);
    expect(printed).toMatch(/^(#|ℹ) fail 0$/m);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
