import { toBigInt } from '../../../util/u64.ts';
import type { AsyncConfig } from '../../messages/async-config.ts';
import { Capability } from '../../messages/features.ts';
import { demand, Refusal } from '../check/refusal.ts';
import { type BitNames, formatBits } from '../flags.ts';
import { flowRemovedReason, packetInReason } from '../names.ts';
import { decoded, type Form, fixed, type Print } from './form.ts';
import { hexDump } from './hex-dump.ts';

/** How the messages of a session itself are written, by OFPT_ number. */
export const controlForms: Readonly<Record<number, Form>> = {
  0: { name: 'OFPT_HELLO', size: 0, step: 1, print: printHello },
  2: { name: 'OFPT_ECHO_REQUEST', size: 0, step: 1, print: printEcho },
  3: { name: 'OFPT_ECHO_REPLY', size: 0, step: 1, print: printEcho },
  5: fixed('OFPT_FEATURES_REQUEST', 0),
  6: fixed('OFPT_FEATURES_REPLY', 24, printFeatures),
  7: fixed('OFPT_GET_CONFIG_REQUEST', 0),
  8: fixed('OFPT_GET_CONFIG_REPLY', 4, (message) => printConfig(message)),
  9: fixed('OFPT_SET_CONFIG', 4, function* (message) {
    demand((message.wire.view.getUint16(message.body) & ~3) === 0, 'OFPSCFC_BAD_FLAGS', 'unknown flags');
    yield* printConfig(message);
  }),
  20: fixed('OFPT_BARRIER_REQUEST', 0),
  21: fixed('OFPT_BARRIER_REPLY', 0),
  24: fixed('OFPT_ROLE_REQUEST', 16, (message) => printRole(message, 'request')),
  25: fixed('OFPT_ROLE_REPLY', 16, (message) => printRole(message, 'reply')),
  26: fixed('OFPT_GET_ASYNC_REQUEST', 0),
  27: fixed('OFPT_GET_ASYNC_REPLY', 24, (message) => printAsync(decoded(message, 'getAsyncReply'))),
  28: fixed('OFPT_SET_ASYNC', 24, (message) => printAsync(decoded(message, 'setAsync'))),
};

/** OFPHET_VERSIONBITMAP. */
const VERSION_BITMAP = 1;

function* printHello({ wire, start, end }: Parameters<Print>[0]): Iterable<string> {
  const { view, bytes } = wire;
  let versions = versionsUpTo(bytes[start]!);
  let isKnown = true;
  for (let at = start + 8; at < end; ) {
    const length = end - at < 4 ? 0 : view.getUint16(at + 2);
    const next = at + ((length + 7) & ~7);
    if (length < 4 || next > end) {
      isKnown = false;
      break;
    }
    const bitmap =
      view.getUint16(at) === VERSION_BITMAP && length % 4 === 0 && length > 4
        ? view.getUint32(at + 4) & ~1
        : 0;
    if (bitmap === 0) isKnown = false;
    else versions = bitmap >>> 0;
    at = next;
  }
  yield `\n version bitmap: ${versionList(versions)}`;
  if (!isKnown) yield `\n unknown data in hello:\n${hexDump(bytes.subarray(start, end))}`;
}

function versionsUpTo(version: number): number {
  return version < 31 ? (((1 << version) - 1) << 1) >>> 0 : 0xfffffffe;
}

function versionList(bitmap: number): string {
  const words = [];
  for (let version = 0; version < 32; version++) {
    if (((bitmap >>> version) & 1) === 1) words.push(`0x${version.toString(16).padStart(2, '0')}`);
  }
  return words.join(', ');
}

function* printEcho({ wire, start, end, verbosity }: Parameters<Print>[0]): Iterable<string> {
  yield ` ${end - start - 8} bytes of payload\n`;
  if (verbosity > 1) yield hexDump(wire.bytes.subarray(start + 8, end));
}

const CAPABILITIES: BitNames = bitNames({
  FLOW_STATS: Capability.FLOW_STATS,
  TABLE_STATS: Capability.TABLE_STATS,
  PORT_STATS: Capability.PORT_STATS,
  GROUP_STATS: Capability.GROUP_STATS,
  IP_REASM: Capability.IP_REASM,
  QUEUE_STATS: Capability.QUEUE_STATS,
  PORT_BLOCKED: Capability.PORT_BLOCKED,
});

