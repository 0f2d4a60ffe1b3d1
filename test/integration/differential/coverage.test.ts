import { beforeAll, describe, expect, it } from '@jest/globals';
import { hasPlace, optionNumber } from '../../../src/datapath/packet/layout.ts';
import { Pipeline } from '../../../src/datapath/pipeline.ts';
import { portInit } from '../../../src/datapath/ports.ts';
import { niciraActions } from '../../../src/ofp/actions/nicira/index.ts';
import { onfActions } from '../../../src/ofp/actions/onf.ts';
import { openflow11Actions } from '../../../src/ofp/actions/openflow11.ts';
import { standardActions } from '../../../src/ofp/actions/standard.ts';
import { decode, encode, type MessageInit } from '../../../src/ofp/message.ts';
import type { FlowMod } from '../../../src/ofp/messages/flow-mod.ts';
import type { GroupMod } from '../../../src/ofp/messages/group-mod.ts';
import type { MeterMod } from '../../../src/ofp/messages/meter-mod.ts';
import { FIELDS } from '../../../src/ofp/oxm/fields.ts';
import { Refusal } from '../../../src/ofp/text/check/refusal.ts';
import { fieldByOxm } from '../../../src/ofp/text/fields.ts';
import { parseFlow } from '../../../src/ofp/text/flow-parse.ts';
import { Random } from '../../fuzz/random.ts';
import { connectionFlows } from './connection-flows.ts';
import { isReadable } from './random-fields.ts';
import { randomTables } from './random-tables.ts';
import { SLICE } from './slice.ts';

/** Actions that the switch does not do, as far as flows can have them at all. */
const REFUSED: readonly string[] = [
  ...['nxEncap', 'nxDecap', 'nxDecNshTtl', 'nxDeleteField', 'nxNat'],
  // What tells how Open vSwitch was built.
  ...['nxDebugSlow', 'nxDebugRecirc'],
];

/** What flows of the slice had that were taken, and what was tried. */
const taken = { actions: new Set<string>(), instructions: new Set<string>() };
const tried = new Set<string>();
const fields = { matched: new Set<string>(), written: new Set<string>(), read: new Set<string>() };

beforeAll(() => {
  for (let done = 0; done < SLICE.cases; done += SLICE.packets) {
    const random = new Random(SLICE.seed + done);
    const pipeline = new Pipeline({ now: () => 0 });
    for (const portNo of SLICE.ports) pipeline.ports.add(portInit({ portNo }), () => {}, 0);
    for (const message of randomTables(random, SLICE.flows, done / SLICE.packets).messages)
      offer(pipeline, message);
    for (const text of connectionFlows(random)) offer(pipeline, parseFlow(text, 'add'));
  }
});

function offer(pipeline: Pipeline, init: MessageInit): void {
  if (init.type === 'setConfig') return;
  const message = decode(encode(init)) as FlowMod | GroupMod | MeterMod;
  const isTaken = takes(pipeline, message);
  if (message.type === 'meterMod') return;
  const lists =
    message.type === 'flowMod'
      ? message.instructions.map((each) => ('actions' in each ? each.actions : []))
      : message.buckets.map(({ actions }) => actions);
  for (const list of lists) for (const action of list) note(action, isTaken);
  if (message.type !== 'flowMod' || !isTaken) return;
  for (const { type } of message.instructions) taken.instructions.add(type);
  for (const name of Object.keys(message.match)) fields.matched.add(nameOf(name));
}

function takes(pipeline: Pipeline, message: FlowMod | GroupMod | MeterMod): boolean {
  try {
    pipeline.apply(message);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

interface Noted {
  readonly type: string;
  readonly field?: string;
  readonly src?: { readonly field?: string };
  readonly dst?: { readonly field?: string };
  readonly actions?: readonly Noted[];
}

function note(action: object, isTaken: boolean): void {
  const { type, field, src, dst, actions } = action as Noted;
  for (const each of actions ?? []) note(each, isTaken);
  tried.add(type);
  if (!isTaken) return;
  taken.actions.add(type);
  const written = dst?.field ?? (type === 'nxStackPush' ? undefined : field);
  if (written !== undefined) fields.written.add(nameOf(written));
  const read = src?.field ?? (type === 'nxStackPush' ? field : undefined);
  if (read !== undefined) fields.read.add(nameOf(read));
}

/** What Open vSwitch calls a field, whichever of its OXM numbers it goes by. */
function nameOf(name: string): string {
  return fieldByOxm(name)?.name ?? name;
}

// Tunnel options have a test of their own.
const claimed = Object.keys(FIELDS).filter((name) => hasPlace(name) && optionNumber(name) === undefined);
const registered = [...standardActions, ...openflow11Actions, ...niciraActions, ...onfActions].map(
  ({ type }) => type as string,
);

function missing(names: Iterable<string>, from: ReadonlySet<string>): string[] {
  return [...new Set(names)].filter((name) => !from.has(name)).sort();
}

describe('what is compared with Open vSwitch', () => {
  it('has every action that there is, good or refused', () => {
    expect(missing(registered, tried)).toEqual([...REFUSED].sort());
  });

  it('has every instruction', () => {
    const instructions = [
      'gotoTable',
      'writeMetadata',
      'writeActions',
      'applyActions',
      'clearActions',
      'meter',
    ];
    expect(missing(instructions, taken.instructions)).toEqual([]);
  });

  it('matches every field that the switch has a place for', () => {
    // Of the hash, no flow of a controller may say anything.
    const matchable = claimed.map(nameOf).filter((name) => !name.startsWith('nsh_') && name !== 'dp_hash');
    expect(missing(matchable, fields.matched)).toEqual([]);
  });

  it('writes every field that may be written, and reads every field', () => {
    const names = claimed.filter((name) => !nameOf(name).startsWith('nsh_'));
    const writable = names.filter((name) => fieldByOxm(name)!.writable).map(nameOf);
    const readable = names.filter((name) => isReadable(fieldByOxm(name)!)).map(nameOf);
    expect([missing(writable, fields.written), missing(readable, fields.read)]).toEqual([[], []]);
  });
});
