import { WireError } from '../../util/errors.ts';
import { EXPERIMENTER_ERROR, errorName } from '../error-names.ts';
import { encode, type MessageInit } from '../message.ts';
import { Experimenter } from '../oxm/fields.ts';
import { type WireView, wireView } from '../wire/wire-view.ts';
import { demand, Refusal } from './check/refusal.ts';
import { type Form, open, type WireMessage } from './messages/form.ts';
import { checkLength, type FoundForm, findForm, HELD, isMultipart } from './messages/forms.ts';
import { formatGroupMod } from './messages/groups.ts';
import { hexDump } from './messages/hex-dump.ts';
import { formatMeterMod } from './messages/meters.ts';
import { OLD_VENDOR_ERROR, oldErrorName } from './messages/old-errors.ts';
import { formatBundleFlags } from './messages/onf.ts';
import { hex } from './numbers.ts';

/**
 * Writes a message as `ovs-ofctl ofp-print` does, with a newline at its end: what it says, or the error that Open
 * vSwitch would answer it with and its bytes (ovs-ofctl(8)).
 */
export function formatMessage(message: MessageInit | Uint8Array): string {
  return formatBytes(message instanceof Uint8Array ? message : encode(message), VERBOSITY);
}

/** Finds which kind of message fills `start` to `end`. @throws Refusal for kinds and lengths that Open vSwitch does not take */
export function identifyMessage(wire: WireView, start: number, end: number): FoundForm {
  const found = findForm(wire, start, end, HOLDERS);
  checkLength(found, end);
  return found;
}

/** Refuses a message of a known kind when Open vSwitch would answer it with an error at sight. @throws Refusal */
export function checkMessage(wire: WireView, start: number, end: number, { form, body }: FoundForm): void {
  for (const _piece of form.print({ wire, start, body, end, verbosity: VERBOSITY_IN_ERROR, depth: 0 }));
}

/** Said of what only the codec here refuses. */
const UNREADABLE = 'OFPBRC_BAD_LEN';
const VERBOSITY = 2;
const VERBOSITY_IN_ERROR = 1;
const HEADER_SIZE = 8;
const ERROR = 1;

/** The kinds that hold messages. */
const HOLDERS: Readonly<Record<number, Form>> = {
  [ERROR]: open('OFPT_ERROR', 4, 1, printError),
  [HELD + 2301]: open('ONFT_BUNDLE_ADD_MESSAGE', 8, 1, printBundleAdd),
  [HELD + 2350]: open('ONFT_REQUESTFORWARD', 8, 8, printRequestforward),
};

/** How deep messages may stand in errors in errors; what is deeper is shown as bytes. */
const MAX_DEPTH = 16;

function formatBytes(bytes: Uint8Array, verbosity: number, depth = 0): string {
  if (depth > MAX_DEPTH) return hexDump(bytes);
  if (bytes.length === 0) return 'OpenFlow message is empty\n';
  if (bytes.length < HEADER_SIZE) {
    return `OpenFlow packet too short (only ${bytes.length} bytes):\n${hexDump(bytes)}`;
  }
  const wire = wireView(bytes);
  const length = wire.view.getUint16(2);
  if (length > bytes.length) {
    return `${headOf(wire)}(***truncated to ${bytes.length} bytes from ${length}***)\n${hexDump(bytes)}`;
  }
  if (length < bytes.length) {
    return `(***only uses ${length} bytes out of ${bytes.length}***)\n${hexDump(bytes)}`;
  }
  const { text, reason } = printMessage(wire, verbosity, depth);
  return reason === undefined ? withNewline(text) : withNewline(text) + hexDump(bytes);
}

/** The first line of a message that is cut; nothing for kinds that are not known. */
function headOf(wire: WireView): string {
  try {
    const { form } = findForm(wire, 0, wire.bytes.length, HOLDERS);
    return `${headLine(wire, form)}\n`;
  } catch (error) {
    if (error instanceof Refusal) return '';
    throw error;
  }
}

interface Printed {
  readonly text: string;
  /** Why it was refused. */
  readonly reason: string | undefined;
}

function printMessage(wire: WireView, verbosity: number, depth: number): Printed {
  const end = wire.bytes.length;
  let head = '';
  let text = '';
  try {
    const found = findForm(wire, 0, end, HOLDERS);
    checkLength(found, end);
    head = headLine(wire, found.form);
    if (isMultipart(wire, 0)) text += multipartFlags(wire);
    for (const piece of found.form.print({ wire, start: 0, body: found.body, end, verbosity, depth }))
      text += piece;
    return { text: `${head}${text}`.replace(/ $/, ''), reason: undefined };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    const reason = error instanceof Refusal ? error.reason : UNREADABLE;
    const start = text === '' && head !== '' ? `${head} ` : withNewline(`${head}${text}`.replace(/ $/, ''));
    return { text: `${start}***decode error: ${reason}***\n`, reason };
  }
}

const VERSION_NAMES: Readonly<Record<number, string>> = {
  1: '',
  2: ' (OF1.1)',
  3: ' (OF1.2)',
  4: ' (OF1.3)',
  5: ' (OF1.4)',
  6: ' (OF1.5)',
};

function headLine({ bytes, view }: WireView, { name }: Form): string {
  const version = bytes[0]!;
  const versionName = VERSION_NAMES[version] ?? ` (OF 0x${version.toString(16).padStart(2, '0')})`;
  return `${name}${versionName} (xid=0x${view.getUint32(4).toString(16)}):`;
}

const MORE = 1;

