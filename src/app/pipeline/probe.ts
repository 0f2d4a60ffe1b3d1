import type { FlowSpec, InstructionInit, MatchInit } from '../../ofp/index.ts';
import { ArpOperation, EthType } from '../../packet/index.ts';
import { SERVER_MACS } from '../dhcp/server-mac.ts';
import { goto, HEAR_ONLY, INDIVIDUAL } from './part.ts';
import { UNTAGGED } from './serve.ts';
import { FROM_TUNNEL, Priority, Table } from './tables.ts';

/** What all flows of an intent have in common. */
type Own = Pick<FlowSpec, 'cookie'>;

const BY_TUNNEL = { metadata: { value: FROM_TUNNEL, mask: FROM_TUNNEL } };
const FROM_HERE = { metadata: { value: 0, mask: FROM_TUNNEL } };

/**
 * Has the controller hear the answers to the probes of DHCP servers. What comes by a tunnel is for nobody else; what a
 * port sends, that anybody may be behind, goes on, also to the servers of other hosts. The servers of a pod have the
 * same address on all hosts: it is learnt nowhere, so that the answers find all of them.
 */
export function probeFlows(own: Own): FlowSpec[] {
  const probe: FlowSpec = {
    ...own,
    tableId: Table.LEARN,
    priority: Priority.ABOVE,
    match: { ...BY_TUNNEL, ethSrc: SERVER_MACS },
    instructions: [goto(Table.SERVE)],
  };
  return [
    answer({ ...own, tableId: Table.LEARN, priority: Priority.HIGHER }, BY_TUNNEL, HEAR_ONLY),
    answer({ ...own, tableId: Table.LEARN, priority: Priority.HIGHER }, FROM_HERE, [goto(Table.HEAR)]),
    // From a port whose addresses are known, so that nobody has to hear them.
    answer({ ...own, tableId: Table.HEAR, priority: Priority.LOW }, FROM_HERE, [goto(Table.SERVE)]),
    probe,
  ];
}

type At = Pick<FlowSpec, 'cookie' | 'tableId' | 'priority'>;

function answer(at: At, origin: MatchInit, instructions: readonly InstructionInit[]): FlowSpec {
  const reply = { ...UNTAGGED, ethType: EthType.ARP, arpOp: ArpOperation.REPLY };
  return { ...at, match: { ...origin, ...reply, ethSrc: INDIVIDUAL, ethDst: SERVER_MACS }, instructions };
}
