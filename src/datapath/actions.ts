import type { Action } from '../ofp/actions/action.ts';
import { toBits } from '../ofp/oxm/field-bits.ts';
import { FIELDS, type FieldName } from '../ofp/oxm/fields.ts';
import type { Subfield } from '../ofp/oxm/subfield.ts';
import { PortNo } from '../ofp/ports.ts';
import { Refusal } from '../ofp/text/check/refusal.ts';
import { allOnes } from '../ofp/text/flow-key.ts';
import { toBigInt } from '../util/u64.ts';
import { VLAN_PRESENT } from './extract.ts';
import { hasPlace, readBits, readRun, runOf, subrunOf, type WordRun } from './layout.ts';
import type { Step, Walk } from './walk.ts';

type Perform = Step['perform'];
type ActionOf<T extends Action['type']> = Extract<Action, { readonly type: T }>;

/** Makes actions ready to be done. @throws Refusal for those that the switch does not have */
export function compileActions(actions: readonly Action[]): readonly Step[] {
  return actions.map((action) => ({ action, perform: compileAction(action) }));
}

/** Does the steps in their order. @returns false when one of them ended the list */
export function performAll(steps: readonly Step[], walk: Walk, isOver: () => boolean): boolean {
  for (const step of steps) if (step.perform(walk) === false || isOver()) return false;
  return true;
}

function compileAction(action: Action): Perform {
  const compile = COMPILE[action.type] as ((action: Action) => Perform) | undefined;
  if (compile !== undefined) return compile(action);
  const reason = REASONS[action.type] ?? 'OFPBAC_BAD_TYPE';
  throw new Refusal(reason, `the software switch does not have the action ${action.type}`);
}

/** What Open vSwitch says where its datapath lacks an action. Others are of a type that the switch does not know. */
const REASONS: Readonly<Partial<Record<Action['type'], string>>> = {
  nxCt: 'NXBAC_CT_DATAPATH_SUPPORT',
  nxResubmitTableCt: 'NXBAC_CT_DATAPATH_SUPPORT',
};

const WHOLE = 0xffff;
const VLAN_VID = runOf('vlanVid');
const VLAN_PCP = runOf('vlanPcp');
const IP_ECN = runOf('ipEcn');
const TUNNEL_ID = runOf('tunnelId');
const METADATA = runOf('metadata');

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
  setField: compileSetField,
  nxRegLoad2: compileSetField,
  nxRegLoad: ({ dst, value }) => writes(runIn(dst), toBigInt(value)),
  nxRegMove: ({ src, dst }) => moves(runIn(src), runIn(dst)),
  onfCopyField: ({ src, dst }) => moves(runIn(src), runIn(dst)),
  nxSetTunnel: ({ tunnelId }) => writes(TUNNEL_ID, BigInt(tunnelId)),
  nxSetTunnel64: ({ tunnelId }) => writes(TUNNEL_ID, toBigInt(tunnelId)),
  nxWriteMetadata: ({ metadata, metadataMask }) =>
    writesMasked(METADATA, toBigInt(metadata), toBigInt(metadataMask)),
  setVlanVid: ({ vlanVid }) => writes(VLAN_VID, BigInt(vlanVid | VLAN_PRESENT)),
  setVlanPcp:
    ({ vlanPcp }) =>
    ({ packet }) => {
      // A tag is made where there is none, as Open vSwitch does for this old action.
      if (readBits(packet.words, VLAN_VID, 12, 1) === 0) packet.writeNumber(VLAN_VID, VLAN_PRESENT);
      packet.writeNumber(VLAN_PCP, vlanPcp);
    },
  setDlSrc: ({ dlAddr }) => writesField('ethSrc', dlAddr),
  setDlDst: ({ dlAddr }) => writesField('ethDst', dlAddr),
  setNwSrc: ({ nwAddr }) => writesField('ipv4Src', nwAddr),
  setNwDst: ({ nwAddr }) => writesField('ipv4Dst', nwAddr),
  setNwTos: ({ nwTos }) => writesField('ipDscp', nwTos >>> 2),
  setNwEcn: ({ nwEcn }) => writes(IP_ECN, BigInt(nwEcn)),
  setTpSrc: ({ tpPort }) => writesField('tcpSrc', tpPort),
  setTpDst: ({ tpPort }) => writesField('tcpDst', tpPort),
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
    ({ packet }) =>
      packet.pushMpls(ethType),
  popMpls:
    ({ ethType }) =>
    ({ packet }) =>
      packet.popMpls(ethType),
  setNwTtl:
    ({ ttl }) =>
    ({ packet }) =>
      packet.setTtl('nwTtl', ttl),
  setMplsTtl:
    ({ ttl }) =>
    ({ packet }) =>
      packet.setTtl('mplsTtl', ttl),
  decNwTtl: () => (walk) => decrements(walk, 'nwTtl', [0]),
  nxDecTtlCntIds:
    ({ controllerIds }) =>
    (walk) =>
      decrements(walk, 'nwTtl', controllerIds),
  decMplsTtl: () => (walk) => decrements(walk, 'mplsTtl', [0]),
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
  nxController:
    ({ maxLen, controllerId, reason }) =>
    (walk) =>
      walk.toController({ maxLen, controllerId, ...(typeof reason === 'string' && { reason }) }),
  nxController2({ maxLen = WHOLE, controllerId = 0, reason, userdata, meterId, pause }) {
    if (pause) throw new Refusal('OFPBAC_BAD_TYPE', 'the software switch does not pause packets');
    const request = {
      maxLen,
      controllerId,
      ...(typeof reason === 'string' && { reason }),
      ...(userdata !== undefined && { userdata }),
      ...(meterId !== undefined && { meterId }),
    };
    return (walk) => walk.toController(request);
  },
  nxLearn: compileLearn,
  nxLearn2: compileLearn,
  nxNote: () => () => {},
  nxSample: () => () => {},
  nxSample2: () => () => {},
  nxSample3: () => () => {},
  nxCtClear: () => () => {},
  nxExit: () => (walk) => walk.exit(),
  nxClone({ actions }) {
    const steps = compileActions(actions);
    return (walk) => walk.clone(steps);
  },
  nxStackPush(subfield) {
    const run = runIn(subfield);
    return ({ stack, packet }) => {
      stack.push({ value: readRun(packet.words, run), bits: run.bits });
    };
  },
  nxStackPop(subfield) {
    const run = runIn(subfield);
    return ({ stack, packet }) => {
      // An empty stack leaves the field, as in Open vSwitch.
      const top = stack.pop();
      if (top !== undefined) packet.write(run, top.value & allOnes(run.bits));
    };
  },
  nxCheckPktLarger({ dst, pktLen }) {
    const run = runIn({ ...dst, bits: 1 });
    return ({ packet }) => packet.writeNumber(run, packet.bytes.length > pktLen ? 1 : 0);
  },
};

