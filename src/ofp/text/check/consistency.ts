import { toBigInt } from '../../../util/u64.ts';
import type { Action } from '../../actions/action.ts';
import { CtFlag, type NxCt } from '../../actions/nicira/conntrack.ts';
import type { NxNat } from '../../actions/nicira/nat.ts';
import { PortNo } from '../../ports.ts';
import { HELPERS } from '../actions/format-connection.ts';
import type { TextPrerequisite } from '../field-table.ts';
import { fieldByOxm } from '../fields.ts';
import { isReservedPort } from '../names.ts';
import { EthType, etherTypeOf, IpProto, isEthernet, isMpls, isTracked, meets } from '../packet-kind.ts';
import { checkSource, checkTarget } from './field-bits-check.ts';
import { checkLearn } from './learn.ts';
import type { PacketState } from './packet-state.ts';
import { demand } from './refusal.ts';

/**
 * Refuses actions that do not fit the packets that reach them, each with what those before it have made of the packet:
 * `dec_ttl` needs IP.
 * @throws Refusal
 */
export function checkConsistency(actions: readonly Action[], state: PacketState): void {
  const copy = state.clone();
  for (const action of actions) followAction(action, copy);
  copy.demandConsistency();
}

/** Refuses an action that does not fit, and follows what it does to the packet. @throws Refusal */
export function checkAction(action: Action, state: PacketState): void {
  followAction(action, state);
  state.demandConsistency();
}

/**
 * As {@link checkAction}, but for most that do not fit the packets: those wait for
 * {@link PacketState.demandConsistency}, because everything else is looked at first.
 * @throws Refusal
 */
export function followAction(action: Action, state: PacketState): void {
  (CHECKS[action.type] as (action: Action, state: PacketState) => void)(action, state);
}

type Checks = {
  readonly [K in Action['type']]: (action: Extract<Action, { readonly type: K }>, state: PacketState) => void;
};

const fits = () => {};
const ip = kindNeeded('ip');
const ipv4 = kindNeeded('ipv4');
const mpls = kindNeeded('mpls');

const CHECKS: Checks = {
  output: ({ port }) => checkOutputPort(port),
  group: fits,
  setQueue: fits,
  copyTtlOut: fits,
  copyTtlIn: fits,
  pushPbb: fits,
  popPbb: fits,
  unknown: fits,
  setMplsTtl: mpls,
  decMplsTtl: mpls,
  nxSetMplsTtl: mpls,
  nxDecMplsTtl: mpls,
  nxSetMplsLabel: mpls,
  nxSetMplsTc: mpls,
  setMplsLabel: mpls,
  setMplsTc: mpls,
  setNwTtl: ip,
  decNwTtl: ip,
  nxDecTtl: ip,
  nxDecTtlCntIds: ip,
  setNwSrc: ipv4,
  setNwDst: ipv4,
  setNwTos: ip,
  setNwEcn: ip,
  setTpSrc: checkTransport,
  setTpDst: checkTransport,
  setDlSrc: fits,
  setDlDst: fits,
  setVlanVid: checkTag,
  setVlanPcp: checkTag,
  pushVlan(_action, state) {
    demand(!state.isFullOfTags, 'OFPBAC_BAD_TAG', 'the packet has two tags, and no third is followed');
    state.pushVlan();
  },
  popVlan(_action, state) {
    usual(state, state.hasVlan, 'pop_vlan needs packets with a tag');
    state.popVlan();
  },
  pushMpls: checkPushMpls,
  popMpls: checkPopMpls,
  nxPushMpls: checkPushMpls,
  nxPopMpls: checkPopMpls,
  setField: ({ field, value }, state) => checkSetField(field, value, state),
  nxRegLoad2: ({ field, value }, state) => checkSetField(field, value, state),
  nxRegLoad: ({ dst, value }, state) =>
    checkSetField(dst.field, Number(toBigInt(value) << BigInt(dst.start)), state),
  nxRegMove: checkCopy,
  onfCopyField: checkCopy,
  nxStackPush: checkSource,
  nxStackPop: checkTarget,
  nxDeleteField({ field }) {
    const isOption = field.startsWith('tunMetadata');
    demand(isOption, 'OFPBAC_BAD_ARGUMENT', `delete_field takes tun_metadata0 to 63, not ${field}`);
  },
  nxCheckPktLarger: fits,
  nxSetTunnel: fits,
  nxSetTunnel64: fits,
  nxSetQueue: fits,
  nxGroup: fits,
  nxWriteMetadata: fits,
  nxPopQueue: fits,
  nxExit: fits,
  nxCtClear: fits,
  nxDecNshTtl: (_action, state) =>
    usual(
      state,
      etherTypeOf(state.key) === EthType.NSH || state.key.number('dlType') === EthType.NSH,
      'dec_nsh_ttl needs packets with a Network Service Header',
    ),
  nxOutputReg: ({ src }, state) => checkSource(src, state),
  nxOutputReg2: ({ src }, state) => checkSource(src, state),
  nxOutputTrunc: ({ port }) => checkOutputPort(port),
  nxResubmit: fits,
  nxResubmitTable: fits,
  nxResubmitTableCt: (_action, state) =>
    consistent(isTracked(state.key), "resubmit(,,ct) needs 'ct_state=+trk' and a valid state"),
  nxController: fits,
  nxController2: fits,
  nxSample: fits,
  nxSample2: fits,
  nxSample3: fits,
  nxSample4: fits,
  nxDebugSlow: fits,
  nxDebugRecirc: fits,
  nxEncap({ newPktType }, state) {
    state.setPacketType(newPktType);
    if (!meets(state.key, 'ip')) state.hideProtocol();
  },
  nxDecap: (_action, state) => state.decapsulate(),
  nxNote: fits,
  nxFinTimeout: (_action, state) =>
    usual(state, state.key.number('nwProto') === IpProto.TCP, 'fin_timeout needs TCP'),
  nxConjunction: fits,
  nxClone: ({ actions }, state) => checkConsistency(actions, state),
  nxLearn: checkLearn,
  nxLearn2: checkLearn,
  nxCt: checkCt,
  nxNat: checkNat,
  nxMultipath: ({ dst }, state) => checkTarget(dst, state),
  nxBundle: ({ members }) => checkMembers(members),
  nxBundleLoad({ members, dst }, state) {
    checkTarget(dst, state);
    checkMembers(members);
  },
};

