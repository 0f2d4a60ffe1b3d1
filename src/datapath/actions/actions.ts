import type { Action } from '../../ofp/actions/action.ts';
import { Refusal } from '../../ofp/text/check/refusal.ts';
import { allOnes, PLACES } from '../../ofp/text/flow-key.ts';
import { toBigInt } from '../../util/u64.ts';
import { besideFrame } from '../packet/beside-frame.ts';
import { VLAN_PRESENT } from '../packet/extract.ts';
import { optionNumber, readPart, runOf, WORD_OF, type WordRun, wordRun } from '../packet/layout.ts';
import { isIp, isMplsType } from '../packet/prerequisite.ts';
import { deleteOption } from '../packet/tunnel-options.ts';
import { compileCt } from './connection-action.ts';
import {
  mending,
  moves,
  onlyWith,
  type Perform,
  port32,
  runIn,
  setsField,
  unmapped,
  writes,
  writesField,
  writesMasked,
  writesNumber,
  writesPort,
} from './field-writes.ts';
import { learnSources } from './learn.ts';
import { linkOf, memberOf } from './spread.ts';
import type { Step, Walk } from './walk.ts';

type ActionOf<T extends Action['type']> = Extract<Action, { readonly type: T }>;

/** Makes actions ready to be done. @throws Refusal for those that the switch does not have */
export function compileActions(actions: readonly Action[]): readonly Step[] {
  return actions.map((action) => {
    const perform = compileAction(action);
    return { action, isRewrite: !ACTS_BEYOND.has(action.type), beside: besideFrame(action), perform };
  });
}

function compileAction(action: Action): Perform {
  const compile = COMPILE[action.type] as ((action: Action) => Perform) | undefined;
  if (compile !== undefined) return mending(action, compile(action));
  const reason = REASONS[action.type] ?? 'OFPBAC_BAD_TYPE';
  throw new Refusal(reason, `the software switch does not have the action ${action.type}`);
}

/** Actions that do more than to change the packet and what travels with it. */
const ACTS_BEYOND: ReadonlySet<Action['type']> = new Set<Action['type']>([
  'output',
  'group',
  'nxResubmit',
  'nxResubmitTable',
  'nxOutputReg',
  'nxOutputReg2',
  'nxOutputTrunc',
  'nxController',
  'nxController2',
  'nxLearn',
  'nxLearn2',
  'nxFinTimeout',
  'nxBundle',
  'nxClone',
  'nxExit',
  'nxCt',
]);

/** What Open vSwitch says where its datapath lacks an action. Others are of a type that the switch does not know. */
const REASONS: Readonly<Partial<Record<Action['type'], string>>> = {
  nxResubmitTableCt: 'NXBAC_CT_DATAPATH_SUPPORT',
};

const WHOLE = 0xffff;
const VLAN_VID = runOf('vlanVid');
const IP_ECN = runOf('ipEcn');
const TP_SRC = wordRun('tpSrc', 0, 16);
const TP_DST = wordRun('tpDst', 0, 16);
const TUNNEL_ID = runOf('tunnelId');
const METADATA = runOf('metadata');
/** What a label that is pushed is made of. */
const MPLS_SOURCES: readonly WordRun[] = (
  ['mplsLabel', 'mplsTc', 'mplsBos', 'mplsTtl', 'mplsLse1', 'mplsLse2', 'nwTos', 'nwTtl'] as const
).map((place) => wordRun(place, 0, PLACES[place]));

