import { defineConfig } from 'rolldown';
import manifest from './package.json' with { type: 'json' };

/** What ends where somebody waits for a container: it is one file with `main`, since every file takes a millisecond. */
const QUICK = /\/src\/cli\/(main|program|host\/(connect|disconnect))\.ts$/;

/** The command `galago`: CommonJS, which Node.js loads faster than modules, and in parts, which are loaded when called. */
export default defineConfig({
  input: { main: 'src/cli/main.ts' },
  platform: 'node',
  external: Object.keys(manifest.dependencies),
  transform: { target: 'node20.19' },
  output: {
    dir: 'dist/cli',
    cleanDir: true,
    format: 'cjs',
    dynamicImportInCjs: false,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name]-[hash].cjs',
    sourcemap: true,
    codeSplitting: { groups: [{ name: 'main', test: QUICK }] },
  },
});
