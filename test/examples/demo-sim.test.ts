import { expect, it, jest } from '@jest/globals';
import { ROOT, readDocuments } from '../docs/documents.ts';
import { patternOf } from '../docs/trial.ts';
import { run } from '../lab/run.ts';

jest.setTimeout(60_000);

const simulate = (...args: string[]) =>
  run(process.execPath, [`${ROOT}examples/demo/start.js`, '--sim', ...args], { env: { NO_COLOR: '1' } });

it('the simulated demo shows what the real one shows, and says that it is a simulation', async () => {
  const output = await simulate();
  expect(output).toMatch(/^This is a simulation: /);
  const readme = readDocuments().find(({ file }) => file === 'README.md')!;
  const sample = readme.fences.find(({ language }) => language === 'text')!;
  expect(output).toMatch(patternOf(sample.text.replaceAll('tcp', 'udp').replace('TCP', 'UDP')));
  expect(output).toMatch(/^ {2}12 of 12 as expected: the one in the own pod\.$/m);
  expect(output).toMatch(/^Flows of br-int on h1: \d+\nFlows of br-int on h2: \d+$/m);
  expect(output).toContain('With the controller ended, blue1 still reaches blue3.\n');
  expect(output).toMatch(/\nAll as expected, in \d+\.\d s\.\n$/);
});

it('the simulated demo refuses options that it does not have', async () => {
  await expect(simulate('--fast')).rejects.toMatchObject({
    exitCode: 1,
    stderr: "galago demo: unknown option '--fast' behind --sim: there is none\n",
  });
});
