import {
  type ActionInit,
  type FlowSpec,
  type GroupSpec,
  type InstructionInit,
  type Match,
  type MatchInit,
  type MeterSpec,
  output,
  setField,
} from '../../ofp/index.ts';
import { familyOf } from '../../util/tunnel-address.ts';
import { HEARD_ONLY, POD_AND_ORIGIN_MASK, POD_MASK, Table } from './tables.ts';

/** What an intent comes to on a switch. */
export interface Part {
  readonly flows: readonly FlowSpec[];
  readonly groups: readonly GroupSpec[];
  readonly meters: readonly MeterSpec[];
}

/** What a switch has to have for all of the parts. */
export function joinParts(parts: Iterable<Part>): {
  flows: FlowSpec[];
  groups: GroupSpec[];
  meters: MeterSpec[];
} {
  const all = [...parts];
  return {
    flows: all.flatMap(({ flows }) => flows),
    groups: all.flatMap(({ groups }) => groups),
    meters: all.flatMap(({ meters }) => meters),
  };
}

/** A part without groups and meters. */
export function flowsOnly(...flows: FlowSpec[]): Part {
  return { flows, groups: [], meters: [] };
}

/** Matches addresses of groups, the broadcast address among them (IEEE 802.3, 3.2.3). */
export const GROUP_BIT = { value: '01:00:00:00:00:00', mask: '01:00:00:00:00:00' };

/** Matches all others. */
export const INDIVIDUAL = { value: '00:00:00:00:00:00', mask: '01:00:00:00:00:00' };

/** Matches the frames of a pod, wherever they came from. */
export function inPod(key: number): { value: number; mask: number } {
  return { value: key, mask: POD_MASK };
}

/** Matches the frames of a pod that came from an endpoint here, or with `FROM_TUNNEL` added, those by a tunnel. */
export function inPodFrom(origin: number): { value: number; mask: number } {
  return { value: origin, mask: POD_AND_ORIGIN_MASK };
}

export function goto(tableId: number): InstructionInit {
  return { type: 'gotoTable', tableId };
}

export function apply(...actions: ActionInit[]): InstructionInit {
  return { type: 'applyActions', actions };
}

export function writeMetadata(metadata: number): InstructionInit {
  return { type: 'writeMetadata', metadata, metadataMask: POD_AND_ORIGIN_MASK };
}

/** Has the controller hear of a frame, and nobody else. */
export const HEAR_ONLY: readonly InstructionInit[] = [
  { type: 'writeMetadata', metadata: HEARD_ONLY, metadataMask: HEARD_ONLY },
  goto(Table.HEAR),
];

/** Sends a frame of a pod to another host. */
export function intoTunnel(ofport: number, key: number, peer: string): ActionInit[] {
  // Only one of the two: Open vSwitch sends to the IPv4 destination of a frame that has both.
  const destination = setField(familyOf(peer) === 4 ? 'tunIpv4Dst' : 'tunIpv6Dst', peer);
  return [setField('tunnelId', key), destination, output(ofport)];
}

/** Matches frames that another host has sent by a tunnel. */
export function fromPeer(peer: string): MatchInit {
  return familyOf(peer) === 4 ? { tunIpv4Src: peer } : { tunIpv6Src: peer };
}

/** The host that a frame came from by a tunnel, or that a match accepts; undefined when it says none, or several. */
export function peerOf({ tunIpv4Src, tunIpv6Src }: Match): string | undefined {
  if (typeof tunIpv4Src === 'string') return tunIpv4Src;
  return typeof tunIpv6Src === 'string' ? tunIpv6Src : undefined;
}
