import { PortNo } from '../../ports.ts';
import type { WireView } from '../../wire/wire-view.ts';
import { demand } from '../check/refusal.ts';
import { formatPort, isReservedPort, isSupportedPort } from '../names.ts';
import { counter, duration } from '../numbers.ts';
import { type Form, fixed, open, type WireMessage } from './form.ts';
import { checkPort } from './ports.ts';

/** Bytes of ofp_queue_stats. */
const STATS_SIZE = 40;

/** How messages about queues are written, by OFPT_ number. */
export const queueForms: Readonly<Record<number, Form>> = {
  22: fixed('OFPT_QUEUE_GET_CONFIG_REQUEST', 8, printConfigRequest),
  23: open('OFPT_QUEUE_GET_CONFIG_REPLY', 8, 8, printConfig),
};

/** How multiparts about queues are written, by OFPMP_ number: request and reply. */
export const queueMultiparts: Readonly<Record<number, readonly [request: Form, reply: Form]>> = {
  5: [
    fixed('OFPST_QUEUE request', 8, printStatsRequest),
    open('OFPST_QUEUE reply', 0, STATS_SIZE, printStats),
  ],
};

function* printConfigRequest({ wire, body }: WireMessage): Iterable<string> {
  const port = wire.view.getUint32(body);
  checkPort(port);
  demand(port === PortNo.ANY || !isReservedPort(port), 'OFPQOFC_BAD_PORT', 'reserved ports have no queues');
  yield ` port=${formatPort(port)}`;
}

interface QueueRates {
  readonly queueId: number;
  readonly minRate: number;
  readonly maxRate: number;
}

const QUEUE_SIZE = 16;
const NO_RATE = 0xffff;

function* printConfig({ wire, body, end }: WireMessage): Iterable<string> {
  const port = wire.view.getUint32(body);
  const queues: QueueRates[] = [];
  let failure: unknown;
  try {
    for (let at = body + 8; at < end; ) {
      checkPort(port);
      const length = end - at < QUEUE_SIZE ? 0 : wire.view.getUint16(at + 8);
      const fits = length >= QUEUE_SIZE && length <= end - at && length % 8 === 0;
      demand(fits, 'OFPBRC_BAD_LEN', 'no length of a queue');
      queues.push(readQueue(wire, at, at + length));
      at += length;
    }
  } catch (error) {
    failure = error;
  }
  queues.sort((a, b) => a.queueId - b.queueId);
  if (queues.length > 0) yield port === 0 ? ' ' : ` port=${formatPort(port)}\n`;
  for (const { queueId, minRate, maxRate } of queues) {
    yield `queue ${queueId}:${formatRate('min_rate', minRate)}${formatRate('max_rate', maxRate)}\n`;
  }
  if (failure !== undefined) throw failure;
}

const MIN_RATE = 1;
const MAX_RATE = 2;

function readQueue({ view }: WireView, start: number, end: number): QueueRates {
  let minRate = NO_RATE;
  let maxRate = NO_RATE;
  for (let at = start + QUEUE_SIZE; at < end; ) {
    const length = view.getUint16(at + 2);
    const fits = length >= 8 && length <= end - at && length % 8 === 0;
    demand(fits, 'OFPBRC_BAD_LEN', 'no length of a property of a queue');
    const property = view.getUint16(at);
    if (property === MIN_RATE || property === MAX_RATE) {
      demand(length === 16, 'OFPBRC_BAD_LEN', 'a rate has 16 bytes');
      if (property === MIN_RATE) minRate = view.getUint16(at + 8);
      else maxRate = view.getUint16(at + 8);
    }
    at += length;
  }
  return { queueId: view.getUint32(start), minRate, maxRate };
}

/** In tenths of a percent up to 1000; higher ones say that there is no limit. */
function formatRate(name: string, rate: number): string {
  if (rate <= 1000) return ` ${name}:${Math.floor(rate / 10)}.${rate % 10}%`;
  return rate < NO_RATE ? ` ${name}:(disabled)` : '';
}

const ALL_QUEUES = 0xffffffff;
const UNKNOWN_DURATION = 0xffffffff;

function formatQueue(queue: number): string {
  return queue === ALL_QUEUES ? 'ALL' : String(queue);
}

function* printStatsRequest({ wire, body }: WireMessage): Iterable<string> {
  const port = wire.view.getUint32(body);
  checkPort(port);
  yield ` port=${formatPort(port)} queue=${formatQueue(wire.view.getUint32(body + 4))}`;
}

function* printStats({ wire, body, end }: WireMessage): Iterable<string> {
  let readable = 0;
  while (
    body + readable * STATS_SIZE < end &&
    isSupportedPort(wire.view.getUint32(body + readable * STATS_SIZE))
  ) {
    readable++;
  }
  yield ` ${readable} queues\n`;
  for (let index = 0; index < readable; index++) yield formatStats(wire.view, body + index * STATS_SIZE);
  if (body + readable * STATS_SIZE < end) checkPort(wire.view.getUint32(body + readable * STATS_SIZE));
}

function formatStats(view: DataView, at: number): string {
  let text = `  port ${formatPort(view.getUint32(at))} queue ${formatQueue(view.getUint32(at + 4))}: `;
  text += `bytes=${counter(view.getBigUint64(at + 8))}, pkts=${counter(view.getBigUint64(at + 16))}, `;
  text += `errors=${counter(view.getBigUint64(at + 24))}, duration=`;
  const seconds = view.getUint32(at + 32);
  return `${text}${seconds === UNKNOWN_DURATION ? '?' : duration(seconds, view.getUint32(at + 36))}\n`;
}
