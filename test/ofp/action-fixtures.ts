import { readFileSync } from 'node:fs';
import { type Action, decodeActions } from '../../src/ofp/actions/action.ts';
import { decode } from '../../src/ofp/message.ts';
import { wireView } from '../../src/ofp/wire/wire-view.ts';

/** A flow as it was given to ovs-ofctl, and what that sent for it. */
export interface ActionFixture {
  readonly text: string;
  readonly hex: string;
}

/** What `record-actions.ts` makes. */
export interface ActionFixtures {
  /** Flow-mods. */
  readonly openflow13: readonly ActionFixture[];
  /** Lists of actions, as they are in flow-mods of these versions. */
  readonly openflow11: readonly ActionFixture[];
  readonly openflow10: readonly ActionFixture[];
  /** NXT_FLOW_MODs. */
  readonly deletions: readonly ActionFixture[];
}

/** Every recorded action. */
export const actionFixtures: ActionFixtures = JSON.parse(
  readFileSync(new URL('./fixtures/actions.json', import.meta.url), 'utf8'),
);

/** The bytes of a list of actions in hexadecimal, decoded. */
export function actionsOf(hex: string): Action[] {
  const bytes = Buffer.from(hex, 'hex');
  return decodeActions(wireView(bytes), 0, bytes.length);
}

/** The actions of the flow that was given to ovs-ofctl as `actions=TEXT`, with or without a match before it. */
export function recordedActions(text: string): readonly Action[] {
  const found = actionFixtures.openflow13.find((row) => row.text.endsWith(`actions=${text}`));
  if (found === undefined) throw new Error(`no fixture has the actions '${text}'`);
  const message = decode(Buffer.from(found.hex, 'hex'));
  if (message.type !== 'flowMod') throw new Error(`'${text}' is in a ${message.type}`);
  return message.instructions.flatMap((instruction) =>
    instruction.type === 'applyActions' ? instruction.actions : [],
  );
}
