import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { run } from '../lab/run.ts';
import { ROOT } from './documents.ts';

const packageJson = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly exports: Readonly<Record<string, string | object>>;
};

/** What the package exports and has types: `galago`, `galago/ofp`, … */
const MODULES = Object.entries(packageJson.exports).flatMap(([path, target]) =>
  typeof target === 'string' ? [] : [`galago${path.slice(1)}`],
);

describe('the declarations of the package', () => {
  const dir = mkdtempSync(join(tmpdir(), 'galago-declarations-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it('are checked without an error in the strictest project of somebody else', async () => {
    mkdirSync(join(dir, 'node_modules'));
    symlinkSync(ROOT, join(dir, 'node_modules/galago'));
    const imports = MODULES.map((name, at) => `import * as m${at} from '${name}';\nvoid m${at};\n`);
    writeFileSync(join(dir, 'main.mts'), imports.join(''));
    const compilerOptions = {
      module: 'NodeNext',
      target: 'ES2022',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules/@types')],
    };
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.mts'] }));
    expect(MODULES).toContain('galago/ofp');
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    expect(await run('node', [tsc, '-p', dir], { timeoutMs: 120_000 })).toBe('');
  }, 130_000);
});
