import {
  type ActionInit,
  FlowModFlag,
  type FlowSpec,
  type GroupSpec,
  type InstructionInit,
  MeterFlag,
  type MeterSpec,
  output,
  setField,
} from '../../ofp/index.ts';
import { cookie, OURS, OURS_MASK } from './cookie.ts';
import { type Intent, intentNumber } from './intent.ts';
import {
  FROM_TUNNEL,
  LEARN_METER,
  LEARN_RATE,
  POD_AND_ORIGIN_MASK,
  POD_MASK,
  Priority,
  Table,
} from './tables.ts';

/** What an intent comes to on a switch. */
export interface Part {
  readonly flows: readonly FlowSpec[];
  readonly groups: readonly GroupSpec[];
  readonly meters: readonly MeterSpec[];
}

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
  ownsMeter: (meterId: number) => meterId === LEARN_METER,
};

type IntentOf<Type extends Intent['type']> = Extract<Intent, { type: Type }>;

/** What an intent comes to: a pure function of the intent. */
export function compile(intent: Intent): Part {
  switch (intent.type) {
    case 'base':
      return compileBase(intent);
    case 'pod':
      return compilePod(intent);
    case 'endpoint':
      return compileEndpoint(intent);
    case 'barred':
      return compileBarred(intent);
    case 'learnt':
      return compileLearnt(intent);
  }
}

function compileBase(intent: IntentOf<'base'>): Part {
  const own = { cookie: cookie('intended', intentNumber(intent)), priority: Priority.MISS };
  const onward = (tableId: number, next: number): FlowSpec => ({
    ...own,
    tableId,
    instructions: [goto(next)],
  });
  const meterId = intent.hasMeters ? { meterId: LEARN_METER } : {};
  const toController: ActionInit = { type: 'nxController2', ...meterId };
  return {
    flows: [
      // Nobody has a reason to delete it, so that the notice of its removal tells when somebody empties the tables.
      { ...own, tableId: Table.CLASSIFY, flags: FlowModFlag.SEND_FLOW_REM },
      onward(Table.GUARD, Table.LEARN),
      { ...own, tableId: Table.LEARN, instructions: [apply(toController), goto(Table.SERVE)] },
      // No station has a group address for its own: a frame from one is forged.
      { ...own, tableId: Table.LEARN, priority: Priority.ABOVE, match: { ethSrc: GROUP_BIT } },
      onward(Table.SERVE, Table.POLICY),
      onward(Table.POLICY, Table.FORWARD),
      onward(Table.FORWARD, Table.FLOOD),
      { ...own, tableId: Table.FLOOD },
    ],
    groups: [],
    meters: intent.hasMeters ? [LEARN_LIMIT] : [],
  };
}

function compilePod(intent: IntentOf<'pod'>): Part {
  const { key, ofports, tunnel, peers } = intent;
  const own = { cookie: cookie('intended', intentNumber(intent)), priority: Priority.NORMAL };
  const local = ofports.map((ofport) => ({ actions: [output(ofport)] }));
  const remote =
    tunnel === undefined ? [] : peers.map((peer) => ({ actions: intoTunnel(tunnel.ofport, key, peer) }));
  const fromHere = floodGroup(key);
  const fromTunnel = fromHere + 1;
  const flood = (origin: number, groupId: number): FlowSpec => ({
    ...own,
    tableId: Table.FLOOD,
    match: { metadata: { value: origin + key, mask: POD_AND_ORIGIN_MASK } },
    instructions: [apply({ type: 'group', groupId })],
  });
  const accept = (peer: string, ofport: number): FlowSpec => ({
    ...own,
    tableId: Table.CLASSIFY,
    match: { inPort: ofport, tunnelId: key, tunIpv4Src: peer },
    instructions: [writeMetadata(FROM_TUNNEL + key), goto(Table.LEARN)],
  });
  return {
    flows: [
      flood(0, fromHere),
      flood(FROM_TUNNEL, fromTunnel),
      ...(tunnel === undefined ? [] : peers.map((peer) => accept(peer, tunnel.ofport))),
    ],
    groups: [
      { groupId: fromHere, groupType: 'all', buckets: [...local, ...remote] },
      { groupId: fromTunnel, groupType: 'all', buckets: local },
    ],
    meters: [],
  };
}

