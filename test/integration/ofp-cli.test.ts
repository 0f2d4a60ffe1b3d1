import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { OpenFlowServer } from '../../src/ofp/index.ts';
import { pcap, tcpFrame } from '../cli/capture/captures.ts';
import { startGalago } from '../cli/galago.ts';
import { type Host, Lab, run } from '../lab/index.ts';
import { CommandError } from '../lab/run.ts';
import type { RunningProcess } from '../lab/running-process.ts';
import { fixtures } from '../ofp/fixtures.ts';
import { calledBy, reachServer } from './called-by-switch.ts';
import { describeWithLab } from './describe-with-lab.ts';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const FLOWS = [
  'table=1,priority=5,in_port=1,tcp,tp_dst=80,idle_timeout=60,actions=output:2',
  'priority=7,cookie=0x5,send_flow_rem,actions=drop',
  'ip,nw_dst=10.0.0.0/8,actions=dec_ttl,set_field:02:00:00:00:00:01->eth_dst,goto_table:1',
];

describeWithLab('galago ofp', () => {
  let lab: Lab;
  let host: Host;
  let method: string;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addSwitch();
    method = `unix:${host.ovs.mgmt(host.bridge)}`;
  });

  afterAll(() => lab?.close());

  function galago(args: readonly string[], input?: string): Promise<string> {
    const argv = ['--import', 'tsx', MAIN, 'ofp', ...args];
    return run(process.execPath, argv, { timeoutMs: 30_000, ...(input !== undefined && { input }) });
  }

  /** What a command that fails leaves behind. */
  async function refused(args: readonly string[], input?: string) {
    const error = await galago(args, input).catch((cause: unknown) => cause);
    if (!(error instanceof CommandError)) throw error;
    const { exitCode, stdout, stderr } = error;
    return { exitCode, stdout, stderr };
  }

  function start(...args: string[]): Promise<RunningProcess> {
    return startGalago(['ofp', ...args], (command, argv) => lab.start(command, argv));
  }

  /** What ovs-ofctl prints of the flows in a terminal. */
  const dumpFlows = (...match: string[]) => host.ovs.ofctl('--names', 'dump-flows', host.bridge, ...match);
  const withoutAge = (text: string) => text.replace(/duration=[\d.]+s/g, 'duration=');

  async function setFlows(...flows: readonly string[]): Promise<void> {
    await host.ovs.ofctl('del-flows', host.bridge);
    await host.ovs.addFlows(host.bridge, flows);
  }

  it('prints flows as ovs-ofctl does, all of them or those of a match', async () => {
    await setFlows(...FLOWS);
    expect(withoutAge(await galago(['dump-flows', method]))).toBe(withoutAge(await dumpFlows()));
    for (const match of ['tcp', 'table=0', 'cookie=0x5/-1', 'out_port=2', 'table=9']) {
      const ours = withoutAge(await galago(['dump-flows', method, match]));
      expect({ match, ours }).toEqual({ match, ours: withoutAge(await dumpFlows(match)) });
    }
  });

  it('finds a bridge by its name in the run directory of Open vSwitch', async () => {
    await setFlows(FLOWS[1]!);
    const argv = ['--import', 'tsx', MAIN, 'ofp', 'dump-flows', host.bridge, '--json'];
    const text = await run(process.execPath, argv, { env: { OVS_RUNDIR: host.ovs.dir }, timeoutMs: 30_000 });
    expect(JSON.parse(text)).toMatchObject({ priority: 7, cookie: '5', instructions: [] });
  });

  it('adds the flows of a file as ovs-ofctl does', async () => {
    await setFlows(...FLOWS);
    const theirs = withoutAge(await dumpFlows());
    await setFlows();
    const file = `${lab.dir}/flows.txt`;
    writeFileSync(file, `# three flows\n\n${FLOWS.join(' # one\n')}\n`);
    expect(await galago(['add-flows', method, file])).toBe('');
    expect(withoutAge(await dumpFlows())).toBe(theirs);
  });

  it('adds all flows or none, and says which one the switch refuses', async () => {
    await setFlows(FLOWS[1]!);
    const before = withoutAge(await dumpFlows());
    const { exitCode, stderr } = await refused(
      ['add-flows', method, '-'],
      'in_port=1,actions=drop\nin_port=2,actions=group:99\n',
    );
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(/^error: .*message 2 of the bundle.*: OFPBAC_BAD_OUT_GROUP\n$/),
    });
    expect(withoutAge(await dumpFlows())).toBe(before);
    expect(await refused(['add-flows', method, '-'], 'actions=drop\nin_prt=2,actions=drop\n')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringMatching(/^error: standard input:2:1: 'in_prt' .*did you mean 'in_port'\?\n$/),
    });
    expect(withoutAge(await dumpFlows())).toBe(before);
  });

  it('says what would be added or deleted, and changes nothing', async () => {
    await setFlows(...FLOWS);
    const before = withoutAge(await dumpFlows());
    expect(
      await galago(
        ['add-flows', method, '-', '--dry-run'],
        'table=1,priority=5,actions=2\ndelete_strict ip\n',
      ),
    ).toBe('ADD table:1 priority=5 actions=output:2\nDEL_STRICT table:255 ip actions=drop\n');
    expect(withoutAge(await galago(['del-flows', method, '--dry-run', 'ip']))).toBe(
      withoutAge(await galago(['dump-flows', method, 'ip'])).replace(/^ /gm, ''),
    );
    const [tcp] = FLOWS[0]!.split(',idle_timeout');
    expect(await galago(['del-flows', method, '--dry-run', '--strict', tcp!])).toMatch(
      /^cookie=.*tp_dst=80 .*\n$/,
    );
    expect(await galago(['del-flows', method, '--dry-run', '--strict', tcp!.replace('=5', '=6')])).toBe('');
    expect(withoutAge(await dumpFlows())).toBe(before);
  });

  it('deletes flows by match, strictly, and all', async () => {
    await setFlows('in_port=1,priority=1,actions=drop', 'in_port=1,priority=2,actions=drop', FLOWS[0]!);
    await galago(['del-flows', method, '--strict', 'in_port=1,priority=2']);
    expect((await dumpFlows()).trim().split('\n')).toHaveLength(2);
    await galago(['del-flows', method, 'table=0,in_port=1']);
    expect(await dumpFlows()).toContain('table=1');
    await galago(['del-flows', method]);
    expect(await dumpFlows()).toBe('');
  });

  it('sends what ovs-ofctl sends for a flow, and prints messages as it does', async () => {
    const printed = (await galago(['encode', '-'], FLOWS.join('\n'))).trim().split('\n');
    const recorded = fixtures.slice(0, 40);
    for (const hex of printed) {
      expect(await galago(['decode', hex])).toBe(await run('ovs-ofctl', ['ofp-print', hex]));
    }
    const all = await galago(['decode', '-'], recorded.map(({ hex }) => hex).join('\n'));
    expect(all).toBe(recorded.map(({ print }) => `${print}\n`).join(''));
  });

  it('prints what a switch says until Ctrl-C', async () => {
    await setFlows();
    const monitor = await start('monitor', method, '--initial');
    await host.ovs.addFlows(host.bridge, ['in_port=3,actions=output:4']);
    await monitor.waitForOutput(/event=ADDED table=0 cookie=0 in_port=3 actions=output:4/, 30_000);
    await host.ovs.ofctl('del-flows', host.bridge);
    await monitor.waitForOutput(/event=DELETED reason=delete table=0 cookie=0 in_port=3 actions=output:4/);
    const packet = `ffffffffffff020000000001${'0806'}${'00'.repeat(46)}`;
    await host.ovs.ofctl('packet-out', host.bridge, `in_port=5 packet=${packet} actions=CONTROLLER`);
    await monitor.waitForOutput(/OFPT_PACKET_IN \(OF1\.3\).* in_port=5 \(via action\) data_len=60/);
    const port = ['add-port', host.bridge, 'mon1', '--', 'set', 'interface', 'mon1', 'type=internal'];
    await host.ovs.vsctl(...port);
    await monitor.waitForOutput(/OFPT_PORT_STATUS \(OF1\.3\) .*ADD: \d+\(mon1\)/);
    await host.ovs.vsctl('del-port', host.bridge, 'mon1');
    await monitor.waitForOutput(/OFPT_PORT_STATUS \(OF1\.3\) .*DEL: \d+\(mon1\)/);
    monitor.kill('SIGINT');
    expect(await monitor.exited).toEqual({ code: 0, signal: null });
    expect(monitor.output).not.toContain('error');
  });

  it('ends quietly when nobody reads any more', async () => {
    const flows = Array.from({ length: 3000 }, (_, index) => `priority=${index + 1},in_port=1,actions=drop`);
    await setFlows(...flows);
    const galagoOf = (args: string) => `"${process.execPath}" --import tsx "${MAIN}" ofp ${args}`;
    const script = `{ ${galagoOf(`dump-flows ${method}`)}; echo "status $?" >&2; } | head -1`;
    const first = await run('sh', ['-c', `${script} 2>&1`], { timeoutMs: 30_000 });
    expect(first).toMatch(/^ cookie=0x0, .*\n$/);
    const endless = `{ ${galagoOf(`monitor ${method} --initial`)}; echo "status $?" > ${lab.dir}/status; } | head -1`;
    expect(await run('sh', ['-c', endless], { timeoutMs: 30_000 })).toBe(
      'ONFST_FLOW_MONITOR reply (OF1.3) (xid=0x0):\n',
    );
    expect(await run('cat', [`${lab.dir}/status`])).toBe('status 0\n');
    await setFlows();
  });

  it('prints captured messages as ovs-ofctl does', async () => {
    const [from, to] = [40_000, 6653];
    let sequence = 1000;
    let timeMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
    const packets = [{ timeMs, bytes: tcpFrame({ from, to, sequence: sequence++, syn: true }) }];
    const stream = Buffer.concat(fixtures.map(({ hex }) => Buffer.from(hex, 'hex')));
    for (let at = 0; at < stream.length; at += 1400) {
      const part = stream.subarray(at, at + 1400);
      packets.push({ timeMs: ++timeMs, bytes: tcpFrame({ from, to, sequence }, part) });
      sequence += part.length;
    }
    const file = `${lab.dir}/openflow.pcap`;
    writeFileSync(file, pcap(packets));
    const theirs = await run('ovs-ofctl', ['--more', '--timestamp', 'ofp-parse-pcap', file]);
    const ours = await galago(['snoop', file]);
    expect(ours.split('\n').length).toBeGreaterThan(1000);
    expect(ours === theirs).toBe(true);
  });

  it('prints what a switch and its controller say to each other', async () => {
    const server = new OpenFlowServer({ listen: 'ptcp:0' });
    await server.listen();
    await reachServer(host, server);
    const session = await calledBy(host, server);
    const snoop = await start('snoop', `unix:${host.ovs.dir}/${host.bridge}.snoop`);
    // Nothing tells when it is heard: it is asked until it is.
    const asked = setInterval(() => session.send({ type: 'barrierRequest' }), 50);
    try {
      await snoop.waitForOutput(/^\d\d:\d\d:\d\d\.\d{3} controller > switch:\nOFPT_BARRIER_REQUEST/m, 30_000);
      await snoop.waitForOutput(/^\d\d:\d\d:\d\d\.\d{3} switch > controller:\nOFPT_BARRIER_REPLY/m);
    } finally {
      clearInterval(asked);
    }
    snoop.kill('SIGTERM');
    expect(await snoop.exited).toEqual({ code: 0, signal: null });
    await server.close();
    await host.ovs.vsctl('del-controller', host.bridge);
    expect(await refused(['snoop', `unix:${host.ovs.dir}/${host.bridge}.snoop`])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('a bridge ends it at once when it has no controller'),
    });
  });
});
