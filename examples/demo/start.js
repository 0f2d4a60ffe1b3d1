// Starts the demo: `--sim` on any platform, the real one by a shell script. Plain JavaScript without dependencies, since
// it runs before there are any.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];
const args = process.argv.slice(2);

if (args[0] === '--sim') simulate();
else run('sh', ['examples/demo/run.sh', ...args]);

function simulate() {
  if (args.length > 1) fail(`unknown option '${args[1]}' behind --sim: there is none`);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`needs Node.js 20.19 or newer, this is ${process.version}`);
  if (!existsSync(`${ROOT}node_modules/tsx`)) {
    console.log('Installing npm packages into node_modules, where they will stay');
    // On Windows npm is a script, which only a shell can start.
    const { status } = spawnSync('npm', ['ci'], { cwd: ROOT, shell: process.platform === 'win32' });
    if (status !== 0) fail("'npm ci' failed");
  }
  run(process.execPath, ['--import', 'tsx', 'examples/demo/sim/main.ts']);
}

function run(command, argv) {
  const env = { ...process.env, TSX_DISABLE_CACHE: '1' };
  const child = spawn(command, argv, { cwd: ROOT, env, stdio: 'inherit' });
  child.on('error', ({ message }) => fail(message));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const name of SIGNALS) process.removeAllListeners(name);
    process.kill(process.pid, signal);
  });
  // A terminal tells the child as well, which cleans up; whoever asks only this process has it passed on.
  for (const name of SIGNALS) process.on(name, () => name !== 'SIGINT' && child.kill(name));
}

function fail(message) {
  console.error(`galago demo: ${message}`);
  process.exit(1);
}