function compileLearn(action: ActionOf<'nxLearn' | 'nxLearn2'>): Perform {
  for (const spec of action.specs) {
    if ('field' in spec.src) runIn(spec.src);
    if (spec.type !== 'output') runIn(spec.dst);
  }
  if (action.type === 'nxLearn2' && action.resultDst !== undefined) runIn({ ...action.resultDst, bits: 1 });
  return (walk) => walk.learn(action);
}

function runIn({ field, start, bits }: Subfield): WordRun {
  if (hasPlace(field)) return subrunOf(field, start, bits);
  throw unmapped(field);
}

/** Tunnel options have no place before a controller has mapped them to one, which it cannot here. */
function unmapped(field: string): Refusal {
  return new Refusal('NXFMFC_INVALID_TLV_FIELD', `no tunnel option is mapped to ${field}`);
}

function compileSetField({ field, value, mask }: ActionOf<'setField' | 'nxRegLoad2'>): Perform {
  if (!hasPlace(field)) throw unmapped(field);
  if (mask === undefined) return writesField(field, value);
  return writesMasked(runOf(field), toBits(field, value), toBits(field, mask));
}

function writesField(field: FieldName, value: unknown): Perform {
  const run = runOf(field);
  // Whatever is written into the number of a VLAN, the tag that it is in stays one.
  const extra = field === 'vlanVid' && FIELDS[field].bits === 13 ? BigInt(VLAN_PRESENT) : 0n;
  return writes(run, toBits(field, value) | extra);
}

function writes(run: WordRun, value: bigint): Perform {
  if (run.bits > 32) return ({ packet }) => packet.write(run, value);
  const number = Number(value);
  return ({ packet }) => packet.writeNumber(run, number);
}

function writesMasked(run: WordRun, value: bigint, mask: bigint): Perform {
  return ({ packet }) => packet.writeMasked(run, value, mask);
}

function moves(from: WordRun, to: WordRun): Perform {
  return ({ packet }) => packet.move(from, to);
}

function compileOutputReg({ src, maxLen }: ActionOf<'nxOutputReg' | 'nxOutputReg2'>): Perform {
  const run = runIn(src);
  return (walk) => {
    const port = readRun(walk.packet.words, run);
    if (port <= 0xffffffffn) walk.output(portOf(Number(port), run.bits), maxLen);
  };
}

/** Fields of 16 bits have the reserved ports of OpenFlow 1.0, 0xfff8 and higher. */
function portOf(port: number, bits: number): number {
  return bits === 16 && port >= (PortNo.IN_PORT & 0xffff) ? port + 0xffff_0000 : port;
}

function decrements(walk: Walk, place: 'nwTtl' | 'mplsTtl', controllerIds: readonly number[]): boolean {
  if (walk.packet.decrement(place)) return true;
  for (const controllerId of controllerIds) {
    walk.toController({ reason: 'invalidTtl', maxLen: WHOLE, controllerId });
  }
  return false;
}
