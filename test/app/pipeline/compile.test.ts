import { describe, expect, it } from '@jest/globals';
import { compile, LEARNT_IDLE_TIMEOUT, OWNED } from '../../../src/app/pipeline/compile.ts';
import type { Intent, Location } from '../../../src/app/pipeline/intent.ts';
import type { Part } from '../../../src/app/pipeline/part.ts';
import { Table } from '../../../src/app/pipeline/tables.ts';
import { encode, FlowModFlag, type FlowSpec } from '../../../src/ofp/index.ts';
import { toBigInt } from '../../../src/util/u64.ts';

const MAC = '02:00:00:00:00:01';
const KEY = 0x10007;
const POD = { value: KEY, mask: 0xffff_ffff };
const FROM_HERE = { value: KEY, mask: 0x1_ffff_ffff };
const FROM_TUNNEL = { value: 0x1_0000_0000 + KEY, mask: 0x1_ffff_ffff };

const goto = (tableId: number) => ({ type: 'gotoTable', tableId });
const apply = (...actions: object[]) => ({ type: 'applyActions', actions });
const output = (port: number) => expect.objectContaining({ type: 'output', port });
const tag = (metadata: number) => ({ type: 'writeMetadata', metadata, metadataMask: 0x1_ffff_ffff });
const intoTunnel = (ofport: number, peer: string) => [
  { type: 'setField', field: 'tunnelId', value: KEY },
  { type: 'setField', field: 'tunIpv4Dst', value: peer },
  output(ofport),
];

/** Has the controller hear of a frame, and nobody else. */
const hearOnly = [
  { type: 'writeMetadata', metadata: 0x2_0000_0000, metadataMask: 0x2_0000_0000 },
  goto(Table.HEAR),
];

/** The flows without their cookies, which are the same in all of them. */
function flowsOf(part: Part, cookie: string): object[] {
  return part.flows.map(({ cookie: own, ...flow }) => {
    expect(toBigInt(own ?? 0).toString(16)).toBe(cookie);
    return flow;
  });
}

/** Sends copies to the controller through a meter, and the frame on. */
const hearing = (match: object, meterId: number) => ({
  tableId: Table.HEAR,
  priority: 100,
  match,
  instructions: [apply({ type: 'nxController2', meterId }), goto(Table.SERVE)],
});
const learnLimit = (meterId: number) => ({
  meterId,
  flags: 6,
  bands: [{ type: 'drop', rate: 100, burstSize: 1000 }],
});

const learntAt = (location: Location, tunnel = { ofport: 9 }): Intent => ({
  type: 'learnt',
  key: KEY,
  mac: MAC,
  location,
  tunnel,
});

describe('the base', () => {
  const part = compile({ type: 'base' });

  it('leads from table to table, and drops what is left at both ends', () => {
    const next = part.flows
      .filter(({ priority }) => priority === 0)
      .map(({ tableId, instructions = [] }) => [tableId, instructions.at(-1)]);
    expect(next).toEqual([
      [Table.CLASSIFY, undefined],
      [Table.GUARD, goto(Table.LEARN)],
      [Table.GUARD_ND, goto(Table.LEARN)],
      [Table.LEARN, goto(Table.HEAR)],
      [Table.HEAR, undefined],
      [Table.SERVE, goto(Table.POLICY)],
      [Table.POLICY, goto(Table.FORWARD)],
      [Table.FORWARD, goto(Table.FLOOD)],
      [Table.FLOOD, undefined],
    ]);
    expect(part.groups).toEqual([]);
  });

  it('drops frames that come from a group address, above all that is learnt', () => {
    expect(flowsOf(part, '6a1a010000000000')).toContainEqual({
      tableId: Table.LEARN,
      priority: 200,
      match: { ethSrc: { value: '01:00:00:00:00:00', mask: '01:00:00:00:00:00' } },
    });
  });

  it('hears who answers the probes of DHCP servers, and learns these nowhere', () => {
    const byTunnel = { value: 0x1_0000_0000, mask: 0x1_0000_0000 };
    const fromHere = { value: 0, mask: 0x1_0000_0000 };
    const servers = { value: '02:6a:1a:00:00:00', mask: 'ff:ff:ff:00:00:00' };
    const answer = (metadata: object) => ({
      ...{ metadata, vlanVid: 0, ethType: 0x0806, arpOp: 2, ethDst: servers },
      ethSrc: { value: '00:00:00:00:00:00', mask: '01:00:00:00:00:00' },
    });
    const learn = { tableId: Table.LEARN, priority: 400 };
    const onward = [goto(Table.SERVE)];
    const flows = flowsOf(part, '6a1a010000000000');
    const expected = [
      { ...learn, match: answer(byTunnel), instructions: hearOnly },
      { ...learn, match: answer(fromHere), instructions: [goto(Table.HEAR)] },
      { tableId: Table.HEAR, priority: 50, match: answer(fromHere), instructions: onward },
      { ...learn, priority: 200, match: { metadata: byTunnel, ethSrc: servers }, instructions: onward },
    ];
    for (const flow of expected) expect(flows).toContainEqual(flow);
  });

  it('gives nobody else what only the controller shall hear', () => {
    const match = { metadata: { value: 0x2_0000_0000, mask: 0x2_0000_0000 } };
    const all = flowsOf(part, '6a1a010000000000');
    const above = all.filter((flow) => 'priority' in flow && flow.priority === 0xffff);
    expect(above).toEqual([{ tableId: Table.SERVE, priority: 0xffff, match }]);
  });

  it('hears of it when its first flow is deleted, and of that alone', () => {
    const noticed = part.flows.filter(({ flags = 0 }) => flags & FlowModFlag.SEND_FLOW_REM);
    expect(noticed).toMatchObject([{ tableId: Table.CLASSIFY, priority: 0 }]);
  });
});

