import type { ActionInit } from '../../../src/ofp/actions/action.ts';
import type { InstructionInit } from '../../../src/ofp/instruction.ts';
import type { FlowModCommand, FlowModInit } from '../../../src/ofp/messages/flow-mod.ts';
import type { MatchInit } from '../../../src/ofp/oxm/fields.ts';
import { GroupNo, MeterNo, PortNo } from '../../../src/ofp/ports.ts';
import type { Random } from './random.ts';

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const COMMANDS: readonly FlowModCommand[] = [
  'add',
  'add',
  'add',
  'modify',
  'modifyStrict',
  'delete',
  'deleteStrict',
];
/** Few of each, so that messages meet what earlier ones left. */
const TABLES = [0, 0, 0, 1, 1, 7, 253];
const ODD_TABLES = [254, 255];
const PRIORITIES = [0, 1, 1, 2, 0x8000, 0xffff];
const COOKIES = [0n, 1n, 0x10n, 0x11n, ALL_ONES];
const COOKIE_MASKS = [0n, 0n, 0n, 0n, 1n, 0x10n, 0xffn, ALL_ONES];
/** Long enough for none to go while the test runs. */
const TIMEOUTS = [0, 0, 0, 30_000, 65_535];
const PORTS = [1, 2, 3, 9, PortNo.LOCAL, PortNo.IN_PORT, PortNo.CONTROLLER, PortNo.FLOOD, PortNo.NORMAL];
const ODD_PORTS = [0, PortNo.ANY, PortNo.TABLE, PortNo.MAX, 0xff00, 0x12345, 0xfffffff0];
const GROUPS = [1, 2, 3, 4];
const ODD_GROUPS = [0, 9, GroupNo.MAX, GroupNo.MAX + 1, GroupNo.ALL, GroupNo.ANY];
const METERS = [1, 2, 3];
const ODD_METERS = [0, 9, MeterNo.MAX, MeterNo.MAX + 1, MeterNo.CONTROLLER, MeterNo.SLOWPATH, MeterNo.ALL];

/** A group's number: often one of those that there may be. */
export function groupId(random: Random): number {
  return random.oneIn(12) ? random.pick(ODD_GROUPS) : random.pick(GROUPS);
}

/** A meter's number, likewise. */
export function meterId(random: Random): number {
  return random.oneIn(10) ? random.pick(ODD_METERS) : random.pick(METERS);
}

export function portNo(random: Random): number {
  return random.oneIn(15) ? random.pick(ODD_PORTS) : random.pick(PORTS);
}

type Fields = MatchInit;

/** What packets are: each with what it needs before it, so that most matches are good. */
const KINDS: readonly Fields[] = [
  {},
  {},
  { ethType: 0x0800 },
  { ethType: 0x0800, ipProto: 6 },
  { ethType: 0x0800, ipProto: 17 },
  { ethType: 0x86dd },
  { ethType: 0x86dd, ipProto: 58, icmpv6Type: 135, icmpv6Code: 0 },
  { ethType: 0x0806 },
  { ethType: 0x8847 },
  { vlanVid: 0x1005 },
];

const FIELDS: readonly Fields[] = [
  { inPort: 1 },
  { inPort: 2 },
  { ethDst: '00:00:00:00:00:01' },
  { ethDst: { value: '01:00:00:00:00:00', mask: '01:00:00:00:00:00' } },
  { ethSrc: { value: '02:00:00:00:00:00', mask: 'ff:ff:00:00:00:00' } },
  { metadata: { value: 0x10n, mask: 0xf0n } },
  { metadata: 5n },
  { reg0: 3 },
  { reg1: { value: 4, mask: 0xfc } },
  { xreg2: 0x1_0000_0001n },
  { tunnelId: 0x10n },
  { ipv4Src: '10.0.0.0/8' },
  { ipv4Src: '10.1.0.0/16' },
  { ipv4Dst: { value: '0.0.0.5', mask: '0.0.0.255' } },
  { ipDscp: 10 },
  { ipEcn: 1 },
  { tcpSrc: 80 },
  { tcpDst: { value: 0x50, mask: 0xf0 } },
  { tcpFlags: { value: 2, mask: 3 } },
  { udpDst: 53 },
  { ipv6Src: 'fd00::/16' },
  { ipv6Flabel: 7 },
  { ipv6NdTarget: 'fd00::1' },
  { arpOp: 1 },
  { arpTpa: '10.0.0.1' },
  { mplsLabel: 100 },
  { mplsBos: 1 },
  { vlanPcp: 3 },
  { vlanVid: { value: 0x1000, mask: 0x1000 } },
  { vlanVid: 0 },
  { ctState: { value: 1, mask: 1 } },
  { ctZone: 4 },
  { pktMark: 2 },
  { ipFrag: { value: 1, mask: 1 } },
];