const COMPILE: { readonly [K in Action['type']]?: (action: ActionOf<K>) => Perform } = {
  output:
    ({ port, maxLen }) =>
    (walk) =>
      walk.output(port, maxLen),
  group:
    ({ groupId }) =>
    (walk) =>
      walk.group(groupId),
  setQueue:
    ({ queueId }) =>
    (walk) => {
      walk.queue = queueId;
    },
  nxPopQueue: () => (walk) => {
    walk.queue = undefined;
  },
  setField: setsField,
  nxRegLoad2: setsField,
  nxRegLoad: ({ dst, value }) => onlyWith(dst.field, writes(runIn(dst), toBigInt(value))),
  nxRegMove: ({ src, dst }) => moves(src, dst),
  onfCopyField: ({ src, dst }) => moves(src, dst),
  nxSetTunnel: ({ tunnelId }) => writes(TUNNEL_ID, BigInt(tunnelId)),
  nxSetTunnel64: ({ tunnelId }) => writes(TUNNEL_ID, toBigInt(tunnelId)),
  nxWriteMetadata: ({ metadata, metadataMask }) =>
    writesMasked(METADATA, toBigInt(metadata), toBigInt(metadataMask)),
  // Unlike the field, which makes a tag where there is none.
  setVlanVid: ({ vlanVid }) => onlyWith('vlanPcp', writes(VLAN_VID, BigInt(vlanVid | VLAN_PRESENT))),
  setVlanPcp: ({ vlanPcp }) => writesField('vlanPcp', vlanPcp),
  setDlSrc: ({ dlAddr }) => writesField('ethSrc', dlAddr),
  setDlDst: ({ dlAddr }) => writesField('ethDst', dlAddr),
  setNwSrc: ({ nwAddr }) => writesField('ipv4Src', nwAddr),
  setNwDst: ({ nwAddr }) => writesField('ipv4Dst', nwAddr),
  setNwTos: ({ nwTos }) => writesField('ipDscp', nwTos >>> 2),
  setNwEcn: ({ nwEcn }) => writes(IP_ECN, BigInt(nwEcn)),
  setTpSrc: ({ tpPort }) => writesPort(TP_SRC, tpPort),
  setTpDst: ({ tpPort }) => writesPort(TP_DST, tpPort),
  setMplsLabel: ({ mplsLabel }) => writesField('mplsLabel', mplsLabel),
  setMplsTc: ({ mplsTc }) => writesField('mplsTc', mplsTc),
  pushVlan:
    ({ ethType }) =>
    ({ packet }) =>
      packet.pushVlan(ethType),
  popVlan:
    () =>
    ({ packet }) =>
      packet.popVlan(),
  pushMpls:
    ({ ethType }) =>
    (walk) => {
      for (const run of MPLS_SOURCES) walk.reads(run);
      if (!walk.packet.pushMpls(ethType)) walk.fail();
    },
  popMpls:
    ({ ethType }) =>
    (walk) => {
      if (!isMplsType(walk.packet.words[WORD_OF.dlType]!)) return;
      walk.readsMore();
      if (!walk.packet.popMpls(ethType)) walk.fail();
    },
  setNwTtl:
    ({ ttl }) =>
    ({ packet }) => {
      if (isIp(packet.words)) packet.setTtl('nwTtl', ttl);
    },
  setMplsTtl:
    ({ ttl }) =>
    ({ packet }) => {
      if (isMplsType(packet.words[WORD_OF.dlType]!)) packet.setTtl('mplsTtl', ttl);
    },
  decNwTtl: () => (walk) => decrementsIp(walk, [0]),
  nxDecTtl: () => (walk) => decrementsIp(walk, [0]),
  nxDecTtlCntIds:
    ({ controllerIds }) =>
    (walk) =>
      decrementsIp(walk, controllerIds),
  // What is no MPLS packet has no TTL left either, to Open vSwitch.
  decMplsTtl: () => (walk) =>
    isMplsType(walk.packet.words[WORD_OF.dlType]!) && decrements(walk, 'mplsTtl', [0]),
  nxResubmit:
    ({ inPort }) =>
    (walk) =>
      walk.resubmit(inPort, 0xff),
  nxResubmitTable:
    ({ inPort, tableId }) =>
    (walk) =>
      walk.resubmit(inPort, tableId),
  nxOutputReg: compileOutputReg,
  nxOutputReg2: compileOutputReg,
  nxOutputTrunc:
    ({ port, maxLen }) =>
    (walk) =>
      walk.outputTruncated(port, maxLen),
  nxBundle: (action) => (walk) => walk.output(memberOf(walk, action), 0),
  nxBundleLoad(action) {
    const load = writesNumber(action.dst);
    return (walk) => {
      // Which ports are alive is not to be seen of the packet.
      walk.readsMore();
      load(walk, port16(memberOf(walk, action)));
    };
  },
  nxMultipath(action) {
    const load = writesNumber(action.dst);
    return (walk) => load(walk, linkOf(walk, action));
  },
  nxController:
    ({ maxLen, controllerId, reason }) =>
    (walk) =>
      walk.toController({ maxLen, controllerId, ...(typeof reason === 'string' && { reason }) }),
  nxController2({ maxLen = WHOLE, controllerId = 0, reason, userdata, meterId, pause }) {
    const request = {
      maxLen,
      controllerId,
      ...(typeof reason === 'string' && { reason }),
      ...(userdata !== undefined && { userdata }),
      ...(meterId !== undefined && { meterId }),
    };
    return pause ? (walk) => walk.pause(request) : (walk) => walk.toController(request);
  },
  nxLearn: compileLearn,
  nxLearn2: compileLearn,
  nxFinTimeout:
    ({ finIdleTimeout, finHardTimeout }) =>
    (walk) =>
      walk.shortenTimeouts(finIdleTimeout, finHardTimeout),
  // Flows that are part of a conjunction are never done: lookups pass them over.
  nxConjunction: () => () => {},
  nxNote: () => () => {},
  nxSample: () => () => {},
  nxSample2: () => () => {},
  nxSample3: () => () => {},
  nxCt: (action) => {
    const { actions } = action;
    return compileCt(action, compileActions(actions.filter(({ type }) => type !== 'nxNat')));
  },
  nxCtClear:
    () =>
    ({ packet }) =>
      packet.forgetConnection(),
  nxExit: () => (walk) => walk.exit(),
  nxClone({ actions }) {
    const steps = compileActions(actions);
    return (walk) => walk.clone(steps);
  },
  nxStackPush(subfield) {
    const run = runIn(subfield);
    return (walk) => {
      walk.reads(run);
      walk.stack.push(readPart(walk.packet.words, subfield));
    };
  },
  nxStackPop(subfield) {
    const run = runIn(subfield);
    return ({ stack, packet }) => {
      // An empty stack leaves the field, as in Open vSwitch.
      const top = stack.pop();
      if (top !== undefined) packet.write(run, top & allOnes(run.bits));
    };
  },
  nxDeleteField({ field }) {
    const index = optionNumber(field);
    if (index === undefined) throw unmapped(field);
    return ({ packet }) => deleteOption(packet.words, index);
  },
  nxCheckPktLarger({ dst, pktLen }) {
    const run = runIn({ ...dst, bits: 1 });
    return (walk) => {
      walk.readsMore();
      walk.packet.writeNumber(run, walk.packet.bytes.length > pktLen ? 1 : 0);
    };
  },
};