function* printFeatures(message: Parameters<Print>[0]): Iterable<string> {
  const { datapathId, nTables, nBuffers, auxiliaryId, capabilities } = decoded(message, 'featuresReply');
  yield ` dpid:${toBigInt(datapathId).toString(16).padStart(16, '0')}\n`;
  yield `n_tables:${nTables}, n_buffers:${nBuffers}${auxiliaryId === 0 ? '' : `, auxiliary_id:${auxiliaryId}`}\n`;
  const known = CAPABILITIES.reduce((bits, name, bit) => (name === undefined ? bits : bits | (1 << bit)), 0);
  yield `capabilities: ${formatBits(capabilities & known, CAPABILITIES, ' ')}\n`;
}

const FRAGMENTS = ['normal', 'drop', 'reassemble', 'nx-match'];

function* printConfig({ wire, body }: Parameters<Print>[0]): Iterable<string> {
  const fragments = FRAGMENTS[wire.view.getUint16(body) & 3];
  yield ` frags=${fragments} miss_send_len=${wire.view.getUint16(body + 2)}\n`;
}

const ROLES = ['nochange', 'equal', 'primary', 'secondary'];
const NO_GENERATION = 0xffff_ffff_ffff_ffffn;

/** The name of an OFPCR_ role. @throws Refusal */
export function roleName(role: number): string {
  const name = ROLES[role];
  if (name !== undefined) return name;
  throw new Refusal('OFPRRFC_BAD_ROLE', `no role has the number ${role}`);
}

function* printRole({ wire, body }: Parameters<Print>[0], kind: 'request' | 'reply'): Iterable<string> {
  const role = wire.view.getUint32(body);
  yield ` role=${roleName(role)}`;
  const generation = wire.view.getBigUint64(body + 8);
  const isKept = kind === 'request' ? role !== 0 : true;
  if (isKept && generation !== NO_GENERATION) yield ` generation_id=${generation}`;
}

/** The kinds of messages that a controller can ask for, with the reasons that they may have in OpenFlow 1.3. */
const ASYNC_KINDS = [
  { name: 'PACKET_IN', reasons: 0x7, word: packetInReason },
  { name: 'PORT_STATUS', reasons: 0x7, word: (reason: number) => ['add', 'delete', 'modify'][reason]! },
  { name: 'FLOW_REMOVED', reasons: 0x3f, word: flowRemovedReason },
  {
    name: 'ROLE_STATUS',
    reasons: 0x7,
    word: (reason: number) =>
      ['primary_request', 'configuration_changed', 'experimenter_data_changed'][reason]!,
  },
  {
    name: 'TABLE_STATUS',
    reasons: 0x18,
    word: (reason: number) => (reason === 3 ? 'vacancy_down' : 'vacancy_up'),
  },
  {
    name: 'REQUESTFORWARD',
    reasons: 0x3,
    word: (reason: number) => ['group_mod_request', 'meter_mod_request'][reason]!,
  },
];

/** Which reasons are asked for, by role and kind of message: two lists of masks in the order of the kinds. */
export interface AsyncMasks {
  readonly primary: readonly number[];
  readonly secondary: readonly number[];
}

/** The reasons that a kind of message may have. */
export function allowedReasons(kind: number): number {
  return ASYNC_KINDS[kind]?.reasons ?? 0;
}

/** Writes what a controller asks for. */
export function* printAsyncMasks(masks: AsyncMasks): Iterable<string> {
  for (const role of ['primary', 'secondary'] as const) {
    yield `\n ${role}:\n`;
    for (const [index, { name, reasons, word }] of ASYNC_KINDS.entries()) {
      const mask = (masks[role][index] ?? 0) & reasons;
      const words = Array.from({ length: 32 }, (_, bit) => ((mask >>> bit) & 1 ? word(bit) : ''));
      const list = mask === 0 ? ['(off)'] : words.filter((text) => text !== '');
      yield `${name.padStart(16)}:${list.map((text) => ` ${text}`).join('')}\n`;
    }
  }
}

/** Writes an async configuration of OpenFlow 1.3. */
export function printAsync(config: AsyncConfig): Iterable<string> {
  return printAsyncMasks({
    primary: [config.packetInMaster, config.portStatusMaster, config.flowRemovedMaster],
    secondary: [config.packetInSlave, config.portStatusSlave, config.flowRemovedSlave],
  });
}

/** Puts names where their bits are. */
export function bitNames(bits: Readonly<Record<string, number>>): BitNames {
  const names: (string | undefined)[] = [];
  for (const [name, bit] of Object.entries(bits)) names[31 - Math.clz32(bit)] = name;
  return Array.from(names);
}
