import {
  type ActionInit,
  FlowModFlag,
  type FlowSpec,
  type GroupSpec,
  type MatchInit,
  output,
} from '../../ofp/index.ts';
import { claimFlows } from './claim.ts';
import { cookie, OURS, OURS_MASK } from './cookie.ts';
import { guardFlows } from './guard.ts';
import { type Intent, intentNumber, type Location, type TunnelPort } from './intent.ts';
import {
  apply,
  flowsOnly,
  fromPeer,
  GROUP_BIT,
  goto,
  INDIVIDUAL,
  inPod,
  inPodFrom,
  intoTunnel,
  type Part,
  writeMetadata,
} from './part.ts';
import { probeFlows } from './probe.ts';
import { dhcpPart, duplicateDetection, serveFlows } from './serve.ts';
import {
  FIRST_POD_METER,
  FIRST_PORT_METER,
  FROM_TUNNEL,
  HEARD_ONLY,
  LAST_METER,
  LEARN_LIMIT,
  Priority,
  Table,
} from './tables.ts';
import { portMeter, toController } from './to-controller.ts';

/** Seconds without a frame after which a learnt address is forgotten. */
export const LEARNT_IDLE_TIMEOUT = 300;

/** The groups of ours: two for each key. Groups have no cookie, so that their numbers have to tell. */
const FIRST_GROUP = 0x6a00_0000;
const LAST_GROUP = FIRST_GROUP + 2 ** 25 - 1;

/** What of a switch is ours, for `Switch.reconcile`. */
export const OWNED = {
  cookie: OURS,
  cookieMask: OURS_MASK,
  ownsGroup: (groupId: number) => groupId >= FIRST_GROUP && groupId <= LAST_GROUP,
  ownsMeter: (meterId: number) => meterId > FIRST_PORT_METER && meterId <= LAST_METER,
};

type IntentOf<Type extends Intent['type']> = Extract<Intent, { type: Type }>;

/** What an intent comes to: a pure function of the intent. */
export function compile(intent: Intent): Part {
  switch (intent.type) {
    case 'base':
      return compileBase(intent);
    case 'pod':
      return compilePod(intent);
    case 'tunnel':
      return compileTunnel(intent);
    case 'endpoint':
      return compileEndpoint(intent);
    case 'inline':
      return flowsOnly(unguarded(intent));
    case 'uplink':
      return compileUplink(intent);
    case 'station':
      return compileStation(intent);
    case 'dhcp':
      return dhcpPart(ownOf(intent), intent.key, intent.ofport, intent.maxMeter);
    case 'server':
      return compileServer(intent);
    case 'barred':
      return compileBarred(intent);
    case 'learnt':
      return compileLearnt(intent);
  }
}

function compileBase(intent: IntentOf<'base'>): Part {
  const own = { ...ownOf(intent), priority: Priority.MISS };
  const onward = (tableId: number, next: number): FlowSpec => ({
    ...own,
    tableId,
    instructions: [goto(next)],
  });
  return flowsOnly(
    // Nobody has a reason to delete it, so that the notice of its removal tells when somebody empties the tables.
    { ...own, tableId: Table.CLASSIFY, flags: FlowModFlag.SEND_FLOW_REM },
    onward(Table.GUARD, Table.LEARN),
    onward(Table.GUARD_ND, Table.LEARN),
    onward(Table.LEARN, Table.HEAR),
    // No station has a group address for its own: a frame from one is forged.
    { ...own, tableId: Table.LEARN, priority: Priority.ABOVE, match: { ethSrc: GROUP_BIT } },
    ...probeFlows(own),
    { ...own, tableId: Table.HEAR },
    onward(Table.SERVE, Table.POLICY),
    { ...own, tableId: Table.SERVE, priority: Priority.TOP, match: { metadata: ONLY_HEARD } },
    duplicateDetection(own),
    onward(Table.POLICY, Table.FORWARD),
    onward(Table.FORWARD, Table.FLOOD),
    { ...own, tableId: Table.FLOOD },
  );
}

