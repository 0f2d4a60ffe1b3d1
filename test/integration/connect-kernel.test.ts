import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Container, eventually, type Host, Lab } from '../lab/index.ts';
import { heardByHost, sendToOuterEnd } from '../lab/kernel.ts';
import { describeWithLab } from './describe-with-lab.ts';
import { galago, galagoJson } from './host-cli.ts';

describeWithLab('the kernel of a host, beside the userspace datapath', () => {
  let lab: Lab;
  let host: Host;
  let container: Container;
  let port: string;

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.addHost({ name: 'h1', address: '192.0.2.1/24', bridge: false });
    container = await host.addContainer({ name: 'plugged', bridge: false });
    await galagoJson(host, 'init', '--usermode', '--local-ip', host.ip);
    const target = `netns:${container.netns}`;
    ({ port } = await galagoJson<{ port: string }>(host, 'connect', target, '10.7.0.1/16', '7'));
    await container.exec('ip', ['route', 'add', `${host.ip}/32`, 'dev', 'eth1']);
  });

  afterAll(async () => {
    await lab?.close();
  });

  const setPort = (...settings: readonly string[]) =>
    host.exec('ip', ['link', 'set', 'dev', port, ...settings]);
  const hears = (...words: readonly string[]) => heardByHost(host, container, words);

  it('has no address where containers are plugged in', async () => {
    const [link] = JSON.parse(await host.exec('ip', ['-json', 'address', 'show', 'dev', port]));
    expect(link).toMatchObject({ group: '27162', addr_info: [] });
  });

  it('answers no ARP from there', async () => {
    const neighbour = () => container.exec('ip', ['neigh', 'get', host.ip, 'dev', 'eth1']);
    await hears('who are you?');
    await eventually(async () => (await neighbour()).includes('FAILED'), { what: 'nobody to answer' });
    await setPort('arp', 'on');
    const isAnswered = async () => {
      await hears('and now?');
      return (await neighbour()).includes('lladdr');
    };
    await eventually(isAnswered, { what: 'the kernel to answer when it may' });
    await setPort('arp', 'off');
  });

  it('takes nothing that is sent to it by its hardware address', async () => {
    await sendToOuterEnd(host, container, { ifname: 'eth1', port });
    expect(await hears('one', 'two')).toEqual([]);
    await setPort('group', 'default');
    expect(await hears('three', 'four')).toEqual(['three', 'four']);
  });

  it('is kept from what is sent to virtual switches as well, for as long as there is one', async () => {
    const chains = async () =>
      [...(await host.exec('nft', ['list', 'ruleset'])).matchAll(/^\tchain (\w+)/gm)].map(([, name]) => name);
    const vswitch = (...args: readonly string[]) =>
      galagoJson<{ changes: readonly string[] }>(host, 'vswitch', ...args);
    const create = ['create', '10.0.0.254/24', '--usermode'];
    const drop = 'nftables inet galago: drop what the kernel hears at ports';
    expect(await chains()).toEqual(['ports', 'leaving', 'passing', 'arriving']);
    await vswitch(...create);
    expect((await galago(host, 'cleanup')).stdout).toContain(`${drop}\n`);
    expect(await chains()).toEqual(['ports']);
    await host.exec('nft', ['flush', 'ruleset']);
    const { problems } = await galagoJson<{ problems: readonly string[] }>(host, 'status');
    expect(problems).toContain(
      'the kernel takes in what containers send to virtual switches: galago vswitch create 10.0.0.254/24 --name ovs0',
    );
    expect(await vswitch(...create)).toMatchObject({ changes: [drop] });
    expect(await vswitch(...create)).toMatchObject({ changes: [] });
    expect(await chains()).toEqual(['ports']);
    expect(await vswitch('remove')).toMatchObject({
      changes: ['ovsdb: delete bridge ovs0', 'nftables: delete table inet galago'],
    });
    expect(await chains()).toEqual([]);
  });
}, ['nft']);