function multipartFlags({ view }: WireView): string {
  const flags = view.getUint16(10);
  if (flags === 0) return '';
  const rest = flags & ~MORE;
  const unknown = rest === 0 ? '' : `[***unknown flags 0x${rest.toString(16).padStart(4, '0')}***]`;
  return ` flags=${(flags & MORE) === 0 ? '' : '[more]'}${unknown}`;
}

function withNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}

/** Errors whose data is text: OFPET_HELLO_FAILED. */
const HELLO_FAILED = 0;
/** OpenFlow 1.1, the last version without errors of experimenters. */
const OLD_VERSION = 2;

function* printError({ wire, body, end, depth }: WireMessage): Iterable<string> {
  const { name, dataStart } = readError(wire.view, body, end);
  demand(name !== undefined, 'OFPBRC_BAD_LEN', 'no error has these numbers');
  yield ` ${name}\n`;
  const data = wire.bytes.subarray(dataStart, end);
  yield wire.view.getUint16(body) === HELLO_FAILED
    ? printable(data)
    : formatBytes(data, VERBOSITY_IN_ERROR, depth + 1);
}

/** The name of an error, undefined when there is none, and where its data begins. */
function readError(
  view: DataView,
  body: number,
  end: number,
): { name: string | undefined; dataStart: number } {
  const [type, code] = [view.getUint16(body), view.getUint16(body + 2)];
  if (type === OLD_VENDOR_ERROR.type && code === OLD_VENDOR_ERROR.code) {
    demand(end - body >= 12, 'OFPBRC_BAD_LEN', 'an error of an extension has 12 bytes');
    const isKnown =
      view.getUint8(body - HEADER_SIZE) <= OLD_VERSION && view.getUint32(body + 4) === Experimenter.NICIRA;
    const name = isKnown ? oldErrorName(view.getUint16(body + 8), view.getUint16(body + 10)) : undefined;
    return { name, dataStart: body + 12 };
  }
  const isExperimenter = type === EXPERIMENTER_ERROR;
  const dataStart = body + (isExperimenter ? 8 : 4);
  demand(dataStart <= end, 'OFPBRC_BAD_LEN', 'the experimenter of an error is missing');
  const experimenter = isExperimenter ? view.getUint32(body + 4) : 0;
  // Open vSwitch looks an experimenter's code up as a type, and finds the first code of OpenFlow's own for experimenter 0.
  const isOwn = isExperimenter && experimenter === 0;
  const name = isOwn ? errorName(code, 0) : errorName(type, code, experimenter);
  return { name: name.includes(' ') ? undefined : name, dataStart };
}

function printable(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x5c && byte !== 0x22;
    return isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`;
  }).join('');
}

/** Messages that a bundle may have, by OFPT_ number: packet-out, flow-mod, group-mod, port-mod. */
const BUNDLABLE = [13, 14, 15, 16];
/** NXT_FLOW_MOD, which is one more. */
const NXT_FLOW_MOD = 'NXT_FLOW_MOD';

function* printBundleAdd({ wire, start, body, end, verbosity, depth }: WireMessage): Iterable<string> {
  const { view, bytes } = wire;
  const inner = body + 8;
  const innerEnd = checkBundleAdd(wire, start, body, end);
  yield `\n bundle_id=${hex(view.getUint32(body))} flags=${formatBundleFlags(view.getUint16(body + 6))}\n`;
  yield formatBytes(bytes.subarray(inner, innerEnd), verbosity, depth + 1);
}

/**
 * Refuses what carries a message into a bundle, whatever that message is. The body of what carries it begins at `body`.
 * @returns where the message ends
 * @throws Refusal
 */
export function checkBundleAdd(wire: WireView, start: number, body: number, end: number): number {
  const { view, bytes } = wire;
  const inner = body + 8;
  demand(end - inner >= HEADER_SIZE, 'OFPBFC_MSG_BAD_LEN', 'there is no message in it');
  demand(bytes[inner] === bytes[start], 'OFPBFC_BAD_VERSION', 'the message in it is of another version');
  const length = view.getUint16(inner + 2);
  demand(
    length >= HEADER_SIZE && length <= end - inner,
    'OFPBFC_MSG_BAD_LEN',
    'the message in it has no such length',
  );
  demand(
    view.getUint32(inner + 4) === view.getUint32(start + 4),
    'OFPBFC_MSG_BAD_XID',
    'the message in it has another xid',
  );
  demand(isBundlable(wire, inner, inner + length), 'OFPBFC_MSG_UNSUP', 'no such message may be in a bundle');
  return inner + length;
}

function isBundlable(wire: WireView, start: number, end: number): boolean {
  try {
    const found = findForm(wire, start, end, HOLDERS);
    checkLength(found, end);
    return BUNDLABLE.includes(wire.bytes[start + 1]!) || found.form.name === NXT_FLOW_MOD;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

const GROUP_MOD = 15;
const METER_MOD = 29;

function* printRequestforward({ wire, start, body, end }: WireMessage): Iterable<string> {
  const { view, bytes } = wire;
  const length = view.getUint16(body + 2);
  demand(
    length >= HEADER_SIZE && length <= end - body,
    'OFPBFC_MSG_BAD_LEN',
    'the message in it has no such length',
  );
  demand(bytes[body] === bytes[start], 'OFPBRC_BAD_VERSION', 'the message in it is of another version');
  const next = body + length;
  checkLength(findForm(wire, body, next, HOLDERS), next);
  const type = bytes[body + 1]!;
  demand(type === GROUP_MOD || type === METER_MOD, 'OFPBFC_MSG_UNSUP', 'no such request is forwarded');
  if (type === GROUP_MOD) yield ` reason=group_mod\n ${formatGroupMod(wire, body, next)}`;
  else yield ` reason=meter_mod ${formatMeterMod(wire, body, next)}\n`;
}