const ONLY_HEARD = { value: HEARD_ONLY, mask: HEARD_ONLY };

/** Sends copies of the frames that the controller has to hear of to it. */
function hearing(own: Pick<FlowSpec, 'cookie'>, match: MatchInit, toThere: ActionInit): FlowSpec {
  const instructions = [apply(toThere), goto(Table.SERVE)];
  return { ...own, tableId: Table.HEAR, priority: Priority.NORMAL, match, instructions };
}

function compilePod(intent: IntentOf<'pod'>): Part {
  const { key, ofports, tunnel, peers, maxMeter } = intent;
  const own = { ...ownOf(intent), priority: Priority.NORMAL };
  const local = ofports.map((ofport) => ({ actions: [output(ofport)] }));
  const remote =
    tunnel === undefined ? [] : peers.map((peer) => ({ actions: intoTunnel(tunnel.ofport, key, peer) }));
  const fromHere = floodGroup(key);
  const fromTunnel = fromHere + 1;
  const flood = (origin: number, groupId: number): FlowSpec => ({
    ...own,
    tableId: Table.FLOOD,
    match: { metadata: inPodFrom(origin + key) },
    instructions: [apply({ type: 'group', groupId })],
  });
  const accept = (peer: string, ofport: number): FlowSpec => ({
    ...own,
    tableId: Table.CLASSIFY,
    match: { inPort: ofport, tunnelId: key, ...fromPeer(peer) },
    instructions: [writeMetadata(FROM_TUNNEL + key), goto(Table.LEARN)],
  });
  const groups: GroupSpec[] = [
    { groupId: fromHere, groupType: 'all', buckets: [...local, ...remote] },
    { groupId: fromTunnel, groupType: 'all', buckets: local },
  ];
  const flooding = [flood(0, fromHere), flood(FROM_TUNNEL, fromTunnel)];
  if (tunnel === undefined) return { flows: flooding, groups, meters: [] };
  const meterId = portMeter(FIRST_POD_METER, ofports[0]!);
  const { action, meters } = toController(meterId, LEARN_LIMIT, maxMeter);
  const accepting = peers.map((peer) => accept(peer, tunnel.ofport));
  const heard = hearing(own, { metadata: inPodFrom(FROM_TUNNEL + key) }, action);
  return { flows: [...flooding, ...accepting, heard], groups, meters };
}

/** What no peer's flow takes is dropped, and counted, by one of its own. */
function compileTunnel(intent: IntentOf<'tunnel'>): Part {
  const own = { ...ownOf(intent), priority: Priority.LOW };
  return flowsOnly({ ...own, tableId: Table.CLASSIFY, match: { inPort: intent.ofport } });
}

function compileEndpoint(intent: IntentOf<'endpoint'>): Part {
  const { ofport, key, addresses, maxMeter } = intent;
  const own = ownOf(intent);
  const classify: FlowSpec = {
    ...own,
    tableId: Table.CLASSIFY,
    priority: Priority.NORMAL,
    match: { inPort: ofport },
    instructions: [writeMetadata(key), goto(Table.GUARD)],
  };
  if (addresses !== undefined) return flowsOnly(classify, ...guardFlows(own, ofport, addresses));
  const meterId = portMeter(FIRST_PORT_METER, ofport);
  const { action, meters } = toController(meterId, LEARN_LIMIT, maxMeter);
  return { flows: [classify, hearing(own, { inPort: ofport }, action)], groups: [], meters };
}

/** Takes what comes of a port, whoever it is from. */
function unguarded(intent: IntentOf<'inline' | 'uplink'>): FlowSpec {
  const { ofport, key } = intent;
  return {
    ...ownOf(intent),
    tableId: Table.CLASSIFY,
    priority: Priority.NORMAL,
    match: { inPort: ofport },
    instructions: [writeMetadata(key), goto(Table.SERVE)],
  };
}