describe('a pod', () => {
  const peers = ['192.0.2.2', '192.0.2.3'];
  const part = compile({
    type: 'pod',
    key: KEY,
    ofports: [1, 2],
    tunnel: { ofport: 9 },
    peers,
    maxMeter: 262_144,
  });
  const fromHere = 0x6a00_0000 + KEY * 2;

  it('floods frames from here to its ports and to each host that has it', () => {
    expect(part.groups[0]).toEqual({
      groupId: fromHere,
      groupType: 'all',
      buckets: [
        { actions: [output(1)] },
        { actions: [output(2)] },
        { actions: intoTunnel(9, '192.0.2.2') },
        { actions: intoTunnel(9, '192.0.2.3') },
      ],
    });
  });

  it('floods frames from a tunnel to its ports and never into a tunnel', () => {
    expect(part.groups[1]).toEqual({
      groupId: fromHere + 1,
      groupType: 'all',
      buckets: [{ actions: [output(1)] }, { actions: [output(2)] }],
    });
  });

  it('accepts its key from the hosts that have it, and sends each origin to its group', () => {
    const accept = (tunIpv4Src: string) => ({
      tableId: Table.CLASSIFY,
      priority: 100,
      match: { inPort: 9, tunnelId: KEY, tunIpv4Src },
      instructions: [tag(FROM_TUNNEL.value), goto(Table.LEARN)],
    });
    const flood = (metadata: object, groupId: number) => ({
      tableId: Table.FLOOD,
      priority: 100,
      match: { metadata },
      instructions: [apply({ type: 'group', groupId })],
    });
    expect(flowsOf(part, '6a1a011000010007')).toEqual([
      flood(FROM_HERE, fromHere),
      flood(FROM_TUNNEL, fromHere + 1),
      accept('192.0.2.2'),
      accept('192.0.2.3'),
      hearing({ metadata: FROM_TUNNEL }, 0x20001),
    ]);
  });

  it('lets the controller see so many of its frames from tunnels, whatever other pods send', () => {
    expect(part.meters).toEqual([learnLimit(0x20001)]);
  });

  it('reaches hosts with IPv6 addresses by those', () => {
    const peer = '2001:db8::2';
    const { flows, groups } = compile({
      type: 'pod',
      key: KEY,
      ofports: [1],
      tunnel: { ofport: 9 },
      peers: [peer],
      maxMeter: 262_144,
    });
    const accepting = flows.filter(({ tableId }) => tableId === Table.CLASSIFY);
    expect(accepting.map(({ match }) => match)).toEqual([{ inPort: 9, tunnelId: KEY, tunIpv6Src: peer }]);
    expect(groups[0]?.buckets[1]?.actions?.[1]).toEqual({
      type: 'setField',
      field: 'tunIpv6Dst',
      value: peer,
    });
  });

  it('stays here while there is no tunnel', () => {
    const { flows, groups } = compile({
      type: 'pod',
      key: KEY,
      ofports: [1],
      tunnel: undefined,
      peers,
      maxMeter: 262_144,
    });
    expect(flows.map(({ tableId }) => tableId)).toEqual([Table.FLOOD, Table.FLOOD]);
    expect(groups.map(({ buckets }) => buckets)).toEqual([
      [{ actions: [output(1)] }],
      [{ actions: [output(1)] }],
    ]);
  });

  it('has groups that are ours up to the greatest key', () => {
    const greatest = compile({
      type: 'pod',
      key: 2 ** 24 - 1,
      ofports: [],
      tunnel: undefined,
      peers: [],
      maxMeter: 262_144,
    });
    const least = compile({
      type: 'pod',
      key: 1,
      ofports: [],
      tunnel: undefined,
      peers: [],
      maxMeter: 262_144,
    });
    const ids = [...greatest.groups, ...least.groups].map(({ groupId }) => groupId);
    expect(ids.every(OWNED.ownsGroup)).toBe(true);
    expect(new Set(ids).size).toBe(4);
    expect(OWNED.ownsGroup(Math.max(...ids) + 1)).toBe(false);
    expect(OWNED.ownsGroup(1)).toBe(false);
  });
});

