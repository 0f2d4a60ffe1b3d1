import type { FlowStats, Match, Switch } from '../../ofp/index.ts';
import { toBigInt } from '../../util/u64.ts';
import { cookie, OURS, OURS_MASK, TYPE_MASK } from '../pipeline/cookie.ts';
import { STATION_ELSEWHERE } from '../pipeline/intent.ts';
import { peerOf } from '../pipeline/part.ts';
import { Table } from '../pipeline/tables.ts';
import { keyOf, type PodPlan, type RemoteStation, stationId } from './pod-plan.ts';

/**
 * What a switch knew of other hosts when it was taken over: it is kept for as long as there may be hosts that have not
 * told, so that nobody is cut off from them meanwhile.
 */
export class Recollection {
  readonly #peers = new Map<number, string[]>();
  #stations: readonly RemoteStation[] = [];

  /** Reads it from the flows. @throws as Switch.flowStats */
  async read(session: Switch): Promise<void> {
    const ours = { cookie: OURS, cookieMask: OURS_MASK };
    for await (const { match } of session.flowStats({ tableId: Table.CLASSIFY, ...ours }))
      this.#addPeer(match);
    this.#stations = stationsOf(await session.multipart('flow', STATIONS_ELSEWHERE));
  }

  /** The plan with what is remembered of the pods that it has; nothing is any more once all hosts have told. */
  complete(plan: PodPlan): PodPlan {
    if (!plan.keepsPeers) {
      this.#peers.clear();
      this.#stations = [];
    }
    return this.#withStations(this.#withPeers(plan));
  }

  /** A pod's frames are accepted from a host by a flow. */
  #addPeer(match: Match): void {
    const { tunnelId } = match;
    const peer = peerOf(match);
    if (tunnelId === undefined || 'value' in tunnelId || peer === undefined) return;
    const key = Number(toBigInt(tunnelId));
    this.#peers.set(key, [...(this.#peers.get(key) ?? []), peer]);
  }

  #withPeers(plan: PodPlan): PodPlan {
    if (this.#peers.size === 0) return plan;
    const peersByKey = new Map(plan.peersByKey);
    for (const [key, peers] of peersByKey)
      peersByKey.set(key, [...new Set([...peers, ...(this.#peers.get(key) ?? [])])].sort());
    return { ...plan, peersByKey };
  }

  #withStations(plan: PodPlan): PodPlan {
    if (this.#stations.length === 0) return plan;
    const known = new Set([
      ...plan.remoteStations.map(stationId),
      ...plan.members.map(({ pod, addresses }) => `${pod.key} ${addresses?.mac}`),
    ]);
    const keys = new Set(plan.members.map(({ pod }) => pod.key));
    const missing = this.#stations.filter(
      (station) => keys.has(station.key) && !known.has(stationId(station)),
    );
    return { ...plan, remoteStations: [...plan.remoteStations, ...missing] };
  }
}

const STATIONS_ELSEWHERE = { cookie: cookie('intended', STATION_ELSEWHERE), cookieMask: TYPE_MASK };

/** A flow as a switch tells of it. */
type KnownFlow = Pick<FlowStats, 'tableId' | 'match' | 'instructions'>;

/** The stations on other hosts that flows are for. */
function stationsOf(flows: readonly KnownFlow[]): RemoteStation[] {
  const ips = new Map<string, string[]>();
  for (const { match, instructions } of flows) {
    const mac = instructions.flatMap(answeredAs)[0];
    const ip = match.arpTpa ?? match.ipv6NdTarget;
    if (mac === undefined || typeof ip !== 'string') continue;
    const id = `${keyOf(match.metadata)} ${mac}`;
    ips.set(id, [...(ips.get(id) ?? []), ip]);
  }
  return flows.flatMap(({ tableId, match }) => {
    const key = keyOf(match.metadata);
    const { ethSrc: mac } = match;
    const peer = peerOf(match);
    if (tableId !== Table.LEARN || key === undefined || typeof mac !== 'string' || peer === undefined)
      return [];
    return { key, mac, peer, ips: ips.get(`${key} ${mac}`) ?? [] };
  });
}

/** The source that an instruction gives to answers. */
function answeredAs(instruction: KnownFlow['instructions'][number]): string[] {
  if (instruction.type !== 'applyActions') return [];
  return instruction.actions.flatMap((action) =>
    action.type === 'setField' && action.field === 'ethSrc' && typeof action.value === 'string'
      ? action.value
      : [],
  );
}
