import { serverMac } from '../dhcp/server-mac.ts';
import type { Member } from '../hosts/host-view.ts';
import type { Intent, Location } from '../pipeline/intent.ts';
import type { PodPlan, RemoteStation } from './pod-plan.ts';

/** What intents followed from, and what they were: members and stations that stay the same give the same ones. */
interface Made {
  readonly tunnel: number | undefined;
  readonly isServed: boolean;
  readonly intents: readonly Intent[];
}

/** Everything that a plan is reason for, but for the addresses that are learnt. */
export class PlanIntents {
  readonly #maxMeter: number;
  readonly #made = new WeakMap<Member | RemoteStation, Made>();
  /** Those of pods, as they were last time. */
  #pods: ReadonlyMap<number, PodIntent> = new Map();

  constructor(maxMeter: number) {
    this.#maxMeter = maxMeter;
  }

  of(plan: PodPlan): Intent[] {
    const { members, tunnel, remoteStations, subnets } = plan;
    const maxMeter = this.#maxMeter;
    return [
      { type: 'base' },
      ...(tunnel === undefined ? [] : [{ type: 'tunnel', ofport: tunnel.ofport } as const]),
      ...this.#podIntents(plan),
      ...members.flatMap((member) =>
        this.#once(plan, member, member.pod.key, () => endpointIntents(plan, member, maxMeter)),
      ),
      ...[...subnets].map(([key, { server }]): Intent => {
        return { type: 'server', key, mac: serverMac(key), ip: server };
      }),
      ...remoteStations.flatMap((remote) =>
        this.#once(plan, remote, remote.key, () => [stationIntent(plan, remote)]),
      ),
    ];
  }

  /** Makes those of the pods, but for the ones that are as they were. */
  #podIntents(plan: PodPlan): Iterable<PodIntent> {
    const before = this.#pods;
    const now = podIntents(plan, this.#maxMeter).map((intent) => {
      const known = before.get(intent.key);
      return known !== undefined && isSamePod(known, intent) ? known : intent;
    });
    this.#pods = new Map(now.map((intent) => [intent.key, intent]));
    return now;
  }

  /** Makes the intents of a member or station, unless those that were made for it still hold. */
  #once(
    { tunnel: port, subnets }: PodPlan,
    source: Member | RemoteStation,
    key: number,
    make: () => readonly Intent[],
  ): readonly Intent[] {
    const [tunnel, isServed] = [port?.ofport, subnets.has(key)];
    const before = this.#made.get(source);
    if (before !== undefined && before.tunnel === tunnel && before.isServed === isServed)
      return before.intents;
    const intents = make();
    this.#made.set(source, { tunnel, isServed, intents });
    return intents;
  }
}

function stationIntent({ tunnel }: PodPlan, { peer, ...station }: RemoteStation): Intent {
  return { type: 'station', ...station, location: { type: 'tunnel', peer }, tunnel };
}

type PodIntent = Extract<Intent, { readonly type: 'pod' }>;

function isSamePod(a: PodIntent, b: PodIntent): boolean {
  return (
    a.tunnel?.ofport === b.tunnel?.ofport && isSameList(a.ofports, b.ofports) && isSameList(a.peers, b.peers)
  );
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a === b || (a.length === b.length && a.every((each, i) => each === b[i]));
}

function podIntents({ members, tunnel, peersByKey }: PodPlan, maxMeter: number): PodIntent[] {
  const ofportsByKey = new Map<number, number[]>();
  // Frames that pass through it would come back, and be flooded again.
  for (const { ofport, pod, role } of members)
    if (role !== 'inline') ofportsByKey.set(pod.key, [...(ofportsByKey.get(pod.key) ?? []), ofport]);
  return [...ofportsByKey].map(([key, ofports]) => {
    const sorted = ofports.sort((a, b) => a - b);
    return { type: 'pod', key, ofports: sorted, tunnel, peers: peersByKey.get(key) ?? [], maxMeter };
  });
}

function endpointIntents(
  { tunnel, subnets }: PodPlan,
  { ofport, pod: { key }, addresses, role }: Member,
  maxMeter: number,
): Intent[] {
  const port = { ofport, key };
  if (role === 'uplink') return [{ type: role, ...port }];
  const ofPort: Intent =
    role === undefined
      ? { type: 'endpoint', ...port, maxMeter, ...(addresses && { addresses }) }
      : { type: role, ...port };
  if (addresses === undefined) return [ofPort];
  const location: Location = { type: 'port', ofport };
  return [
    ofPort,
    { type: 'station', key, location, tunnel, ...addresses },
    ...(subnets.has(key) ? [{ type: 'dhcp', ...port, maxMeter } as const] : []),
  ];
}
