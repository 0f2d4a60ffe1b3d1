import type { FlowSpec, InstructionInit, MatchInit } from '../../ofp/index.ts';
import { ArpOperation, EthType } from '../../packet/index.ts';
import { serverMac } from '../dhcp/server-mac.ts';
import { goto, INDIVIDUAL, inPodFrom } from './part.ts';
import { UNTAGGED } from './serve.ts';
import { FROM_TUNNEL, Priority, Table } from './tables.ts';

/** What all flows of an intent have in common. */
type Own = Pick<FlowSpec, 'cookie'>;

/**
 * Has the controller hear what comes by a tunnel in answer to the probes of a pod's DHCP server, and nobody else. The
 * servers of other hosts have the same address: it is learnt nowhere, so that the answers find all of them.
 */
export function probeFlows(own: Own, key: number): FlowSpec[] {
  const metadata = inPodFrom(FROM_TUNNEL + key);
  const probe: FlowSpec = {
    ...own,
    tableId: Table.LEARN,
    priority: Priority.ABOVE,
    match: { metadata, ethSrc: serverMac(key) },
    instructions: [goto(Table.SERVE)],
  };
  return [answer(own, key, { metadata }, goto(Table.CLAIM)), probe];
}

/** The same of a port that anybody may be behind, from where the answers go on, also to the servers of other hosts. */
export function localAnswer(own: Own, key: number, ofport: number, toThere: InstructionInit): FlowSpec {
  return answer(own, key, { inPort: ofport }, toThere, goto(Table.SERVE));
}

function answer(own: Own, key: number, from: MatchInit, ...instructions: InstructionInit[]): FlowSpec {
  const reply = { ...UNTAGGED, ethType: EthType.ARP, arpOp: ArpOperation.REPLY };
  return {
    ...own,
    tableId: Table.LEARN,
    priority: Priority.HIGHER,
    match: { ...from, ...reply, ethSrc: INDIVIDUAL, ethDst: serverMac(key) },
    instructions,
  };
}