describe('an endpoint', () => {
  const part = compile({ type: 'endpoint', ofport: 3, key: KEY, maxMeter: 262_144 });

  it('puts the frames of its port into its pod, and has copies of those with unknown sources sent', () => {
    expect(flowsOf(part, '6a1a012000000003')).toEqual([
      {
        tableId: Table.CLASSIFY,
        priority: 100,
        match: { inPort: 3 },
        instructions: [tag(KEY), goto(Table.GUARD)],
      },
      hearing({ inPort: 3 }, 0x10003),
    ]);
  });

  it('lets the controller see so many of these copies, whatever other ports send', () => {
    expect(part.meters).toEqual([learnLimit(0x10003)]);
  });

  it.each([0, 0x10002])('does without its meter where none is greater than %i', (maxMeter) => {
    const { flows, meters } = compile({ type: 'endpoint', ofport: 3, key: KEY, maxMeter });
    expect(meters).toEqual([]);
    expect(flows[1]?.instructions?.[0]).toEqual(apply({ type: 'nxController2' }));
  });

  it('has meters that are ours up to the greatest port', () => {
    const meterIds = [1, 0xfeff, 0xffff_fffe].flatMap((ofport) =>
      [
        ...compile({ type: 'endpoint', ofport, key: KEY, maxMeter: 262_144 }).meters,
        ...compile({
          type: 'pod',
          key: KEY,
          ofports: [ofport],
          tunnel: { ofport: 9 },
          peers: [],
          maxMeter: 262_144,
        }).meters,
      ].map(({ meterId }) => meterId),
    );
    expect(new Set(meterIds).size).toBe(6);
    expect(meterIds.every(OWNED.ownsMeter)).toBe(true);
    expect(Math.max(...meterIds)).toBeLessThan(200_000);
    expect(OWNED.ownsMeter(1)).toBe(false);
  });
});

