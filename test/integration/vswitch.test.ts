import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson, hostState, startAgent } from './host-cli.ts';

/** What `galago status --json` prints, as far as it is looked at. */
interface Status {
  readonly vswitches: readonly object[];
  readonly problems: readonly string[];
}

describeWithLab('galago vswitch', () => {
  let lab: Lab;
  let host: Host;
  /** Behind the device of a virtual switch, as another machine in that network. */
  let outside: Container;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addHost({ name: 'h1', bridge: false });
    outside = await host.addContainer({
      ...{ name: 'far', bridge: false, ipv6: true },
      address: ['10.0.0.99/24', 'fd00:5::99/64'],
    });
  });

  afterAll(() => lab?.close());

  const refuse = async (code: string, ...args: readonly string[]) => {
    const before = await hostState(host);
    const { exitCode, stdout, stderr } = await galago(host, 'vswitch', ...args);
    expect({ exitCode, stdout, stderr }).toEqual({
      ...{ exitCode: 1, stdout: '' },
      stderr: expect.stringMatching(`^error: .*${code}.*\n$`),
    });
    expect(await hostState(host)).toEqual(before);
  };

  const isReached = (ip: string) =>
    eventually(async () => (await outside.ping(ip)).received > 0, { what: `${ip} from outside` });

  it('makes a network with the host and a device in it, without an agent, and leaves nothing of it', async () => {
    const before = await hostState(host);
    const create = ['create', '10.0.0.254/24', 'far', '--usermode', '--ipv6-prefix', 'fd00:5::'];
    const plan = await galago(host, 'vswitch', ...create, '--dry-run');
    expect(plan.stdout).toMatch(/^ovsdb: add bridge ovs0: datapath_type=netdev fail_mode=secure/);
    expect(plan.stdout).toContain('ovsdb: add port far to ovs0: ofport_request=65261\n');
    expect(await hostState(host)).toEqual(before);

    const made = await galagoJson<object>(host, 'vswitch', ...create);
    const row = {
      ...{ name: 'ovs0', address: '10.0.0.254/24', ipv6: 'fd00:5::/64', device: 'far', datapath: 'netdev' },
      slots: 0,
    };
    const unchanged = { ...row, agent: null, changes: [] };
    expect(made).toEqual({ ...unchanged, changes: plan.stdout.trim().split('\n') });
    expect(await host.ofport('far')).toBe(65_261);
    await isReached('10.0.0.254');
    await isReached('fd00:5::a00:fe');
    const [link] = JSON.parse(await host.exec('ip', ['-json', 'link', 'show', 'dev', 'ovs0']));
    expect(link).toMatchObject({ address: '52:00:0a:00:00:fe' });
    const server = await host.listen({ host: '10.0.0.254', port: 0 });
    const { port } = server.address() as { port: number };
    const socket = await outside.connect({ host: '10.0.0.254', port }, { timeoutMs: 60_000 });
    socket.end();
    server.close();

    const state = await hostState(host);
    expect(await galagoJson(host, 'vswitch', ...create)).toEqual(unchanged);
    expect(await galagoJson(host, 'vswitch', 'create', '10.0.0.254/24')).toEqual(unchanged);
    expect(await hostState(host)).toEqual(state);
    expect(await galagoJson(host, 'vswitch', 'list')).toEqual([row]);
    expect((await galago(host, 'vswitch', 'list')).stdout).toMatch(
      /^VSWITCH +ADDRESS .*\novs0 +10\.0\.0\.254\/24 +fd00:5::\/64 +far +netdev +0\n$/,
    );

    expect((await galago(host, 'status')).stdout).toBe(
      [
        'bridge:    none',
        'vswitch:   ovs0: 10.0.0.254/24 fd00:5::/64, connected by far, datapath netdev, 0 slots in use',
        'problems:  none\n',
      ].join('\n'),
    );
    const status = await galagoJson<Status>(host, 'status');
    expect(status).toMatchObject({ bridge: null, agent: false, flows: 0, problems: [] });
    expect(status.vswitches).toEqual([{ ...row, flows: expect.any(Number) }]);

    // What a reboot leaves.
    await host.exec('ip', ['address', 'flush', 'dev', 'ovs0']);
    await host.exec('ip', ['link', 'set', 'dev', 'far', 'down']);
    await host.ovs.ofctl('del-flows', 'ovs0');
    const mend = 'galago vswitch create 10.0.0.254/24 --name ovs0';
    const { vswitches, problems } = await galagoJson<Status>(host, 'status');
    expect(vswitches).toEqual([{ ...row, flows: 0 }]);
    expect(problems).toEqual([
      `ovs0 has no flows: ${mend}`,
      `ovs0 is without its address 10.0.0.254/24: ${mend}`,
      `ovs0 is without its address fd00:5::a00:fe/64: ${mend}`,
      `far is down, which is of ovs0: ${mend}`,
    ]);
    expect(await galagoJson(host, 'vswitch', 'create', '10.0.0.254/24')).toMatchObject({
      changes: expect.arrayContaining(['ip address add 10.0.0.254/24 dev ovs0']),
    });
    await isReached('10.0.0.254');
    expect(await galagoJson(host, 'status')).toMatchObject({ problems: [] });

    expect((await galago(host, 'vswitch', 'remove')).stdout).toBe('ovs0: removed\n');
    expect(await hostState(host)).toEqual(before);
  });

  it('refuses in one line what cannot be, and changes nothing', async () => {
    await galagoJson(host, 'vswitch', 'create', '10.0.0.254/24', '--usermode');
    await host.addBridge('br0');
    const busy = await host.addContainer({ name: 'busy', bridge: 'br0' });
    await refuse('HOST_VSWITCH_CONFLICT', 'create', '10.0.0.1/24');
    await refuse('HOST_VSWITCH_CONFLICT', 'create', '10.0.0.254/16');
    await refuse('HOST_VSWITCH_CONFLICT', 'create', '10.0.0.254/24', '--ipv6-prefix', 'fd00:5::');
    await refuse('HOST_BRIDGE_FOREIGN', 'create', '10.9.0.1/24', '--name', 'br0');
    await refuse('HOST_BRIDGE_FOREIGN', 'create', '10.9.0.1/24', '--name', 'far');
    await refuse('HOST_ADDRESS_TAKEN', 'create', '10.0.0.1/28', '--name', 'ovs1');
    await refuse('HOST_ADDRESS_TAKEN', 'create', '10.1.0.1/8', '--name', 'ovs1');
    await refuse('HOST_ADDRESS_INVALID', 'create', '10.9.0.1/32', '--name', 'ovs1');
    await refuse('HOST_ADDRESS_INVALID', 'create', '10.9.0.0/24', '--name', 'ovs1');
    const connect = await galago(host, 'connect', `netns:${outside.netns}`, '10.9.0.2', '--bridge', 'ovs0');
    expect(connect).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('is a virtual switch, not a bridge for pods'),
    });
    await refuse('HOST_DEVICE_UNKNOWN', 'create', '10.9.0.1/24', 'none', '--name', 'ovs1');
    await refuse('HOST_DEVICE_IN_USE', 'create', '10.9.0.1/24', busy.port, '--name', 'ovs1');
    await host.exec('ip', ['address', 'add', '10.8.0.1/24', 'dev', 'far']);
    await refuse('HOST_DEVICE_IN_USE', 'create', '10.9.0.1/24', 'far', '--name', 'ovs1');
    await host.exec('ip', ['address', 'flush', 'dev', 'far']);
    await refuse('HOST_VSWITCH_UNKNOWN', 'remove', 'br0');
    await refuse('expected a name', 'create', '10.9.0.1/24', '--name', 'much-too-long');
    await host.ovs.vsctl('add-port', 'ovs0', 'mine', '--', 'set', 'Interface', 'mine', 'type=internal');
    await refuse('HOST_BRIDGE_IN_USE', 'remove');
    await host.ovs.vsctl('del-port', 'mine');
    await galago(host, 'vswitch', 'remove');
  });

  it('has an agent look after it while one runs, also when it is made after that', async () => {
    await galagoJson(host, 'vswitch', 'create', '10.7.0.1/16', '--usermode', '--name', 'first');
    const create = ['vswitch', 'create', '10.0.0.254/24', 'far', '--usermode'];
    const agent = await startAgent(host);
    expect((await galago(host, ...create)).stdout).toBe('ovs0: 10.0.0.254/24, connected by far\n');
    await isReached('10.0.0.254');
    for (const bridge of ['first', 'ovs0']) {
      // What somebody else deletes comes back, and nobody but an agent could see to that.
      await host.ovs.ofctl('del-flows', bridge);
      await eventually(async () => (await host.ovs.ofctl('dump-flows', bridge)).includes('cookie=0x6a1a'), {
        what: `flows of ${bridge}`,
      });
    }
    await isReached('10.0.0.254');
    expect(agent.output).not.toMatch(/ERROR|could not be changed/);
    await agent.stop();
    await isReached('10.0.0.254');
    expect((await galago(host, ...create)).stdout).toBe(
      'ovs0: 10.0.0.254/24, connected by far, as before\n' +
        'next: keep galago agent running: until then nobody puts back what a reboot takes\n',
    );
    expect((await galago(host, ...create, '--no-agent')).stdout).not.toContain('next');
    expect((await galago(host, ...create, '--dry-run')).stdout).toBe('nothing to do\n');
    for (const name of ['first', 'ovs0']) await galago(host, 'vswitch', 'remove', name);
    expect(await galagoJson(host, 'vswitch', 'list')).toEqual([]);
  });
});
