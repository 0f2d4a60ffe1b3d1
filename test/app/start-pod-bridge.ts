import { PodBridge, type PodBridgeOptions } from '../../src/app/bridges/pod-bridge.ts';
import type { PodPlan } from '../../src/app/bridges/pod-plan.ts';
import { DhcpServer } from '../../src/app/dhcp/server.ts';
import type { NetworkEvent } from '../../src/app/events.ts';
import { parsePod } from '../../src/app/hosts/pod.ts';
import { compile } from '../../src/app/pipeline/compile.ts';
import type { Location } from '../../src/app/pipeline/intent.ts';
import { Table } from '../../src/app/pipeline/tables.ts';
import { formatFlow } from '../../src/ofp/index.ts';
import { silentLog } from '../../src/util/log.ts';
import { SoftSession, TUNNEL_PORT } from './soft-session.ts';

/** The key of the pod `7`. */
export const KEY = 0x10007;
/** The address whose way is looked at. */
export const MAC = '02:00:00:00:00:01';
/** What is sent from there. */
export const FRAME = `ffffffffffff ${MAC} 0800`;
/** The tunnel of the plans. */
export const TUNNEL = { ofport: TUNNEL_PORT };
/** Where the tunnel goes: the other host. */
export const PEER = '192.0.2.2';

/** A plan with interfaces `if1`, `if2`… in the given pods. */
export function planOf(pods: readonly string[], changes: Partial<PodPlan> = {}): PodPlan {
  const members = pods.map((name, i) => ({ interface: `if${i + 1}`, ofport: i + 1, pod: parsePod(name) }));
  return {
    members,
    tunnel: TUNNEL,
    peersByKey: new Map(members.map(({ pod }) => [pod.key, [PEER]])),
    keepsPeers: false,
    remoteStations: [],
    subnets: new Map(),
    host: 'h1',
    ...changes,
  };
}

/** The flows of the address, when it was learnt there. */
export const learntFlows = (location: Location) =>
  compile({ type: 'learnt', key: KEY, mac: MAC, location, tunnel: TUNNEL }).flows;

/** A server that knows nobody, and nobody asks. */
const NO_DHCP = new DhcpServer({
  ownerOf: () => undefined,
  record: async () => {},
  now: () => 0,
  log: silentLog,
});

/** Starts a bridge. @param react hears of each event as it is told */
export async function startBridge(
  plan: PodPlan,
  given?: SoftSession,
  react: (event: NetworkEvent) => void = () => {},
  options: Partial<PodBridgeOptions> = {},
) {
  const soft = given ?? (await SoftSession.open());
  const events: NetworkEvent[] = [];
  const notes: [string, string | undefined][] = [];
  const bridge = new PodBridge({
    session: soft.session,
    onEvent: (event) => {
      events.push(event);
      react(event);
    },
    log: silentLog,
    maxMeter: 262_144,
    services: { dhcp: NO_DHCP, recordConflicts: (_, changed) => void notes.push(...changed) },
    ...soft.clock,
    ...options,
  });
  await bridge.start(plan);
  const told = () => events.splice(0);
  /** What was written of conflicts, by interface. */
  const noted = () => notes.splice(0);
  /** Where the address is forwarded to, as the switch has it. */
  const isForwarded = (location: Location) =>
    soft.flows(Table.FORWARD).includes(formatFlow(learntFlows(location)[1]!));
  /** Whether any flow has these words. */
  const hasFlowWith = (words: string) => soft.flows().some((flow) => flow.includes(words));
  /** Has a plan realised. */
  const update = (next: PodPlan) => {
    bridge.update(next);
    return bridge.settled();
  };
  /** Has a frame come in through a port, and everything that comes of it. */
  const frame = (port: number, bytes = FRAME) => {
    soft.receive(port, bytes);
    return soft.idle();
  };
  /** Likewise, from another host. */
  const frameFrom = (peer: string, key = KEY, bytes = FRAME) => {
    soft.receiveFrom(peer, key, bytes);
    return soft.idle();
  };
  return { soft, bridge, told, noted, isForwarded, hasFlowWith, update, frame, frameFrom };
}

/** Has another process of the controller begin where one was. */
export async function startAgain({ soft, bridge }: Awaited<ReturnType<typeof startBridge>>, plan: PodPlan) {
  await bridge.stop();
  await soft.reconnect();
  soft.received();
  return startBridge(plan, soft);
}

/** What the events about the address have in common. */
export const base = { switch: '0000000000000001', domain: '7', mac: MAC };
/** The event that an interface is in a pod. */
export const joined = (number: number, pod: string) => ({
  type: 'podJoined',
  switch: base.switch,
  interface: `if${number}`,
  port: number,
  pod,
  key: parsePod(pod).key,
});