function match(random: Random): MatchInit {
  const parts = random.some(FIELDS, 2);
  return Object.assign({}, random.pick(KINDS), ...parts) as MatchInit;
}

const WRITES: readonly ActionInit[] = [
  { type: 'setField', field: 'ethDst', value: '00:00:00:00:00:07' },
  { type: 'setField', field: 'ipv4Src', value: '10.0.0.9' },
  { type: 'setField', field: 'tcpDst', value: 99 },
  { type: 'setField', field: 'reg3', value: 5 },
  { type: 'setField', field: 'metadata', value: 5n },
  { type: 'setField', field: 'vlanVid', value: 0x1007 },
  { type: 'setField', field: 'vlanPcp', value: 2 },
  { type: 'setField', field: 'ipDscp', value: 3 },
  { type: 'setField', field: 'tunnelId', value: 9n },
  { type: 'pushVlan', ethType: 0x8100 },
  { type: 'pushVlan', ethType: 0x1234 },
  { type: 'popVlan' },
  { type: 'pushMpls', ethType: 0x8847 },
  { type: 'popMpls', ethType: 0x0800 },
  { type: 'decNwTtl' },
  { type: 'setNwTtl', ttl: 9 },
  { type: 'decMplsTtl' },
  { type: 'setQueue', queueId: 1 },
  { type: 'nxResubmit', inPort: 1 },
  { type: 'nxResubmitTable', inPort: PortNo.IN_PORT, tableId: 2 },
  { type: 'nxRegLoad', dst: { field: 'reg1', start: 0, bits: 8 }, value: 3n },
  {
    type: 'nxRegMove',
    src: { field: 'reg0', start: 0, bits: 16 },
    dst: { field: 'reg2', start: 16, bits: 16 },
  },
  { type: 'nxNote', note: Buffer.from([1, 2, 3, 4, 5, 6]) },
  { type: 'nxExit' },
  { type: 'nxController2', maxLen: 100, userdata: Buffer.from([7]) },
] as readonly ActionInit[];

/**
 * A list of actions, the first of them a group where that may be. Open vSwitch aborts when it deletes a group that a
 * flow hands to twice.
 */
export function actions(random: Random, most = 3, mayHaveGroup = true): ActionInit[] {
  const list = Array.from({ length: random.below(most + 1) }, (): ActionInit => {
    return random.oneIn(2) ? { type: 'output', port: portNo(random) } : random.pick(WRITES);
  });
  if (list.length > 0 && mayHaveGroup && random.oneIn(3))
    list[0] = { type: 'group', groupId: groupId(random) };
  return list;
}

function instructions(random: Random): InstructionInit[] {
  const list: InstructionInit[] = [];
  if (random.oneIn(6)) list.push({ type: 'meter', meterId: meterId(random) });
  const isWritten = random.oneIn(3);
  if (!random.oneIn(4)) list.push({ type: 'applyActions', actions: actions(random, 3, !isWritten) });
  if (random.oneIn(10)) list.push({ type: 'clearActions' });
  if (random.oneIn(5)) list.push({ type: 'writeActions', actions: actions(random, 3, isWritten) });
  if (random.oneIn(8)) list.push({ type: 'writeMetadata', metadata: 5n, metadataMask: 0xffn });
  if (random.oneIn(5)) list.push({ type: 'gotoTable', tableId: random.pick([1, 2, 7, 253, 254, 255]) });
  if (random.oneIn(30)) list.reverse();
  return list;
}

export function flowMod(random: Random): FlowModInit {
  const command = random.oneIn(60) ? 9 : random.pick(COMMANDS);
  const isDelete = command === 'delete' || command === 'deleteStrict';
  const tableId = random.oneIn(20) ? random.pick(ODD_TABLES) : random.pick(TABLES);
  return {
    type: 'flowMod',
    command,
    tableId: isDelete && random.oneIn(3) ? 0xff : tableId,
    priority: random.pick(PRIORITIES),
    cookie: random.pick(COOKIES),
    cookieMask: random.pick(COOKIE_MASKS),
    flags: random.oneIn(25) ? random.below(0x10000) : random.below(8),
    idleTimeout: random.pick(TIMEOUTS),
    hardTimeout: random.pick(TIMEOUTS),
    outPort: random.oneIn(4) ? portNo(random) : PortNo.ANY,
    outGroup: random.oneIn(5) ? groupId(random) : GroupNo.ANY,
    ...(random.oneIn(40) && { bufferId: 7 }),
    match: match(random),
    instructions: isDelete && !random.oneIn(4) ? [] : instructions(random),
  };
}
