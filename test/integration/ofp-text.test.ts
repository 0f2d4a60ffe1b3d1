import { describe, expect, it, jest } from '@jest/globals';
import { encode, type MessageInit } from '../../src/ofp/message.ts';
import type { FlowModInit } from '../../src/ofp/messages/flow-mod.ts';
import { FIELDS } from '../../src/ofp/oxm/fields.ts';
import { actionNames } from '../../src/ofp/text/actions/parse.ts';
import { knownOxmFields, TEXT_FIELDS } from '../../src/ofp/text/fields.ts';
import { formatMessage, parseFlow, parseGroup, parseMeter, TextError } from '../../src/ofp/text/index.ts';
import { keyValues, Span } from '../../src/ofp/text/span.ts';
import { Random } from '../fuzz/random.ts';
import { LOOSER_FLOWS, LOOSER_GROUPS, STRICTER } from '../ofp/text/differences.ts';
import { ACTIONS, INSTRUCTIONS } from '../ofp/text/generate/actions.ts';
import { flowText, flowWithAction, flowWithField, groupText, meterText } from '../ofp/text/generate/flows.ts';
import { misspelt } from '../ofp/text/generate/misspelt.ts';
import { type OfctlCommand, outcomes, outcomesAlone, printed, whyNoOvsOfctl } from '../ofp/text/ovs-ofctl.ts';

// Texts made from seeds, the same ones in every run, compared with what ovs-ofctl makes of them. For more of them:
// GALAGO_TEXT_FLOWS=20000 GALAGO_TEXT_SEED=100000 npm run jest -- test/integration/ofp-text.test.ts

const COUNT = Number(process.env.GALAGO_TEXT_FLOWS ?? 1500);
const FIRST_SEED = Number(process.env.GALAGO_TEXT_SEED ?? 0);
/** Each meter takes a run of ovs-ofctl. */
const METERS = Math.min(COUNT >> 4, 200);
/** How many flows are made for each field and for each action. */
const FLOWS_EACH = 6;

/** What came of a text here. */
type Parsed = { readonly text: string } & (
  | { readonly message: MessageInit; readonly bytes: Buffer }
  | { readonly refused: string }
);

function parsed(text: string, parse: (text: string) => MessageInit): Parsed {
  try {
    const message = parse(text);
    return { text, message, bytes: encode({ ...message, xid: 0 }) };
  } catch (error) {
    if (error instanceof TextError) return { text, refused: error.message.split('\n', 1)[0]! };
    throw error;
  }
}

type Taken = Extract<Parsed, { bytes: Buffer }>;
type Refused = Extract<Parsed, { refused: string }>;

/** Texts with what comes of them here. */
class Texts {
  readonly command: OfctlCommand;
  readonly taken: readonly Taken[];
  readonly refused: readonly Refused[];

  constructor(command: OfctlCommand, parse: (text: string) => MessageInit, texts: readonly string[]) {
    this.command = command;
    const all = texts.map((text) => parsed(text, parse));
    this.taken = all.filter((one) => 'bytes' in one);
    this.refused = all.filter((one) => 'refused' in one);
  }

  /** Those that are not encoded to what ovs-ofctl sends, which it may not do at all. */
  async encodedOtherwise(): Promise<unknown[]> {
    const found = await outcomes(
      this.command,
      this.taken.map(({ text }) => text),
    );
    return this.taken.flatMap(({ text, bytes }, index) => {
      const outcome = found[index]!;
      if ('crashed' in outcome) return [];
      if ('refused' in outcome) return [{ text, theirs: outcome.refused }];
      const [ours, theirs] = [hexOf(bytes), hexOf(outcome.sent)];
      return ours === theirs ? [] : [{ text, ours, theirs }];
    });
  }

  /** Those that are refused here only, and not for one of the reasons in {@link STRICTER}. */
  async refusedHereOnly(): Promise<unknown[]> {
    const found = await outcomesAlone(
      this.command,
      this.refused.map(({ text }) => text),
    );
    return this.refused.filter(
      ({ refused }, index) =>
        'sent' in found[index]! && !STRICTER.some(({ sentence }) => sentence.test(refused)),
    );
  }
}

/** A message as text, so that a difference can be read; its xid is ovs-ofctl's own. */
function hexOf(bytes: Buffer): string {
  return `${bytes.toString('hex', 0, 4)} ${bytes.toString('hex', 8)}`;
}

function seeds<T>(count: number, make: (random: Random) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(new Random(FIRST_SEED + index)));
}

/** Texts with mistakes; a blank one is nothing to ovs-ofctl. */
function mistaken(count: number, make: (random: Random) => string): string[] {
  const texts = seeds(count, (random) => misspelt(make(random), random));
  return texts.filter((text) => text.trim() !== '');
}

/** Flows for every field and for every action, and then any. */
function flowTexts(): string[] {
  const names = [...Object.keys(ACTIONS), ...Object.keys(INSTRUCTIONS)];
  return [
    ...TEXT_FIELDS.flatMap((field) => seeds(FLOWS_EACH, (random) => flowWithField(random, field))),
    ...names.flatMap((name) => seeds(FLOWS_EACH, (random) => flowWithAction(random, name))),
    ...seeds(COUNT, flowText),
  ];
}