function compileEndpoint(intent: IntentOf<'endpoint'>): Part {
  const flow: FlowSpec = {
    cookie: cookie('intended', intentNumber(intent)),
    tableId: Table.CLASSIFY,
    priority: Priority.NORMAL,
    match: { inPort: intent.ofport },
    instructions: [writeMetadata(intent.key), goto(Table.GUARD)],
  };
  return { flows: [flow], groups: [], meters: [] };
}

function compileBarred(intent: IntentOf<'barred'>): Part {
  const own = { cookie: cookie('intended', intentNumber(intent)), priority: Priority.TOP };
  return flowsOnly({ ...own, tableId: Table.CLASSIFY, match: { inPort: intent.ofport } });
}

function compileLearnt(intent: IntentOf<'learnt'>): Part {
  const { key, mac, location, tunnel } = intent;
  const own = { cookie: cookie('learnt', intentNumber(intent)), priority: Priority.NORMAL };
  const known = {
    ...own,
    tableId: Table.LEARN,
    idleTimeout: LEARNT_IDLE_TIMEOUT,
    flags: FlowModFlag.SEND_FLOW_REM,
    instructions: [goto(Table.SERVE)],
  };
  if (location.type === 'port') {
    const { ofport } = location;
    const pod = { metadata: { value: key, mask: POD_MASK } };
    return flowsOnly(
      { ...known, match: { inPort: ofport, ...pod, ethSrc: mac } },
      {
        ...own,
        tableId: Table.FORWARD,
        match: { ...pod, ethDst: mac },
        instructions: [apply(output(ofport))],
      },
    );
  }
  if (tunnel === undefined) return flowsOnly();
  const fromTunnel = { metadata: { value: FROM_TUNNEL + key, mask: POD_AND_ORIGIN_MASK } };
  const fromHere = { metadata: { value: key, mask: POD_AND_ORIGIN_MASK } };
  return flowsOnly(
    { ...known, match: { inPort: tunnel.ofport, ...fromTunnel, ethSrc: mac, tunIpv4Src: location.peer } },
    {
      ...own,
      tableId: Table.FORWARD,
      match: { ...fromHere, ethDst: mac },
      instructions: [apply(...intoTunnel(tunnel.ofport, key, location.peer))],
    },
  );
}

/** The group for frames that came from an endpoint here; the next number is the one for frames from tunnels. */
function floodGroup(key: number): number {
  return FIRST_GROUP + key * 2;
}

function intoTunnel(ofport: number, key: number, peer: string): ActionInit[] {
  return [setField('tunnelId', key), setField('tunIpv4Dst', peer), output(ofport)];
}

function goto(tableId: number): InstructionInit {
  return { type: 'gotoTable', tableId };
}

function apply(...actions: ActionInit[]): InstructionInit {
  return { type: 'applyActions', actions };
}

function writeMetadata(metadata: number): InstructionInit {
  return { type: 'writeMetadata', metadata, metadataMask: POD_AND_ORIGIN_MASK };
}

function flowsOnly(...flows: FlowSpec[]): Part {
  return { flows, groups: [], meters: [] };
}

const GROUP_BIT = { value: '01:00:00:00:00:00', mask: '01:00:00:00:00:00' };

const LEARN_LIMIT: MeterSpec = {
  meterId: LEARN_METER,
  flags: MeterFlag.PKTPS | MeterFlag.BURST,
  bands: [{ type: 'drop', rate: LEARN_RATE, burstSize: LEARN_RATE }],
};
