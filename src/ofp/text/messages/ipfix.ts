import { counter } from '../numbers.ts';
import { type Form, fixed, open, type WireMessage } from './form.ts';

/** Where an entry of nx_ipfix_stats_reply has its collector, behind ten counters. */
const COLLECTOR = 80;
const ENTRY_SIZE = 88;

/** How the multiparts of Open vSwitch's extension are written, by NXST_ number: request and reply. */
export const niciraMultiparts: Readonly<Record<number, readonly [request: Form, reply: Form]>> = {
  3: [fixed('NXST_IPFIX_BRIDGE request', 0), fixed('NXST_IPFIX_BRIDGE reply', ENTRY_SIZE, printBridge)],
  4: [fixed('NXST_IPFIX_FLOW request', 0), open('NXST_IPFIX_FLOW reply', 0, ENTRY_SIZE, printFlows)],
};

function* printBridge({ wire, body }: WireMessage): Iterable<string> {
  yield `\n  bridge ipfix: ${formatEntry(wire.view, body, 16)}`;
}

function* printFlows({ wire, body, end }: WireMessage): Iterable<string> {
  yield ` ${(end - body) / ENTRY_SIZE} ids\n`;
  for (let at = body; at < end; at += ENTRY_SIZE) {
    const id = String(wire.view.getUint32(at + COLLECTOR)).padStart(3);
    yield `  id ${id}: ${formatEntry(wire.view, at, 10)}`;
  }
}

/** What is counted, in the order of nx_ipfix_stats_reply. */
const COUNTERS = [
  'flows',
  'current',
  'pkts',
  'ipv4',
  'ipv6',
  'errors',
  'ipv4Errors',
  'ipv6Errors',
  'tx',
  'txErrors',
] as const;

function formatEntry(view: DataView, at: number, indent: number): string {
  const count = (name: (typeof COUNTERS)[number]) =>
    counter(view.getBigUint64(at + COUNTERS.indexOf(name) * 8));
  const sampled = `flows=${count('flows')}, current flows=${count('current')}, sampled pkts=${count('pkts')}`;
  const good = `ipv4 ok=${count('ipv4')}, ipv6 ok=${count('ipv6')}, tx pkts=${count('tx')}`;
  const bad = `pkts errs=${count('errors')}, ipv4 errs=${count('ipv4Errors')}, ipv6 errs=${count('ipv6Errors')}`;
  return `${sampled}, ${good}\n${' '.repeat(indent)}${bad}, tx errs=${count('txErrors')}\n`;
}