describe('an endpoint whose addresses are known', () => {
  const guard = (ips: readonly string[]) =>
    compile({
      type: 'endpoint',
      ofport: 3,
      key: KEY,
      addresses: { mac: MAC, ips },
      maxMeter: 262_144,
    }).flows.slice(1);
  const passes = (flows: readonly FlowSpec[]) =>
    flows.filter(({ instructions }) => instructions !== undefined).map(({ match }) => match);

  it('has what it may send listed, and all else of its port dropped', () => {
    const flows = guard(['10.0.0.1', 'fd00::1']);
    expect(flows.filter(({ match }) => match?.inPort !== 3)).toEqual([]);
    expect(flows).toContainEqual(
      expect.objectContaining({ tableId: Table.GUARD, priority: 100, match: { inPort: 3 } }),
    );
    const own = { inPort: 3, ethSrc: MAC };
    const expected = [
      { ...own, ethType: 0x0806, arpSha: MAC, arpSpa: '0.0.0.0', arpTpa: '10.0.0.1' },
      { ...own, ethType: 0x0806, arpSha: MAC, arpSpa: '10.0.0.1' },
      { ...own, ethType: 0x0800, ipv4Src: '10.0.0.1' },
      { ...own, ethType: 0x86dd, ipv6Src: 'fd00::1' },
      { ...own, ethType: 0x86dd, ipv6Src: 'fe80::ff:fe00:1' },
    ];
    for (const match of expected) expect(passes(flows)).toContainEqual(match);
    expect(
      passes(flows).filter(
        (match) => match && !('ethSrc' in match) && !('ipv6NdSll' in match) && !('ipv6NdTll' in match),
      ),
    ).toEqual([]);
  });

  it('may advertise, and ask for duplicates of, its own addresses alone', () => {
    const targets = passes(guard(['fd00::1'])).flatMap((match) => match?.ipv6NdTarget ?? []);
    expect(new Set(targets)).toEqual(new Set(['fd00::1', 'fe80::ff:fe00:1']));
  });

  it('is neither a router nor a DHCP server, unless any IP address is its', () => {
    const forbidden = [
      { inPort: 3, ethType: 0x0800, ipProto: 17, udpDst: 68 },
      { inPort: 3, ethType: 0x86dd, ipProto: 17, udpDst: 546 },
      { inPort: 3, ethType: 0x86dd, ipProto: 58, icmpv6Type: 134 },
      { inPort: 3, ethType: 0x86dd, ipProto: 58, icmpv6Type: 137 },
    ];
    const dropped = (flows: readonly FlowSpec[]) =>
      flows.filter(({ instructions }) => instructions === undefined).map(({ match }) => match);
    expect(dropped(guard(['10.0.0.1']))).toEqual(expect.arrayContaining(forbidden));
    for (const match of forbidden) expect(dropped(guard([]))).not.toContainEqual(match);
  });

  it('of which only the MAC is known may send from any IP address, with that MAC', () => {
    const flows = guard([]);
    const matches = JSON.stringify(flows);
    expect(matches).not.toContain('ipv4Src');
    expect(passes(flows)).toContainEqual({ inPort: 3, ethSrc: MAC });
    expect(passes(flows)).toContainEqual({ inPort: 3, ethSrc: MAC, ethType: 0x0806, arpSha: MAC });
    expect(flows).toContainEqual(
      expect.objectContaining({ priority: 300, match: { inPort: 3, ethType: 0x0806 } }),
    );
  });
});

describe('a station', () => {
  const station = (location: Location, tunnel: { ofport: number } | undefined = { ofport: 9 }): Intent => ({
    type: 'station',
    key: KEY,
    mac: MAC,
    ips: ['10.0.0.1', 'fd00::1'],
    location,
    tunnel,
  });
  const tables = (intent: Intent) => compile(intent).flows.map(({ tableId }) => tableId);

  it('is known and reached above what is learnt, and does not age', () => {
    const flows = flowsOf(compile(station({ type: 'port', ofport: 3 })), '6a1a015000010007');
    expect(flows.slice(0, 2)).toEqual([
      {
        tableId: Table.LEARN,
        priority: 200,
        match: { inPort: 3, metadata: POD, ethSrc: MAC },
        instructions: [goto(Table.SERVE)],
      },
      {
        tableId: Table.FORWARD,
        priority: 200,
        match: { metadata: POD, ethDst: MAC },
        instructions: [apply(output(3))],
      },
    ]);
  });

  it('is answered for, but for what it asks itself', () => {
    const { SERVE, ND_REPLY } = Table;
    expect(tables(station({ type: 'port', ofport: 3 })).slice(2, 7)).toEqual([
      SERVE,
      SERVE,
      SERVE,
      ND_REPLY,
      SERVE,
    ]);
    expect(tables(station({ type: 'tunnel', peer: '192.0.2.2' })).slice(2)).toEqual([SERVE, SERVE, ND_REPLY]);
    const [, , reply, own] = compile(station({ type: 'port', ofport: 3 })).flows;
    expect(reply?.match).toMatchObject({ metadata: FROM_HERE, arpOp: 1, arpTpa: '10.0.0.1', vlanVid: 0 });
    expect(own).toMatchObject({
      match: { inPort: 3, arpTpa: '10.0.0.1' },
      instructions: [goto(Table.POLICY)],
    });
  });

  it('here has its addresses taken from no tunnel, and what everybody hears of them looked at', () => {
    const { LEARN } = Table;
    const claim = (match: object) => {
      return {
        tableId: LEARN,
        priority: 400,
        match: { metadata: FROM_TUNNEL, ...match },
        instructions: hearOnly,
      };
    };
    const icmpv6 = { vlanVid: 0, ethType: 0x86dd, ipProto: 58, icmpv6Code: 0 };
    expect(flowsOf(compile(station({ type: 'port', ofport: 3 })), '6a1a015000010007').slice(7)).toEqual([
      { tableId: LEARN, priority: 300, match: { metadata: FROM_TUNNEL, ethSrc: MAC } },
      claim({ ethSrc: MAC, ethDst: { value: '01:00:00:00:00:00', mask: '01:00:00:00:00:00' } }),
      claim({ vlanVid: 0, ethType: 0x0806, arpSpa: '10.0.0.1' }),
      claim({ ...icmpv6, icmpv6Type: 136, ipv6NdTarget: 'fd00::1' }),
      claim({ ...icmpv6, icmpv6Type: 135, ipv6Src: 'fd00::1' }),
    ]);
    const here = station({ type: 'port', ofport: 3 }) as Extract<Intent, { type: 'station' }>;
    expect(compile({ ...here, tunnel: undefined }).flows).toHaveLength(7);
  });

  it('behind a tunnel that is gone has no flows', () => {
    const { tunnel: _, ...rest } = station({ type: 'tunnel', peer: '192.0.2.2' }) as Extract<
      Intent,
      { type: 'station' }
    >;
    expect(compile({ ...rest, tunnel: undefined }).flows).toEqual([]);
  });
});

