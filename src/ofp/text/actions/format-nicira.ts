import type { NxBareAction } from '../../actions/nicira/bare.ts';
import type { NxController, NxDecTtlCntIds } from '../../actions/nicira/controller.ts';
import type { NxController2 } from '../../actions/nicira/controller2.ts';
import { type EncapProperty, type NxDecap, type NxEncap, PacketType } from '../../actions/nicira/encap.ts';
import type { NxOutputReg, NxOutputTrunc } from '../../actions/nicira/output.ts';
import { CURRENT_TABLE, type NxResubmit, type NxResubmitTable } from '../../actions/nicira/resubmit.ts';
import type { NxSample3, NxSample4, NxSampleAction } from '../../actions/nicira/sample.ts';
import { packetInReasons } from '../../messages/packet-in.ts';
import { bytesToBits } from '../../oxm/field-bits.ts';
import type { Subfield } from '../../oxm/subfield.ts';
import { PortNo } from '../../ports.ts';
import { formatPort, packetInReason } from '../names.ts';
import { dottedHex, hex, paddedHex } from '../numbers.ts';
import { formatSubfield } from '../subfield.ts';
import type { ActionFormats } from './format-action.ts';

/** OFPR_ACTION, which is not written. */
const REASON_ACTION = 1;
const WHOLE_PACKET = 0xffff;

/** The extension's actions that output, resubmit, sample and change headers. */
export const niciraFormats: ActionFormats<
  | NxBareAction['type']
  | NxOutputReg['type']
  | NxOutputTrunc['type']
  | NxResubmit['type']
  | NxResubmitTable['type']
  | NxController['type']
  | NxController2['type']
  | NxDecTtlCntIds['type']
  | NxSampleAction['type']
  | NxEncap['type']
  | NxDecap['type']
  | 'nxNote'
  | 'nxFinTimeout'
  | 'nxConjunction'
  | 'nxClone'
> = {
  nxPopQueue: () => 'pop_queue',
  nxExit: () => 'exit',
  nxDecTtl: () => 'dec_ttl',
  nxDecMplsTtl: () => 'dec_mpls_ttl',
  nxCtClear: () => 'ct_clear',
  nxDecNshTtl: () => 'dec_nsh_ttl',
  nxDebugSlow: () => 'debug_slow',
  nxDebugRecirc: () => 'debug_recirc',
  nxOutputReg: ({ src }) => `output:${formatSubfield(src)}`,
  nxOutputReg2: ({ src }) => `output:${formatSubfield(src)}`,
  nxOutputTrunc: ({ port, maxLen }) => `output(port=${formatPort(port)},max_len=${maxLen})`,
  nxResubmit: ({ inPort }) => formatResubmit(inPort, CURRENT_TABLE, ''),
  nxResubmitTable: ({ inPort, tableId }) => formatResubmit(inPort, tableId, ''),
  nxResubmitTableCt: ({ inPort, tableId }) => formatResubmit(inPort, tableId, ',ct'),
  nxController: ({ maxLen, controllerId, reason }) =>
    formatController({ maxLen, controllerId, reason: packetInReasons.code(reason) }),
  nxController2: ({ reason = REASON_ACTION, ...properties }) =>
    formatController({ ...properties, reason: packetInReasons.code(reason) }),
  nxDecTtlCntIds: ({ controllerIds }) => `dec_ttl(${controllerIds.join(',')})`,
  nxSample: (action) => `sample(${sampleTarget(action)})`,
  nxSample2: (action) => `sample(${sampleTarget(action)}${samplingPort(action.samplingPort)})`,
  nxSample3: formatDirectedSample,
  nxSample4: formatDirectedSample,
  nxEncap: ({ newPktType, properties }) => {
    const list = properties.length === 0 ? '' : `(${properties.map(formatEncapProperty).join(',')})`;
    return `encap(${HEADER_NAMES.get(newPktType) ?? 'UNKNOWN'}${list})`;
  },
  nxDecap: ({ newPktType }) =>
    `decap(${newPktType === PacketType.USE_NEXT_PROTO ? '' : packetType(newPktType)})`,
  nxNote: ({ note }) => `note:${dottedHex(note)}`,
  nxFinTimeout({ finIdleTimeout, finHardTimeout }) {
    const words = [];
    if (finIdleTimeout !== 0) words.push(`idle_timeout=${finIdleTimeout}`);
    if (finHardTimeout !== 0) words.push(`hard_timeout=${finHardTimeout}`);
    return `fin_timeout(${words.join(',')})`;
  },
  nxConjunction: ({ id, clause, nClauses }) => `conjunction(${id},${clause + 1}/${nClauses})`,
  nxClone: ({ actions }, formatAll) => `clone(${formatAll(actions)})`,
};

