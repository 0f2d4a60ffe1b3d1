import type { ActionInit } from '../../actions/action.ts';
import { CURRENT_TABLE } from '../../actions/nicira/resubmit.ts';
import { packetInReasons } from '../../messages/packet-in.ts';
import { FIELDS, type FieldName } from '../../oxm/fields.ts';
import { PortNo } from '../../ports.ts';
import { findPort, parsePacketInReason, parsePort, parseTable } from '../names.ts';
import { parseHexBytes, parseNumber } from '../numbers.ts';
import type { Span } from '../span.ts';
import { checkCount, parseReference } from '../subfield.ts';
import { type ActionParsers, parseArgument, parseWords } from './parse-action.ts';

/** Actions that send packets somewhere. */
export const outputParsers: ActionParsers = {
  output: parseOutput,
  output_reg: parseOutput,
  group: (value) => ({ type: 'group', groupId: parseId(value, 'the group') }),
  controller: parseController,
  enqueue: parseEnqueue,
  resubmit: parseResubmit,
  sample: parseSample,
  note: (value) => ({ type: 'nxNote', note: padNote(parseHexBytes(value, 'a note')) }),
};

const WHOLE_PACKET = 0xffff;

function parseOutput(span: Span): ActionInit {
  if (span.text.includes('port') && span.text.includes('max_len')) return parseOutputTrunc(span);
  const port = findPort(span.text);
  if (port !== undefined) return { type: 'output', port };
  if (/^\w+$/.test(span.text)) parsePort(span);
  const src = parseReference(span);
  checkCount(span, src);
  const isShort = FIELDS[src.field as FieldName].experimenter === 0;
  return { type: isShort ? 'nxOutputReg' : 'nxOutputReg2', src, maxLen: WHOLE_PACKET };
}

/** The Ethernet header, which is never cut. */
const LEAST_LENGTH = 14;

function parseOutputTrunc(span: Span): ActionInit {
  let port = 0;
  let maxLen = 0;
  parseWords(span, 'output', {
    port(value) {
      port = parsePort(value);
      if (port <= PortNo.MAX || port === PortNo.LOCAL || port === PortNo.IN_PORT) return;
      throw value.error('packets for this port cannot be cut');
    },
    max_len(value) {
      maxLen = parseId(value, 'the length');
      if (maxLen < LEAST_LENGTH) throw value.error(`max_len is at least ${LEAST_LENGTH}`);
    },
  });
  return { type: 'nxOutputTrunc', port, maxLen };
}

function parseId(span: Span, what: string): number {
  if (span.isEmpty) throw span.error(`${what} is missing`);
  return parseNumber(span, 32, what);
}

/** OFPR_ACTION. */
const REASON_ACTION = 1;

function parseController(span: Span): ActionInit {
  if (/^\d+$/.test(span.text)) {
    return { type: 'output', port: PortNo.CONTROLLER, maxLen: parseArgument(span, 16, 'max_len') };
  }
  let [reason, maxLen, controllerId, meterId, pause] = [REASON_ACTION, WHOLE_PACKET, 0, 0, false];
  let userdata: Uint8Array | undefined;
  parseWords(span, 'controller', {
    reason: (value) => (reason = parsePacketInReason(value)),
    max_len: (value) => (maxLen = parseArgument(value, 16, 'max_len')),
    id: (value) => (controllerId = parseArgument(value, 16, 'the id')),
    userdata: (value) => (userdata = parseHexBytes(value, 'userdata')),
    pause: () => (pause = true),
    meter_id: (value) => (meterId = parseId(value, 'the meter')),
  });
  const isPlain = userdata === undefined && !pause && meterId === 0;
  if (isPlain && reason === REASON_ACTION && controllerId === 0) {
    return { type: 'output', port: PortNo.CONTROLLER, maxLen };
  }
  const name = packetInReasons.name(reason);
  if (!pause && meterId === 0 && (userdata?.length ?? 0) === 0) {
    return { type: 'nxController', maxLen, controllerId, reason: name };
  }
  return {
    type: 'nxController2',
    ...(maxLen !== WHOLE_PACKET && { maxLen }),
    ...(controllerId !== 0 && { controllerId }),
    ...(reason !== REASON_ACTION && { reason: name }),
    ...(userdata && userdata.length > 0 && { userdata }),
    ...(pause && { pause }),
    ...(meterId !== 0 && { meterId }),
  };
}

/** OpenFlow 1.0's action: a queue for one output. */
function parseEnqueue(span: Span): readonly ActionInit[] {
  const parts = /^[:q,]*([^:q,]+)[:q,](.+)$/.exec(span.text);
  if (parts === null) throw span.error('enqueue is written enqueue:PORT:QUEUE');
  const queueStart = span.text.length - parts[2]!.length;
  const portStart = queueStart - 1 - parts[1]!.length;
  const port = parsePort(span.slice(portStart, queueStart - 1));
  const queueId = parseId(span.slice(queueStart), 'the queue');
  return [
    { type: 'setQueue', queueId },
    { type: 'output', port, maxLen: WHOLE_PACKET },
    { type: 'nxPopQueue' },
  ];
}

function parseResubmit(span: Span): ActionInit {
  const [port, rest] = span.split(',') ?? [span, undefined];
  const [table, ct] = rest?.split(',') ?? [rest, undefined];
  const inPort = port.isEmpty ? PortNo.IN_PORT : parsePort(port);
  const tableId = table === undefined || table.isEmpty ? CURRENT_TABLE : parseTable(table);
  const withCt = ct !== undefined && !ct.isEmpty;
  if (withCt && ct.text !== 'ct') throw ct.error(`resubmit has no '${ct.text}', only ct`);
  if (inPort === PortNo.IN_PORT && tableId === CURRENT_TABLE) {
    throw span.error('resubmit needs a port or a table: resubmit(PORT,TABLE)');
  }
  return { type: withCt ? 'nxResubmitTableCt' : 'nxResubmitTable', inPort, tableId };
}

function parseSample(span: Span): ActionInit {
  const target = { probability: 0, collectorSetId: 0, obsDomainId: 0, obsPointId: 0 };
  let samplingPort: number = PortNo.ANY;
  let direction: 'ingress' | 'egress' | undefined;
  parseWords(span, 'sample', {
    probability: (value) => (target.probability = parseArgument(value, 16, 'the probability')),
    collector_set_id: (value) => (target.collectorSetId = parseId(value, 'the collector set')),
    obs_domain_id: (value) => (target.obsDomainId = parseId(value, 'the observation domain')),
    obs_point_id: (value) => (target.obsPointId = parseId(value, 'the observation point')),
    sampling_port: (value) => (samplingPort = parsePort(value)),
    ingress: () => (direction = 'ingress'),
    egress: () => (direction = 'egress'),
  });
  if (target.probability === 0) throw span.error('sample needs a probability from 1 to 65535');
  if (direction !== undefined) return { type: 'nxSample3', ...target, samplingPort, direction };
  if (samplingPort !== PortNo.ANY) return { type: 'nxSample2', ...target, samplingPort };
  return { type: 'nxSample', ...target };
}

/** The bytes that a note of this length takes: 6, 14, 22… */
function padNote(note: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.max(0, Math.ceil((note.length - 6) / 8)) * 8 + 6);
  padded.set(note);
  return padded;
}
