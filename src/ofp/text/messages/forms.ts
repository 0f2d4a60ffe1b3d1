import { Experimenter } from '../../oxm/fields.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { demand } from '../check/refusal.ts';
import { controlForms } from './control.ts';
import { printDescription } from './description.ts';
import { flowForms, flowMultiparts } from './flows.ts';
import { type Form, fixed } from './form.ts';
import { groupForms, groupMultiparts } from './groups.ts';
import { niciraMultiparts } from './ipfix.ts';
import { meterForms, meterMultiparts } from './meters.ts';
import { niciraForms } from './nicira.ts';
import { onfForms, onfMultiparts } from './onf.ts';
import { packetForms } from './packets.ts';
import { portForms, portMultiparts } from './ports.ts';
import { queueForms, queueMultiparts } from './queues.ts';
import { tableForms, tableMultiparts } from './tables.ts';

type Forms = Readonly<Record<number, Form>>;
type Pairs = Readonly<Record<number, readonly [request: Form, reply: Form]>>;

const FORMS: Forms = {
  ...controlForms,
  ...packetForms,
  ...flowForms,
  ...groupForms,
  ...portForms,
  ...tableForms,
  ...queueForms,
  ...meterForms,
};

const MULTIPARTS: Pairs = {
  0: [fixed('OFPST_DESC request', 0), fixed('OFPST_DESC reply', 1056, printDescription)],
  ...flowMultiparts,
  ...tableMultiparts,
  ...portMultiparts,
  ...queueMultiparts,
  ...groupMultiparts,
  ...meterMultiparts,
};

const EXPERIMENTERS: ReadonlyMap<number, Forms> = new Map([
  [Experimenter.NICIRA, niciraForms],
  [Experimenter.ONF, onfForms],
]);
const EXPERIMENTER_MULTIPARTS: ReadonlyMap<number, Pairs> = new Map([
  [Experimenter.NICIRA, niciraMultiparts],
  [Experimenter.ONF, onfMultiparts],
]);

const EXPERIMENTER = 4;
const MULTIPART_REQUEST = 18;
const MULTIPART_REPLY = 19;
const MULTIPART_EXPERIMENTER = 0xffff;
/** The messages that are the same in every version: hello, error, echo, and those about the switch's configuration. */
const COMMON = [0, 1, 2, 3, 5, 7, 8, 9];
const LAST_VERSION = 6;
const VERSION = 4;

/** A form, and where a message of it has its body. */
export interface FoundForm {
  readonly form: Form;
  readonly body: number;
}

/**
 * Finds which kind of message begins at `start`, by its headers.
 * @param holders the kinds that hold messages, by OFPT_ number, or by ONFT_ number above 0xffff
 * @throws Refusal for kinds that Open vSwitch does not know
 */
export function findForm(wire: WireView, start: number, end: number, holders: Forms): FoundForm {
  const { view, bytes } = wire;
  const type = bytes[start + 1]!;
  const version = bytes[start]!;
  if (type === EXPERIMENTER) return findExperimenter(view, start, end, holders, version);
  if (type === MULTIPART_REQUEST || type === MULTIPART_REPLY) return findMultipart(view, start, end, type);
  const isKnown =
    version === VERSION || (version > 0 && (type <= 3 || (version <= LAST_VERSION && COMMON.includes(type))));
  demand(isKnown, 'OFPBRC_BAD_TYPE', 'only messages of OpenFlow 1.3 are known');
  const form = holders[type] ?? FORMS[type];
  demand(form !== undefined, 'OFPBRC_BAD_TYPE', `no message has the number ${type}`);
  return { form, body: start + 8 };
}

function findExperimenter(
  view: DataView,
  start: number,
  end: number,
  holders: Forms,
  version: number,
): FoundForm {
  demand(end - start >= 16, 'OFPBRC_BAD_LEN', 'an experimenter has 16 bytes');
  const forms = EXPERIMENTERS.get(view.getUint32(start + 8));
  demand(forms !== undefined, 'OFPBRC_BAD_VENDOR', 'the switch does not know this experimenter');
  const subtype = view.getUint32(start + 12);
  demand(version === VERSION, 'OFPBRC_BAD_SUBTYPE', 'only messages of OpenFlow 1.3 are known');
  const form = (forms === onfForms ? holders[HELD + subtype] : undefined) ?? forms[subtype];
  demand(
    form !== undefined,
    'OFPBRC_BAD_SUBTYPE',
    `no message of this experimenter has the number ${subtype}`,
  );
  return { form, body: start + 16 };
}

/** Added to ONFT_ numbers of messages that hold messages. */
export const HELD = 0x1_0000;

function findMultipart(view: DataView, start: number, end: number, type: number): FoundForm {
  demand(end - start >= 16, 'OFPBRC_BAD_LEN', 'a multipart has 16 bytes');
  const stat = view.getUint16(start + 8);
  const isReply = type === MULTIPART_REPLY ? 1 : 0;
  if (stat !== MULTIPART_EXPERIMENTER) {
    const pair = MULTIPARTS[stat];
    const isKnown = pair !== undefined && view.getUint8(start) === VERSION;
    demand(isKnown, 'OFPBRC_BAD_STAT', `no multipart has the number ${stat}`);
    return { form: pair[isReply], body: start + 16 };
  }
  demand(end - start >= 24, 'OFPBRC_BAD_LEN', 'a multipart of an experimenter has 24 bytes');
  const pairs = EXPERIMENTER_MULTIPARTS.get(view.getUint32(start + 16));
  demand(pairs !== undefined, 'OFPBRC_BAD_VENDOR', 'the switch does not know this experimenter');
  const pair = pairs[view.getUint32(start + 20)];
  demand(pair !== undefined, 'OFPBRC_BAD_SUBTYPE', 'no multipart of this experimenter has this number');
  return { form: pair[isReply], body: start + 24 };
}

/** True for multiparts, whose flags are written. */
export function isMultipart({ bytes }: WireView, start: number): boolean {
  return (
    bytes[start] === VERSION &&
    (bytes[start + 1] === MULTIPART_REQUEST || bytes[start + 1] === MULTIPART_REPLY)
  );
}

/** Refuses a message that has not the length of its kind. @throws Refusal */
export function checkLength({ form, body }: FoundForm, end: number): void {
  const rest = end - body - form.size;
  const fits = form.step === 0 ? rest === 0 : rest >= 0 && rest % form.step === 0;
  demand(fits, 'OFPBRC_BAD_LEN', `${form.name} is not ${end - body} bytes long`);
}