/** What `encap` calls the headers that it can put on. */
export const ENCAP_HEADERS: ReadonlyMap<string, number> = new Map([
  ['ethernet', PacketType.ETHERNET],
  ['nsh', PacketType.NSH],
  ['mpls', PacketType.MPLS],
  ['mpls_mc', PacketType.MPLS_MULTICAST],
]);
const HEADER_NAMES = new Map(Array.from(ENCAP_HEADERS, ([name, type]) => [type, name]));

function formatResubmit(inPort: number, tableId: number, suffix: string): string {
  const port = inPort === PortNo.IN_PORT ? '' : formatPort(inPort);
  if (port !== '' && tableId === CURRENT_TABLE) return `resubmit:${port}`;
  return `resubmit(${port},${tableId === CURRENT_TABLE ? '' : tableId}${suffix})`;
}

type ControllerWords = Omit<NxController2, 'type' | 'reason'> & { readonly reason: number };

function formatController(action: ControllerWords): string {
  const { maxLen = WHOLE_PACKET, controllerId = 0, reason, userdata, pause, meterId } = action;
  const words = [];
  if (reason !== REASON_ACTION) words.push(`reason=${packetInReason(reason)}`);
  if (maxLen !== WHOLE_PACKET) words.push(`max_len=${maxLen}`);
  if (controllerId !== 0) words.push(`id=${controllerId}`);
  if (userdata !== undefined && userdata.length > 0) words.push(`userdata=${dottedHex(userdata)}`);
  if (pause) words.push('pause');
  if (meterId !== undefined && meterId !== NO_METER) words.push(`meter_id=${meterId}`);
  const isPlain = words.length === 0 || (words.length === 1 && maxLen !== WHOLE_PACKET);
  return isPlain ? `CONTROLLER:${maxLen}` : `controller(${words.join(',')})`;
}

/** NX_CTLR_NO_METER. */
const NO_METER = 0;

function formatDirectedSample(action: NxSample3 | NxSample4): string {
  const direction =
    typeof action.direction === 'string' && action.direction !== 'default' ? action.direction : '';
  return `sample(${sampleTarget(action)}${samplingPort(action.samplingPort)}${direction && `,${direction}`})`;
}

function sampleTarget({ probability, collectorSetId, obsDomainId, obsPointId }: NxSampleAction): string {
  const words = [`probability=${probability}`, `collector_set_id=${collectorSetId}`];
  const idOf = (id: number | Subfield) => (typeof id === 'number' ? id : formatSubfield(id));
  return [...words, `obs_domain_id=${idOf(obsDomainId)}`, `obs_point_id=${idOf(obsPointId)}`].join(',');
}

function samplingPort(port: number): string {
  return port === PortNo.ANY ? '' : `,sampling_port=${formatPort(port)}`;
}

function formatEncapProperty(property: EncapProperty): string {
  switch (property.type) {
    case 'nshMdType':
      return `md_type=${property.mdType}`;
    case 'nshTlv': {
      const head = `${paddedHex(property.tlvClass, 4)},${property.tlvType}`;
      return `tlv(${head},${hex(bytesToBits(property.data))})`;
    }
    case 'unknown':
      return `unknown(${property.propClass},${property.code},${dottedHex(property.raw)})`;
  }
}

function packetType(type: number): string {
  return `packet_type(ns=${type >>> 16},type=${hex(type & 0xffff)})`;
}
