import { PortNo } from '../../ports.ts';
import { formatInstructions } from '../actions/format.ts';
import { readInstructions } from '../check/instructions.ts';
import { readMatch } from '../check/match.ts';
import { demand } from '../check/refusal.ts';
import { formatBits } from '../flags.ts';
import { formatKey } from '../match-format.ts';
import { flowRemovedReason, formatPort } from '../names.ts';
import { hex } from '../numbers.ts';
import { roleName } from './control.ts';
import { type Form, fixed, open, type WireMessage } from './form.ts';
import { checkPort } from './ports.ts';

/** How the messages of the ONF's extensions are written, by ONFT_ number; what holds a message is with the forms. */
export const onfForms: Readonly<Record<number, Form>> = {
  1870: fixed('ONFT_FLOW_MONITOR_CANCEL', 4, ({ wire, body }) => [` id=${wire.view.getUint32(body)}`]),
  1871: fixed('ONFT_FLOW_MONITOR_PAUSED', 0),
  1872: fixed('ONFT_FLOW_MONITOR_RESUMED', 0),
  1911: open('ONFT_ROLE_STATUS', 16, 8, printRoleStatus),
  2300: open('ONFT_BUNDLE_CONTROL', 8, 8, printBundleControl),
};

/** How the ONF's multiparts are written, by ONFST_ number: request and reply. */
export const onfMultiparts: Readonly<Record<number, readonly [request: Form, reply: Form]>> = {
  1870: [
    open('ONFST_FLOW_MONITOR request', 0, 8, printMonitorRequest),
    open('ONFST_FLOW_MONITOR reply', 0, 8, printMonitorReply),
  ],
};

const ROLE_REASONS = ['primary_request', 'configuration_changed', 'experimenter_data_changed'];
const NO_GENERATION = 0xffff_ffff_ffff_ffffn;

function* printRoleStatus({ wire, body }: WireMessage): Iterable<string> {
  yield ` role=${roleName(wire.view.getUint32(body))}`;
  const generation = wire.view.getBigUint64(body + 8);
  if (generation !== NO_GENERATION) yield ` generation_id=${generation}`;
  yield ` reason=${ROLE_REASONS[wire.view.getUint8(body + 4)] ?? '(unknown)'}`;
}

const BUNDLE_WORDS = [
  'OPEN_REQUEST',
  'OPEN_REPLY',
  'CLOSE_REQUEST',
  'CLOSE_REPLY',
  'COMMIT_REQUEST',
  'COMMIT_REPLY',
  'DISCARD_REQUEST',
  'DISCARD_REPLY',
];

/** Writes the flags of a bundle. */
export function formatBundleFlags(flags: number): string {
  return formatBits(flags, ['atomic', 'ordered'], ' ');
}

function* printBundleControl({ wire, body }: WireMessage): Iterable<string> {
  const { view } = wire;
  yield `\n bundle_id=${hex(view.getUint32(body))} type=${BUNDLE_WORDS[view.getUint16(body + 4)] ?? ''}`;
  yield ` flags=${formatBundleFlags(view.getUint16(body + 6))}`;
}

const MONITOR_SIZE = 16;
const MONITOR_FLAGS = ['initial', 'add', 'delete', 'modify', 'actions', 'own'];
const ALL_MONITOR_FLAGS = 0x3f;
/** Adding, deleting, modifying: one of them must be asked for. */
const MONITOR_EVENTS = 0x0e;
const ALL_TABLES = 0xff;

function* printMonitorRequest({ wire, body, end }: WireMessage): Iterable<string> {
  const { view, bytes } = wire;
  for (let at = body; at < end; ) {
    demand(end - at >= MONITOR_SIZE, 'OFPBRC_BAD_LEN', 'a monitor has 16 bytes');
    const flags = view.getUint16(at + 4);
    const isKnown = (flags & MONITOR_EVENTS) !== 0 && (flags & ~ALL_MONITOR_FLAGS) === 0;
    demand(isKnown, 'OFPMOFC_BAD_FLAGS', 'no such flags of a monitor');
    const isReserved = bytes.subarray(at + 13, at + 16).some((byte) => byte !== 0);
    demand(!isReserved, 'NXBRC_MUST_BE_ZERO', 'reserved bytes are not zero');
    const outPort = view.getUint32(at + 8);
    checkPort(outPort);
    const { key, end: next } = readMatch(wire, at + MONITOR_SIZE, end);
    let text = `\n id=${view.getUint32(at)} flags=${formatBits(flags, MONITOR_FLAGS, ',')}`;
    if (outPort !== PortNo.ANY) text += ` out_port=${formatPort(outPort)}`;
    const table = bytes[at + 12]!;
    if (table !== ALL_TABLES) text += ` table=${table}`;
    yield `${text} ${formatKey(key)}`.replace(/ $/, '');
    at = next;
  }
}

/** NXFME_ numbers. */
const Event = { ADDED: 0, DELETED: 1, MODIFIED: 2, ABBREV: 3 } as const;
const UPDATE_SIZE = 24;
const ABBREV_SIZE = 8;

function* printMonitorReply({ wire, body, end }: WireMessage): Iterable<string> {
  const { view } = wire;
  for (let at = body; at < end; ) {
    const length = end - at < 4 ? 1 : view.getUint16(at);
    demand(length <= end - at && length % 8 === 0, 'OFPBRC_BAD_LEN', 'no length of an update');
    const event = view.getUint16(at + 2);
    if (event === Event.ABBREV) {
      demand(length === ABBREV_SIZE, 'OFPBRC_BAD_LEN', 'a short update has 8 bytes');
      yield `\n event=ABBREV xid=0x${view.getUint32(at + 4).toString(16)}`;
    } else {
      demand(event < Event.ABBREV, 'NXBRC_FM_BAD_EVENT', `no event has the number ${event}`);
      demand(length >= UPDATE_SIZE, 'OFPBRC_BAD_LEN', 'an update has 24 bytes');
      yield formatUpdate(wire, at, at + length, event);
    }
    at += length;
  }
}

const EVENT_WORDS = ['ADDED', 'DELETED', 'MODIFIED'];

function formatUpdate(wire: WireMessage['wire'], at: number, end: number, event: number): string {
  const { view } = wire;
  const fits = UPDATE_SIZE + view.getUint16(at + 12) <= end - at;
  demand(fits, 'OFPBRC_BAD_LEN', 'the match of an update goes beyond it');
  const { key, end: next } = readMatch(wire, at + UPDATE_SIZE, end);
  const instructions = readInstructions(wire, next, end);
  let text = `\n event=${EVENT_WORDS[event]}`;
  if (event === Event.DELETED) text += ` reason=${flowRemovedReason(view.getUint16(at + 4))}`;
  text += ` table=${view.getUint8(at + 14)}`;
  const [idle, hard] = [view.getUint16(at + 8), view.getUint16(at + 10)];
  if (idle !== 0) text += ` idle_timeout=${idle}`;
  if (hard !== 0) text += ` hard_timeout=${hard}`;
  const match = formatKey(key);
  text += ` cookie=${hex(view.getBigUint64(at + 16))} ${match}`;
  const actions = formatInstructions(instructions);
  return actions === 'drop' ? text : `${text}${match === '' ? '' : ' '}actions=${actions}`;
}
