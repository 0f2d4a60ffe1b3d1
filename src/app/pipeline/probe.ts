import type { FlowSpec, InstructionInit, MatchInit } from '../../ofp/index.ts';
import { ArpOperation, EthType } from '../../packet/index.ts';
import { SERVER_MACS, serverMac } from '../dhcp/server-mac.ts';
import { goto, INDIVIDUAL } from './part.ts';
import { UNTAGGED } from './serve.ts';
import { FROM_TUNNEL, Priority, Table } from './tables.ts';

/** What all flows of an intent have in common. */
type Own = Pick<FlowSpec, 'cookie'>;

/**
 * Has the controller hear what comes by a tunnel in answer to the probes of DHCP servers, and nobody else. The servers
 * of a pod have the same address on all hosts: it is learnt nowhere, so that the answers find all of them.
 */
export function probeFlows(own: Own): FlowSpec[] {
  const metadata = { value: FROM_TUNNEL, mask: FROM_TUNNEL };
  const probe: FlowSpec = {
    ...own,
    tableId: Table.LEARN,
    priority: Priority.ABOVE,
    match: { metadata, ethSrc: SERVER_MACS },
    instructions: [goto(Table.SERVE)],
  };
  return [answer(own, { metadata, ethDst: SERVER_MACS }, goto(Table.CLAIM)), probe];
}

/** The same of a port that anybody may be behind, from where the answers go on, also to the servers of other hosts. */
export function localAnswer(own: Own, key: number, ofport: number, toThere: InstructionInit): FlowSpec {
  return answer(own, { inPort: ofport, ethDst: serverMac(key) }, toThere, goto(Table.SERVE));
}

function answer(own: Own, way: MatchInit, ...instructions: InstructionInit[]): FlowSpec {
  const reply = { ...UNTAGGED, ethType: EthType.ARP, arpOp: ArpOperation.REPLY };
  return {
    ...own,
    tableId: Table.LEARN,
    priority: Priority.HIGHER,
    match: { ...way, ...reply, ethSrc: INDIVIDUAL },
    instructions,
  };
}