function compileLearn(action: ActionOf<'nxLearn' | 'nxLearn2'>): Perform {
  for (const spec of action.specs) {
    if ('field' in spec.src) runIn(spec.src);
    if (spec.type !== 'output') runIn(spec.dst);
  }
  if (action.type === 'nxLearn2' && action.resultDst !== undefined) runIn({ ...action.resultDst, bits: 1 });
  const sources = learnSources(action);
  return (walk) => {
    for (const run of sources) walk.reads(run);
    walk.learn(action);
  };
}

function compileOutputReg({ src, maxLen }: ActionOf<'nxOutputReg' | 'nxOutputReg2'>): Perform {
  const run = runIn(src);
  return (walk) => {
    const port = readPart(walk.packet.words, src);
    walk.reads(run);
    if (port <= 0xffffn) walk.output(port32(Number(port)), maxLen);
  };
}

function port16(port: number): number {
  return port & 0xffff;
}

function decrementsIp(walk: Walk, controllerIds: readonly number[]): boolean {
  return !isIp(walk.packet.words) || decrements(walk, 'nwTtl', controllerIds);
}

function decrements(walk: Walk, place: 'nwTtl' | 'mplsTtl', controllerIds: readonly number[]): boolean {
  walk.reads(wordRun(place, 0, 8));
  if (walk.packet.decrement(place)) return true;
  for (const controllerId of controllerIds) {
    walk.toController({ reason: 'invalidTtl', maxLen: WHOLE, controllerId });
  }
  return false;
}
