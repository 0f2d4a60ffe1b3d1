import type { Action, ActionInit } from '../../actions/action.ts';
import type { InstructionInit } from '../../instruction.ts';
import { fieldByOxm } from '../fields.ts';
import { demand } from './refusal.ts';

/** What an action stands in: a list that is done at once, an action set, or another action. */
export type Enclosing = 'list' | 'writeActions' | 'ct' | 'clone';

/** A type of action or instruction, as a list of them in Open vSwitch has it. */
export type Step = Pick<ActionInit, 'type'> | Pick<InstructionInit, 'type'>;

/** Instructions in the order in which they are done. */
const ORDER = [
  'meter',
  'applyActions',
  'clearActions',
  'writeActions',
  'writeMetadata',
  'gotoTable',
] as const;
type Kind = (typeof ORDER)[number];

/** The instructions that flows may have. */
export const ALL_INSTRUCTIONS: readonly Kind[] = ORDER;
/** What a list of actions without instructions may have. */
export const ACTIONS_ONLY: readonly Kind[] = ['applyActions'];

/** Watches over a list of actions and instructions: their order, and which may stand in which. */
export class ActionOrder {
  readonly #enclosing: Enclosing;
  readonly #allowed: readonly Kind[];
  #last: Kind | undefined;
  #hasConjunction = false;
  #hasOthers = false;

  constructor(enclosing: Enclosing, allowed: readonly Kind[]) {
    this.#enclosing = enclosing;
    this.#allowed = allowed;
  }

  /** Takes the next one. @throws Refusal */
  take(step: Step): void {
    this.#checkConjunction(step.type);
    if (this.#hasConjunction) return;
    checkNesting(step, this.#enclosing);
    const kind = kindOf(step.type);
    const [place, last] = [ORDER.indexOf(kind), this.#last];
    if (last !== undefined) {
      const isInOrder = place > ORDER.indexOf(last) || (kind === last && kind === 'applyActions');
      demand(
        isInOrder,
        'OFPBAC_UNSUPPORTED_ORDER',
        kind === last ? `${kind} is there twice` : `${kind} comes before ${last}`,
      );
    }
    demand(this.#allowed.includes(kind), 'OFPBIC_UNSUP_INST', `${kind} has no place here`);
    this.#last = kind;
  }

  #checkConjunction(type: string): void {
    if (type === 'nxConjunction') this.#hasConjunction = true;
    else if (type !== 'nxNote') this.#hasOthers = true;
    demand(
      !this.#hasConjunction || !this.#hasOthers,
      'NXBAC_BAD_CONJUNCTION',
      'beside conjunction, only note may stand',
    );
  }
}

/** Refuses actions of an order or in a place that Open vSwitch does not take. @throws Refusal */
export function checkOrder(actions: readonly Action[], enclosing: Enclosing): void {
  const order = new ActionOrder(enclosing, ACTIONS_ONLY);
  for (const action of actions) order.take(action);
}

/** The actions that an action set may have (OpenFlow 1.3.5, 5.10). */
const ACTION_SET: ReadonlySet<string> = new Set<Action['type']>([
  ...(['popVlan', 'popMpls', 'pushMpls', 'pushVlan', 'decMplsTtl', 'decNwTtl', 'nxDecTtl'] as const),
  ...(['nxDecTtlCntIds', 'nxDecNshTtl', 'nxEncap', 'nxDecap', 'setField', 'nxRegLoad'] as const),
  ...(['nxRegLoad2', 'nxRegMove', 'onfCopyField', 'setDlSrc', 'setDlDst', 'setNwSrc'] as const),
  ...(['setNwDst', 'setNwTos', 'setNwEcn', 'setNwTtl', 'setTpSrc', 'setTpDst', 'setMplsLabel'] as const),
  ...(['setMplsTc', 'setMplsTtl', 'setQueue', 'nxSetTunnel', 'nxSetTunnel64', 'setVlanVid'] as const),
  ...(['setVlanPcp', 'group', 'output', 'nxResubmit', 'nxResubmitTable'] as const),
  ...(['nxResubmitTableCt', 'nxCt', 'nxCtClear'] as const),
]);

/** True for actions that an action set may have. */
export function isInActionSet({ type }: Pick<Action, 'type'>): boolean {
  return ACTION_SET.has(type);
}

/** The field that an action writes, as far as nesting asks for it. */
function writtenField(step: Step): string | undefined {
  const { type, field, dst } = step as { type: string; field?: string; dst?: { readonly field: string } };
  switch (type) {
    case 'setField':
    case 'nxRegLoad2':
      return field;
    case 'nxRegLoad':
    case 'nxRegMove':
    case 'onfCopyField':
      return dst?.field;
    default:
      return undefined;
  }
}

function checkNesting(step: Step, enclosing: Enclosing): void {
  const written = writtenField(step);
  const field = written === undefined ? undefined : fieldByOxm(written)?.name;
  const ofConnection = field === 'ct_mark' || field === 'ct_label';
  demand(
    !ofConnection || enclosing === 'ct',
    'OFPBAC_BAD_SET_ARGUMENT',
    `${field} can be set in ct(exec()) only`,
  );
  if (step.type === 'nxNat') {
    demand(enclosing === 'ct', 'OFPBAC_BAD_SET_ARGUMENT', 'nat stands in ct only');
    return;
  }
  if (enclosing === 'ct') {
    demand(ofConnection, 'OFPBAC_BAD_ARGUMENT', 'ct(exec()) can only set ct_mark and ct_label');
  }
  demand(
    enclosing === 'list' || step.type !== 'meter',
    'OFPBAC_BAD_ARGUMENT',
    'meter stands in no other action',
  );
}

function kindOf(type: Step['type']): Kind {
  if (type === 'nxWriteMetadata') return 'writeMetadata';
  return ORDER.find((kind) => kind === type) ?? 'applyActions';
}