describe('the tunnel port', () => {
  it('has its frames dropped, and counted, that are of no peer', () => {
    expect(flowsOf(compile({ type: 'tunnel', ofport: 9 }), '6a1a016000000009')).toEqual([
      { tableId: Table.CLASSIFY, priority: 50, match: { inPort: 9 } },
    ]);
  });
});

describe('a barred interface', () => {
  it('has its frames dropped above everything else', () => {
    expect(flowsOf(compile({ type: 'barred', ofport: 3 }), '6a1a014000000003')).toEqual([
      { tableId: Table.CLASSIFY, priority: 0xffff, match: { inPort: 3 } },
    ]);
  });
});

describe('a learnt address', () => {
  const known = {
    tableId: Table.LEARN,
    priority: 100,
    idleTimeout: LEARNT_IDLE_TIMEOUT,
    flags: FlowModFlag.SEND_FLOW_REM,
    instructions: [goto(Table.SERVE)],
  };
  const forward = { tableId: Table.FORWARD, priority: 100 };

  it('behind a port is known there and reached from everywhere in the pod', () => {
    const part = compile(learntAt({ type: 'port', ofport: 3 }));
    expect(flowsOf(part, '6a1a023000010007')).toEqual([
      { ...known, match: { inPort: 3, metadata: POD, ethSrc: MAC } },
      { ...forward, match: { metadata: POD, ethDst: MAC }, instructions: [apply(output(3))] },
    ]);
  });

  it('behind a tunnel is known by its host and reached only from here', () => {
    const part = compile(learntAt({ type: 'tunnel', peer: '192.0.2.2' }));
    expect(flowsOf(part, '6a1a023000010007')).toEqual([
      { ...known, match: { inPort: 9, metadata: FROM_TUNNEL, ethSrc: MAC, tunIpv4Src: '192.0.2.2' } },
      {
        ...forward,
        match: { metadata: FROM_HERE, ethDst: MAC },
        instructions: [apply(...intoTunnel(9, '192.0.2.2'))],
      },
    ]);
  });

  it('behind a tunnel that is gone has no flows', () => {
    const gone: Intent = { ...learntAt({ type: 'tunnel', peer: '192.0.2.2' }), tunnel: undefined } as Intent;
    expect(compile(gone)).toEqual({ flows: [], groups: [], meters: [] });
  });
});

it('compiles to what can be written', () => {
  const intents: Intent[] = [
    { type: 'base' },
    { type: 'pod', key: KEY, ofports: [1], tunnel: { ofport: 9 }, peers: ['192.0.2.2'], maxMeter: 262_144 },
    { type: 'endpoint', ofport: 1, key: KEY, maxMeter: 262_144 },
    {
      type: 'endpoint',
      ofport: 1,
      key: KEY,
      addresses: { mac: MAC, ips: ['10.0.0.1', 'fd00::1'] },
      maxMeter: 262_144,
    },
    { type: 'endpoint', ofport: 1, key: KEY, addresses: { mac: MAC, ips: [] }, maxMeter: 262_144 },
    {
      type: 'station',
      key: KEY,
      mac: MAC,
      ips: ['10.0.0.1', 'fd00::1'],
      location: { type: 'port', ofport: 1 },
      tunnel: undefined,
    },
    learntAt({ type: 'port', ofport: 1 }),
    learntAt({ type: 'tunnel', peer: '192.0.2.2' }),
  ];
  const flows: FlowSpec[] = intents.flatMap((intent) => compile(intent).flows);
  for (const flow of flows) expect(() => encode({ type: 'flowMod', command: 'add', ...flow })).not.toThrow();
});