/** OpenFlow itself keeps what came by the uplink from going back there. */
function compileUplink(intent: IntentOf<'uplink'>): Part {
  const { ofport, key } = intent;
  const unknown: FlowSpec = {
    ...ownOf(intent),
    tableId: Table.FORWARD,
    priority: Priority.LOW,
    match: { metadata: inPod(key), ethDst: INDIVIDUAL },
    instructions: [apply(output(ofport))],
  };
  return flowsOnly(unguarded(intent), unknown);
}

function compileServer(intent: IntentOf<'server'>): Part {
  const { key, mac, ip } = intent;
  return flowsOnly(...serveFlows(ownOf(intent), key, undefined, { mac, ips: [ip] }));
}

function ownOf(intent: Intent): Pick<FlowSpec, 'cookie'> {
  return { cookie: cookie('intended', intentNumber(intent)) };
}

function compileBarred(intent: IntentOf<'barred'>): Part {
  const own = { ...ownOf(intent), priority: Priority.TOP };
  return flowsOnly({ ...own, tableId: Table.CLASSIFY, match: { inPort: intent.ofport } });
}

function compileLearnt(intent: IntentOf<'learnt'>): Part {
  const own = { cookie: cookie('learnt', intentNumber(intent)), priority: Priority.NORMAL };
  const ages = { idleTimeout: LEARNT_IDLE_TIMEOUT, flags: FlowModFlag.SEND_FLOW_REM };
  const passage = passageOf(intent);
  return passage === undefined
    ? flowsOnly()
    : flowsOnly({ ...known(own, passage), ...ages }, forward(own, passage));
}

/**
 * As one that was learnt, but above those and without end; and what others ask about it is answered. One that is here
 * is at no other host.
 */
function compileStation(intent: IntentOf<'station'>): Part {
  const own = { ...ownOf(intent), priority: Priority.ABOVE };
  const passage = passageOf(intent);
  if (passage === undefined) return flowsOnly();
  const { key, location } = intent;
  const ofport = location.type === 'port' ? location.ofport : undefined;
  return flowsOnly(
    known(own, passage),
    forward(own, passage),
    ...serveFlows(own, key, ofport, intent),
    ...(ofport === undefined || intent.tunnel === undefined ? [] : claimFlows(own, key, intent)),
  );
}

/** How frames from an address come, and how frames go to it. */
interface Passage {
  readonly mac: string;
  readonly from: MatchInit;
  /** The origins that frames to it may have. */
  readonly origin: MatchInit;
  readonly out: readonly ActionInit[];
}

/** Undefined when the tunnel to it is gone. What came by a tunnel does not go into one. */
function passageOf(address: {
  readonly key: number;
  readonly mac: string;
  readonly location: Location;
  readonly tunnel: TunnelPort | undefined;
}): Passage | undefined {
  const { key, mac, location, tunnel } = address;
  if (location.type === 'port') {
    const metadata = inPod(key);
    const from = { inPort: location.ofport, metadata };
    return { mac, from, origin: { metadata }, out: [output(location.ofport)] };
  }
  if (tunnel === undefined) return undefined;
  const { peer } = location;
  return {
    mac,
    from: { inPort: tunnel.ofport, metadata: inPodFrom(FROM_TUNNEL + key), ...fromPeer(peer) },
    origin: { metadata: inPodFrom(key) },
    out: intoTunnel(tunnel.ofport, key, peer),
  };
}

type Own = Pick<FlowSpec, 'cookie' | 'priority'>;

function known(own: Own, { mac, from }: Passage): FlowSpec {
  return { ...own, tableId: Table.LEARN, match: { ...from, ethSrc: mac }, instructions: [goto(Table.SERVE)] };
}

function forward(own: Own, { mac, origin, out }: Passage): FlowSpec {
  return { ...own, tableId: Table.FORWARD, match: { ...origin, ethDst: mac }, instructions: [apply(...out)] };
}

/** The group for frames that came from an endpoint here; the next number is the one for frames from tunnels. */
export function floodGroup(key: number): number {
  return FIRST_GROUP + key * 2;
}
