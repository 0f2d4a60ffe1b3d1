import type { Action, ActionInit } from '../../actions/action.ts';
import type { InstructionInit } from '../../instruction.ts';
import type { MatchInit } from '../../oxm/fields.ts';
import { MeterNo } from '../../ports.ts';
import { ACTIONS_ONLY, ActionOrder, ALL_INSTRUCTIONS, type Enclosing } from '../check/action-order.ts';
import { checkAction } from '../check/consistency.ts';
import { PacketState } from '../check/packet-state.ts';
import { Refusal } from '../check/refusal.ts';
import { FlowKey } from '../flow-key.ts';
import { keyOfMatch } from '../match-key.ts';
import { findPort, parseTable } from '../names.ts';
import { parseBits } from '../numbers.ts';
import { type KeyValue, keyValues, Span } from '../span.ts';
import { didYouMean } from '../text-error.ts';
import { type ActionContext, type ActionParsers, parseArgument } from './parse-action.ts';
import { connectionParsers } from './parse-connection.ts';
import { fieldParsers, OLDER_ACTIONS } from './parse-fields.ts';
import { headerParsers } from './parse-headers.ts';
import { learnParsers } from './parse-learn.ts';
import { outputParsers } from './parse-output.ts';
import { spreadParsers } from './parse-spread.ts';

/** How deep actions may stand in actions: as deep as they can be sent. */
const MAX_DEPTH = 15;
/** Bytes that actions take at least, and that a message has at most. */
const MAX_ACTIONS = 0xffff / 8;

const ACTIONS: ActionParsers = {
  ...outputParsers,
  ...fieldParsers,
  ...headerParsers,
  ...spreadParsers,
  ...connectionParsers,
  ...learnParsers,
};

/** The words that actions and instructions begin with; ports that stand alone come besides. */
export function actionNames(): string[] {
  return [...Object.keys(ACTIONS), ...Object.keys(INSTRUCTIONS), ...OTHERS];
}

type ParseInstruction = (value: Span, actions: ActionReader) => InstructionInit;

const INSTRUCTIONS: Readonly<Record<string, ParseInstruction>> = {
  meter: parseMeterInstruction,
  clear_actions: () => ({ type: 'clearActions' }),
  write_actions: (value, actions) => ({
    type: 'writeActions',
    actions: actions.nested(value, 'writeActions'),
  }),
  write_metadata: (value) => {
    const [metadata, mask] = value.split('/') ?? [value, undefined];
    return {
      type: 'writeMetadata',
      metadata: parseBits(metadata, 64, 'the metadata'),
      metadataMask: mask === undefined ? 0xffff_ffff_ffff_ffffn : parseBits(mask, 64, 'the mask'),
    };
  },
  goto_table: (value) => ({ type: 'gotoTable', tableId: parseTable(value) }),
};

function parseMeterInstruction(span: Span): InstructionInit {
  const meterId = parseArgument(span, 32, 'the meter');
  if (meterId >= 1 && meterId <= MeterNo.MAX) return { type: 'meter', meterId };
  throw span.error(`a meter is 1 to ${MeterNo.MAX}, got ${span.text}`);
}

/** Words that are neither action nor instruction and yet known. */
const OTHERS = ['drop'];

/**
 * Reads actions as ovs-ofctl does (ovs-actions(7)): `set_field:5->reg0,output:2`; `drop` for none.
 * @param match what the packets are: with it, actions that need others are refused
 * @throws TextError `OFP_TEXT_INVALID`
 */
export function parseActions(text: string, match?: MatchInit): ActionInit[] {
  const reader = new ActionReader(match === undefined ? undefined : keyOfMatch(match));
  return reader.list(keyValues(new Span(text)), 'list');
}

/** As {@link parseActions}, for words that have been cut already. @throws TextError */
export function parseActionWords(words: readonly KeyValue[]): ActionInit[] {
  return new ActionReader(undefined).list(words, 'list');
}

/**
 * Reads what a flow does: instructions by their names, and every run of actions that are done at once as one more.
 * @throws TextError
 */
export function parseInstructionList(span: Span, key?: FlowKey): InstructionInit[] {
  return new ActionReader(key).instructions(span);
}

