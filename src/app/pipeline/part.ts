import {
  type ActionInit,
  type FlowSpec,
  type GroupSpec,
  type InstructionInit,
  type MeterSpec,
  output,
  setField,
} from '../../ofp/index.ts';
import { POD_AND_ORIGIN_MASK, POD_MASK } from './tables.ts';

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

/** Sends a frame of a pod to another host. */
export function intoTunnel(ofport: number, key: number, peer: string): ActionInit[] {
  return [setField('tunnelId', key), setField('tunIpv4Dst', peer), output(ofport)];
}