function checkPushMpls({ ethType }: { readonly ethType: number }, state: PacketState): void {
  usual(state, isEthernet(state.key), 'push_mpls needs Ethernet frames');
  state.setEtherType(ethType);
  state.hideProtocol();
}

function checkPopMpls({ ethType }: { readonly ethType: number }, state: PacketState): void {
  const isLabelled = isEthernet(state.key) && isMpls(etherTypeOf(state.key));
  usual(state, isLabelled, 'pop_mpls needs Ethernet frames with a label');
  state.setEtherType(ethType);
}

/** Refuses ports that no packet can leave through. @throws Refusal */
export function checkOutputPort(port: number): void {
  const isNamed = port >= PortNo.IN_PORT && port <= PortNo.LOCAL;
  demand(isNamed || !isReservedPort(port), 'OFPBAC_BAD_OUT_PORT', `nothing can leave through port ${port}`);
}

/** Refuses members that no packet can leave through; `ANY` stands for none. @throws Refusal */
export function checkMembers(members: readonly number[]): void {
  for (const port of members) {
    if (port !== PortNo.ANY) checkOutputPort(port);
    demand(port !== PortNo.CONTROLLER, 'OFPBAC_BAD_OUT_PORT', 'the controller is no member of a bundle');
  }
}

function consistent(condition: boolean, sentence: string): void {
  demand(condition, 'OFPBAC_MATCH_INCONSISTENT', `${sentence}, and the match does not say so`);
}

/** As {@link consistent}, for what actions in the action set need not have. */
function usual(state: PacketState, condition: boolean, sentence: string): void {
  if (!condition && !state.isLater) state.isInconsistent(`${sentence}, and the match does not say so`);
}

function kindNeeded(needs: TextPrerequisite): (action: Action, state: PacketState) => void {
  return ({ type }, state) =>
    usual(state, meets(state.key, needs), `${type} needs packets of the kind '${needs}'`);
}

function checkTag({ type }: Action, state: PacketState): void {
  usual(state, state.hasVlan, `${type} needs packets with a tag`);
  state.markVlan();
}

function checkTransport({ type }: Action, state: PacketState): void {
  const { key } = state;
  const hasPorts = meets(key, 'tcp') || meets(key, 'udp') || meets(key, 'sctp');
  usual(state, hasPorts, `${type} needs TCP, UDP or SCTP`);
}

function checkSetField(name: string, value: unknown, state: PacketState): void {
  const field = fieldByOxm(name);
  if (field === undefined) return;
  const hasTag = field.name !== 'vlan_vid' || state.hasVlan;
  consistent(hasTag && meets(state.key, field.needs), `${field.name} needs '${field.needs}'`);
  if (field.name === 'vlan_tci' && typeof value === 'number') state.setVlanTci(BigInt(value));
}

function checkCopy(
  action: Extract<Action, { type: 'nxRegMove' | 'onfCopyField' }>,
  state: PacketState,
): void {
  checkSource(action.src, state);
  checkTarget(action.dst, state);
}

const CT_INVALID = 0x10n;

function checkCt({ flags, alg, zone, actions }: NxCt, state: PacketState): void {
  const { key } = state;
  const protocol = key.number('nwProto');
  consistent(meets(key, 'ip'), 'ct needs IP');
  const isInvalid = (key.value('ctState') & CT_INVALID) !== 0n;
  consistent(!isInvalid || (flags & CtFlag.COMMIT) === 0, 'ct(commit) needs a valid connection');
  consistent(alg !== HELPERS.get('ftp') || protocol === IpProto.TCP, 'ct(alg=ftp) needs TCP');
  consistent(alg !== HELPERS.get('tftp') || protocol === IpProto.UDP, 'ct(alg=tftp) needs UDP');
  // A zone that is read from the packet ends the checks here, as in Open vSwitch.
  if (typeof zone === 'number') checkConsistency(actions, state);
  else checkSource(zone, state);
}

function checkNat({ ipv4Min, ipv6Min }: NxNat, { key }: PacketState): void {
  const type = etherTypeOf(key);
  consistent(meets(key, 'ip'), 'nat needs IP');
  consistent(ipv4Min === undefined || type === EthType.IPV4, 'nat to IPv4 addresses needs IPv4');
  consistent(ipv6Min === undefined || type === EthType.IPV6, 'nat to IPv6 addresses needs IPv6');
}
