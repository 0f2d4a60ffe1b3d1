import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../lab/index.ts';
import type { ActionFixture, ActionFixtures } from './action-fixtures.ts';
import { DELETIONS, OPENFLOW10, OPENFLOW11, OPENFLOW13 } from './recording/action-texts.ts';
import { FakeSwitch } from './recording/fake-switch.ts';

// Records how ovs-ofctl encodes actions into `fixtures/actions.json`. Needs no switch and no root.
// Run: npx tsx test/ofp/record-actions.ts

const FIXTURES = fileURLToPath(new URL('./fixtures/actions.json', import.meta.url));
const FLOW_MOD = 14;
const EXPERIMENTER = 4;
const NXT_FLOW_MOD = 13;
/** Where the actions begin in a flow-mod of OpenFlow 1.0, and in one of 1.1 with one instruction. */
const ACTIONS_10 = 72;
const ACTIONS_11 = 144;

/** What ovs-ofctl sends for each flow, run as `command`, that `isWanted`. */
async function record(
  directory: string,
  version: number,
  flows: readonly string[],
  command: readonly string[],
  isWanted: (message: Buffer) => boolean,
): Promise<[text: string, message: Buffer][]> {
  const fake = await FakeSwitch.listen(join(directory, `${version}.sock`), version);
  const rows: [string, Buffer][] = [];
  try {
    for (const flow of flows) {
      await run('ovs-ofctl', [
        '--no-names',
        '-O',
        `OpenFlow1${version - 1}`,
        ...command,
        `unix:${fake.path}`,
        flow,
      ]);
      for (const message of fake.take()) if (isWanted(message)) rows.push([flow, message]);
    }
  } finally {
    fake.close();
  }
  return rows;
}

function hexFrom(rows: readonly (readonly [string, Buffer])[], offset = 0): ActionFixture[] {
  return rows.map(([text, message]) => ({ text, hex: message.toString('hex', offset) }));
}

async function recordAll(directory: string): Promise<ActionFixtures> {
  const isFlowMod = (message: Buffer) => message[1] === FLOW_MOD;
  const isNxFlowMod = (message: Buffer) =>
    message[1] === EXPERIMENTER && message.readUInt32BE(12) === NXT_FLOW_MOD;
  const deletion = ['-F', 'nxm+table_id', 'del-flows'];
  const deletions = await record(directory, 1, DELETIONS, deletion, isNxFlowMod);
  for (const [, message] of deletions) message[0] = 4;
  return {
    openflow13: hexFrom(await record(directory, 4, OPENFLOW13, ['add-flow'], isFlowMod)),
    openflow11: hexFrom(await record(directory, 2, OPENFLOW11, ['add-flow'], isFlowMod), ACTIONS_11),
    openflow10: hexFrom(await record(directory, 1, OPENFLOW10, ['add-flow'], isFlowMod), ACTIONS_10),
    deletions: hexFrom(deletions),
  };
}

async function main(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'record-actions-'));
  try {
    await writeFile(FIXTURES, `${JSON.stringify(await recordAll(directory), null, 2)}\n`);
  } finally {
    await rm(directory, { recursive: true });
  }
}

await main();