/** The OXM fields that a message has, in its match or named by its actions. */
function oxmFields(value: unknown, found = new Set<string>()): Set<string> {
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value)) return found;
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'field' && typeof inner === 'string') found.add(inner);
    oxmFields(inner, found);
  }
  return found;
}

/** The words that the actions of a flow begin with. */
function actionWords(text: string): string[] {
  const at = text.indexOf('actions=');
  if (at < 0) return [];
  return keyValues(new Span(text, at + 'actions='.length)).map(({ key }) => key.text.toLowerCase());
}

/** Older or newer headers of fields that Open vSwitch has another for, which it reads and never sends. */
const NEVER_SENT = ['dpHash', 'actsetOutput', 'tcpFlags'];
/** OXM fields that Open vSwitch 3.1 has no name for. */
const NAMELESS = /^(inPhyPort|pbbIsid|ipv6Exthdr|xreg([89]|1\d)|reg(1[6-9]|2\d|3[01])|xxreg[4-7])$/;
/** Words of actions that ovs-ofctl takes only inside of others, or not at all. */
const NO_FLOW = ['nat', ...LOOSER_FLOWS.map(({ example }) => example.replace(/^actions=(\w+).*/, '$1'))];

const reason = whyNoOvsOfctl();
const title = `the text form beside ovs-ofctl${reason === undefined ? '' : ` (skipped: ${reason})`}`;
jest.setTimeout(reason === undefined ? 60_000 + COUNT * 40 : 5000);

(reason === undefined ? describe : describe.skip)(title, () => {
  const flows = new Texts('add-flows', parseFlow, flowTexts());
  const groups = new Texts('add-groups', parseGroup, seeds(COUNT >> 2, groupText));
  const meters = new Texts('add-meter', parseMeter, seeds(METERS, meterText));

  it('encodes flows to the bytes that ovs-ofctl sends', async () => {
    expect(flows.taken.length).toBeGreaterThan(COUNT / 2);
    expect(await flows.encodedOtherwise()).toEqual([]);
  });

  it('has flows that match and name every field', () => {
    const sent = new Set<string>();
    for (const { message } of flows.taken) {
      const { match, instructions } = message as FlowModInit;
      for (const name of Object.keys(match ?? {})) sent.add(name);
      oxmFields(instructions, sent);
    }
    const known = new Set(knownOxmFields());
    expect([...known].filter((name) => !sent.has(name))).toEqual(NEVER_SENT);
    const others = Object.keys(FIELDS).filter((name) => !known.has(name));
    expect(others.filter((name) => !NAMELESS.test(name))).toEqual([]);
  });

  it('has flows with every action and instruction', () => {
    const sent = new Set(flows.taken.flatMap(({ text }) => actionWords(text)));
    expect(actionNames().filter((name) => !sent.has(name))).toEqual(expect.arrayContaining(NO_FLOW));
    expect(actionNames().filter((name) => !sent.has(name) && !NO_FLOW.includes(name))).toEqual([]);
    expect(flows.taken.some(({ text }) => /ct\([^)]*nat/.test(text))).toBe(true);
  });

  it('encodes groups and meters to the bytes that ovs-ofctl sends', async () => {
    expect(groups.taken.length).toBeGreaterThan(COUNT >> 3);
    expect(meters.taken.length).toBeGreaterThan(METERS / 2);
    expect(await groups.encodedOtherwise()).toEqual([]);
    expect(await meters.encodedOtherwise()).toEqual([]);
  });

  it('prints flow-mods, group-mods and meter-mods as ovs-ofctl does', async () => {
    const messages = [...flows.taken, ...groups.taken, ...meters.taken].map(({ bytes }) => bytes);
    expect(messages.map(formatMessage)).toEqual(await printed(messages));
  });

  it('refuses the texts with mistakes that ovs-ofctl refuses, and no others', async () => {
    const all = [
      new Texts('add-flows', parseFlow, mistaken(COUNT >> 2, flowText)),
      new Texts('add-groups', parseGroup, mistaken(COUNT >> 4, groupText)),
      new Texts('add-meter', parseMeter, mistaken(METERS, meterText)),
    ];
    for (const texts of all) {
      expect(texts.taken.length).toBeGreaterThan(0);
      expect(texts.refused.length).toBeGreaterThan(0);
      expect(await texts.encodedOtherwise()).toEqual([]);
      expect(await texts.refusedHereOnly()).toEqual([]);
    }
  });

  it.each(STRICTER)('refuses, since ovs-ofctl misreads it, $example: $why', async ({ sentence, example }) => {
    const [outcome] = await outcomes('add-flows', [example]);
    expect(outcome).toHaveProperty('sent');
    expect(parsed(example, parseFlow)).toEqual({ text: example, refused: expect.stringMatching(sentence) });
  });

  it.each([
    ...LOOSER_FLOWS.map((row) => ({ ...row, command: 'add-flows' as const, parse: parseFlow })),
    ...LOOSER_GROUPS.map((row) => ({ ...row, command: 'add-groups' as const, parse: parseGroup })),
  ])('takes $example, since $why', async ({ command, example, parse }) => {
    const [outcome] = await outcomes(command, [example]);
    expect(outcome).toHaveProperty('refused');
    expect(parsed(example, parse)).toHaveProperty('bytes');
  });
});
