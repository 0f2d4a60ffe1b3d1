import { serverMac } from './dhcp/server.ts';
import type { Member } from './host-view.ts';
import type { Intent, Location } from './pipeline/intent.ts';
import type { PodPlan } from './pod-plan.ts';

/** Everything that a plan is reason for, but for the addresses that are learnt. */
export function planIntents(plan: PodPlan, hasMeters: boolean): Intent[] {
  const { members, tunnel, remoteStations, subnets } = plan;
  return [
    { type: 'base', hasMeters },
    ...(tunnel === undefined ? [] : [{ type: 'tunnel', ofport: tunnel.ofport } as const]),
    ...podIntents(plan),
    ...members.flatMap((member) => endpointIntents(plan, member, hasMeters)),
    ...[...subnets].map(([key, { server }]): Intent => {
      return { type: 'server', key, mac: serverMac(key), ip: server };
    }),
    ...remoteStations.map(
      ({ peer, ...station }): Intent => ({
        type: 'station',
        ...station,
        location: { type: 'tunnel', peer },
        tunnel,
      }),
    ),
  ];
}

function podIntents({ members, tunnel, peersByKey }: PodPlan): Intent[] {
  const ofportsByKey = new Map<number, number[]>();
  for (const { ofport, pod } of members)
    ofportsByKey.set(pod.key, [...(ofportsByKey.get(pod.key) ?? []), ofport]);
  return [...ofportsByKey].map(([key, ofports]) => {
    const sorted = ofports.sort((a, b) => a - b);
    return { type: 'pod', key, ofports: sorted, tunnel, peers: peersByKey.get(key) ?? [] };
  });
}

function endpointIntents(
  { tunnel, subnets }: PodPlan,
  { ofport, pod: { key }, addresses }: Member,
  hasMeters: boolean,
): Intent[] {
  if (addresses === undefined) return [{ type: 'endpoint', ofport, key }];
  const location: Location = { type: 'port', ofport };
  return [
    { type: 'endpoint', ofport, key, addresses },
    { type: 'station', key, location, tunnel, ...addresses },
    ...(subnets.has(key) ? [{ type: 'dhcp', ofport, key, hasMeters } as const] : []),
  ];
}
