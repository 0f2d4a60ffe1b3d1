import type { Action } from '../../actions/action.ts';
import { decodeActions } from '../../actions/action.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { actionLength } from './action-forms.ts';
import { checkOrder, type Enclosing, isInActionSet } from './action-order.ts';
import { checkActionValues } from './action-values.ts';
import { checkRegLoad2, checkSetField } from './field-write.ts';
import { checkLearnWire } from './learn-wire.ts';
import { exactProperty, propertyBody, readProperties } from './properties.ts';
import { demand, Refusal } from './refusal.ts';
import { checkReserved } from './reserved.ts';

/** Added to the subtypes of experimenters' actions, to tell them from OpenFlow's own numbers. */
const NICIRA = 0x1_0000;
const CT = NICIRA + 35;
const DECAP = NICIRA + 47;
/** How deep actions may stand in actions: as deep as the codec reads them. */
const MAX_DEPTH = 15;

/** Reads the actions that fill `start` to `end` as Open vSwitch does. @throws Refusal */
export function readActions(
  wire: WireView,
  start: number,
  end: number,
  enclosing: Enclosing = 'list',
  depth = 0,
): Action[] {
  demand(depth <= MAX_DEPTH, 'OFPBAC_TOO_MANY', `actions stand in actions over ${MAX_DEPTH} deep`);
  demand((end - start) % 8 === 0, 'OFPBRC_BAD_LEN', 'actions take a multiple of 8 bytes');
  const actions = readActionList(wire, start, end, depth);
  checkOrder(actions, enclosing);
  return actions;
}

/** As {@link readActions}, for a list whose order is looked at with more around it. @throws Refusal */
export function readActionList(wire: WireView, start: number, end: number, depth = 0): Action[] {
  const actions: Action[] = [];
  for (let at = start; at < end; ) {
    const length = actionLength(wire, at, end);
    actions.push(readAction(wire, at, at + length, depth));
    at += length;
  }
  return actions;
}

/** Reads the actions of an action set, which may have some only. @throws Refusal */
export function readActionSet(wire: WireView, start: number, end: number): Action[] {
  const actions = readActionList(wire, start, end);
  demand(actions.every(isInActionSet), 'OFPBAC_BAD_TYPE', 'an action has no place in an action set');
  return actions;
}

type CheckBefore = (wire: WireView, start: number, end: number, depth: number) => void;

/** What is looked at before an action is decoded, by its number; subtypes of the extension stand above 0xffff. */
const BEFORE: ReadonlyMap<number, CheckBefore> = new Map<number, CheckBefore>([
  [25, (wire, start, end) => checkSetField(wire, start + 4, end)],
  [NICIRA + 33, (wire, start, end) => checkRegLoad2(wire, start + 10, end)],
  [NICIRA + 16, (wire, start, end) => checkLearnWire(wire, start, end, 1)],
  [NICIRA + 37, checkControllerProperties],
  [NICIRA + 42, (wire, start, end, depth) => void readActions(wire, start + 16, end, 'list', depth + 1)],
  [NICIRA + 45, (wire, start, end) => checkLearnWire(wire, start, end, 2)],
]);

/** Why an action that has its length cannot be decoded; fields that do not fit unless it is said here. */
const FAILURES: ReadonlyMap<number, string> = new Map([
  ...[12, 13, 16, 21, 45, 46].map((subtype): [number, string] => [NICIRA + subtype, 'OFPBAC_BAD_LEN']),
  [NICIRA + 36, 'OFPBAC_BAD_ARGUMENT'],
  [NICIRA + 37, 'OFPBPC_BAD_LEN'],
  [DECAP, 'NXBAC_UNKNOWN_ED_PROP'],
]);

const CT_ACTIONS_OFFSET = 24;

function numberOf({ view }: WireView, start: number): number {
  const code = view.getUint16(start);
  return code === 0xffff ? NICIRA + view.getUint16(start + 8) : code;
}

function readAction(wire: WireView, start: number, end: number, depth: number): Action {
  const number = numberOf(wire, start);
  BEFORE.get(number)?.(wire, start, end, depth);
  const action = decoded(wire, start, end, number, depth);
  checkActionValues(action);
  if (action.type === 'nxCt') {
    readActions(wire, start + CT_ACTIONS_OFFSET, end, 'ct', depth + 1);
    checkUncommitted(action);
  }
  checkReserved(action, wire, start, end);
  return action;
}

/** The codec's view of an action whose length is right. */
function decoded(wire: WireView, start: number, end: number, number: number, depth: number): Action {
  const failure = () =>
    new Refusal(FAILURES.get(number) ?? 'OFPBMC_BAD_LEN', 'what is in an action does not fit it');
  let action: Action;
  try {
    action = decodeActions(wire, start, end)[0]!;
  } catch {
    if (number === CT) readActions(wire, start + CT_ACTIONS_OFFSET, end, 'ct', depth + 1);
    throw failure();
  }
  if (action.type !== 'unknown') return action;
  throw number === DECAP ? failure() : new Refusal('OFPBAC_BAD_ARGUMENT', 'an action has no such values');
}

/** How a property of controller is looked at, by NXAC2PT_ number. */
const CONTROLLER_PROPERTIES: readonly ((body: number, end: number) => unknown)[] = [
  (body, end) => propertyBody(body, end, 2),
  (body, end) => propertyBody(body, end, 2),
  (body, end) => propertyBody(body, end, 1),
  () => {},
  () => {},
  (body, end) => exactProperty(body, end, 4),
];

function checkControllerProperties(wire: WireView, start: number, end: number): void {
  const isClean = wire.bytes.subarray(start + 10, start + 16).every((byte) => byte === 0);
  demand(isClean, 'NXBRC_MUST_BE_ZERO', 'reserved bytes are not zero');
  readProperties(wire, start + 16, end, (type, body, bodyEnd, experimenter) => {
    demand(experimenter === 0, 'OFPBPC_BAD_EXP_TYPE', 'no experimenter has properties of controller');
    const check = CONTROLLER_PROPERTIES[type];
    demand(check !== undefined, 'OFPBPC_BAD_TYPE', 'the switch has no such property of controller');
    check(body, bodyEnd);
  });
}

const COMMIT = 1;

/** Without `commit`, nothing can be done to a connection but what was done to it before. */
function checkUncommitted({ flags, actions }: Extract<Action, { type: 'nxCt' }>): void {
  if ((flags & COMMIT) !== 0) return;
  for (const action of actions) {
    const isBareNat = action.type === 'nxNat' && action.flags === 0 && !action.ipv4Min && !action.ipv6Min;
    demand(isBareNat, 'OFPBAC_BAD_ARGUMENT', 'ct needs commit to change a connection');
  }
}
