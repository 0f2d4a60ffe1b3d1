import { Experimenter } from '../../oxm/fields.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { demand } from './refusal.ts';

/** How long an action of Open vSwitch is: `size` bytes, or at least so many where it is `open`. */
interface ActionForm {
  readonly size: number;
  readonly open: boolean;
}

const sized = (size: number): ActionForm => ({ size, open: false });
const atLeast = (size: number): ActionForm => ({ size, open: true });

/** The actions that Open vSwitch takes over OpenFlow 1.3, by OFPAT_ number. */
const STANDARD: ReadonlyMap<number, ActionForm> = new Map([
  [0, sized(16)],
  ...[1, 2, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24].map(
    (code): [number, ActionForm] => [code, sized(8)],
  ),
  [3, sized(16)],
  [4, sized(16)],
  [25, atLeast(8)],
]);

/** Those of its extension, by subtype. */
const NICIRA: ReadonlyMap<number, ActionForm> = new Map([
  ...[1, 2, 5, 14, 17, 19, 20, 34, 39, 43, 44, 48].map((code): [number, ActionForm] => [code, sized(16)]),
  ...[7, 9, 15, 27, 28, 29, 32, 50].map((code): [number, ActionForm] => [code, sized(24)]),
  ...[10, 22, 38, 41].map((code): [number, ActionForm] => [code, sized(32)]),
  ...[6, 8, 21, 33, 36, 37, 42, 46, 47].map((code): [number, ActionForm] => [code, atLeast(16)]),
  ...[35, 49].map((code): [number, ActionForm] => [code, atLeast(24)]),
  ...[12, 13, 16].map((code): [number, ActionForm] => [code, atLeast(32)]),
  [45, atLeast(40)],
]);

/** Those of the ONF. */
const ONF: ReadonlyMap<number, ActionForm> = new Map([[3200, atLeast(24)]]);

const EXPERIMENTER_CODE = 0xffff;
const HEADER_SIZE = 8;
const EXPERIMENTER_HEADER_SIZE = 16;

/** Finds the length of the action at `at`. @throws Refusal for one that Open vSwitch does not know, or not so long */
export function actionLength({ view }: WireView, at: number, end: number): number {
  demand(end - at >= HEADER_SIZE, 'OFPBAC_BAD_LEN', 'an action has at least 8 bytes');
  const code = view.getUint16(at);
  const form = code === EXPERIMENTER_CODE ? experimenterForm(view, at, end) : STANDARD.get(code);
  demand(form !== undefined, 'OFPBAC_BAD_TYPE', `the switch has no action ${code}`);
  const length = view.getUint16(at + 2);
  const fits = length <= end - at && length >= form.size && (form.open || length === form.size);
  demand(fits && length % 8 === 0, 'OFPBAC_BAD_LEN', `action ${code} has no length ${length}`);
  return length;
}

function experimenterForm(view: DataView, at: number, end: number): ActionForm {
  const experimenter = view.getUint32(at + 4);
  const isKnown = experimenter === Experimenter.NICIRA || experimenter === Experimenter.ONF;
  demand(isKnown, 'OFPBAC_BAD_VENDOR', `the switch has no actions of experimenter ${experimenter}`);
  demand(end - at >= EXPERIMENTER_HEADER_SIZE, 'OFPBAC_BAD_LEN', 'an action of an extension has 16 bytes');
  const subtype = view.getUint16(at + 8);
  const form = (experimenter === Experimenter.NICIRA ? NICIRA : ONF).get(subtype);
  demand(form !== undefined, 'OFPBAC_BAD_VENDOR_TYPE', `the switch has no action of subtype ${subtype}`);
  return form;
}