/** What a word stands for: an instruction, or actions. */
type Step = InstructionInit | readonly ActionInit[];

function isActions(step: Step): step is readonly ActionInit[] {
  return Array.isArray(step);
}

class ActionReader implements ActionContext {
  packets: PacketState;
  #isChecked: boolean;
  #depth = 0;
  #count = 0;

  constructor(key: FlowKey | undefined) {
    this.packets = new PacketState(key ?? new FlowKey());
    this.#isChecked = key !== undefined;
  }

  nested(span: Span, enclosing: Enclosing): ActionInit[] {
    if (this.#depth >= MAX_DEPTH) throw span.error(`actions stand in actions up to ${MAX_DEPTH} deep`);
    const [packets, isChecked] = [this.packets, this.#isChecked];
    this.packets = enclosing === 'writeActions' ? packets.later() : packets.clone();
    // What stands in a ct is checked with it: not at all where its zone is read from the packet.
    this.#isChecked &&= enclosing !== 'ct';
    this.#depth++;
    const actions = this.list(keyValues(span), enclosing);
    this.#depth--;
    [this.packets, this.#isChecked] = [packets, isChecked];
    return actions;
  }

  list(words: readonly KeyValue[], enclosing: Enclosing): ActionInit[] {
    const order = new ActionOrder(enclosing, ACTIONS_ONLY);
    return this.#steps(words, order).flatMap((step) => (isActions(step) ? step : []));
  }

  instructions(span: Span): InstructionInit[] {
    const instructions: InstructionInit[] = [];
    const applied: ActionInit[] = [];
    for (const step of this.#steps(keyValues(span), new ActionOrder('list', ALL_INSTRUCTIONS))) {
      if (!isActions(step)) {
        instructions.push(step);
        continue;
      }
      if (applied.length === 0 && step.length > 0)
        instructions.push({ type: 'applyActions', actions: applied });
      applied.push(...step);
    }
    // Open vSwitch leaves out instructions that come to no actions.
    return instructions.filter((step) => step.type !== 'writeActions' || step.actions.length > 0);
  }

  #steps(words: readonly KeyValue[], order: ActionOrder): Step[] {
    const steps: Step[] = [];
    let drop: Span | undefined;
    for (const word of words) {
      if (++this.#count > MAX_ACTIONS) throw word.key.error('more actions than a message can have');
      if (word.key.text.toLowerCase() === 'drop') drop = word.key;
      else steps.push(this.#step(word, order));
      if (drop !== undefined && steps.length > 0) throw word.key.error('drop stands alone');
    }
    return steps;
  }

  #step(word: KeyValue, order: ActionOrder): Step {
    const name = word.key.text.toLowerCase();
    if (Object.hasOwn(INSTRUCTIONS, name)) {
      const instruction = INSTRUCTIONS[name]!(word.value, this);
      pointing(word, () => order.take(instruction));
      return instruction;
    }
    const actions = this.#actions(word, name);
    for (const action of actions) {
      pointing(word, () => {
        order.take(action);
        if (this.#isChecked) checkAction(checkedForm(action, name), this.packets);
      });
    }
    return actions;
  }

  #actions({ key, value }: KeyValue, name: string): readonly ActionInit[] {
    if (Object.hasOwn(ACTIONS, name)) {
      const parsed = ACTIONS[name]!(value, this);
      return Array.isArray(parsed) ? parsed : [parsed as ActionInit];
    }
    const port = findPort(key.text);
    if (port !== undefined) return [{ type: 'output', port, maxLen: 0 }];
    if (name === 'apply_actions') throw key.error('actions are applied at once without saying so');
    throw key.error(`no action is called '${key.text}'${didYouMean(key.text, actionNames())}`);
  }
}

/** What is checked in the place of an action: those in a clone have been already. */
function checkedForm(action: ActionInit, name: string): Action {
  if (action.type === 'nxClone') return { ...action, actions: [] };
  const older = action.type === 'setField' ? OLDER_ACTIONS.get(name) : undefined;
  return older === undefined ? (action as Action) : ({ ...action, type: older } as unknown as Action);
}

/** Turns a refusal into an error that points at the word that is refused. */
function pointing({ key }: KeyValue, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof Refusal) throw key.error(error.sentence);
    throw error;
  }
}
