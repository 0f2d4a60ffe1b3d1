import { type Container, eventually, type Host } from '../lab/index.ts';

/** The key of the pod `7`, and the port of VXLAN. */
const KEY = '010007';
const VXLAN = 4789;

/** Networks for containers of which hosts translate addresses, and what has the kernel send packets on. */
const NETWORKS = {
  4: {
    network: '172.17.0.0/16',
    address: '172.17.0.2/16',
    gateway: '172.17.0.1/16',
    forwarding: 'ipv4.ip_forward',
  },
  6: {
    ...{ network: 'fd00:17::/64', address: 'fd00:17::2/64', gateway: 'fd00:17::1/64' },
    forwarding: 'ipv6.conf.all.forwarding',
  },
} as const;

/**
 * Puts a container on a host that is in no pod, but in a network of which the host translates addresses, as Docker's
 * own does, on its way to an address of another host. Its interface is called `nat` and 4 or 6.
 */
export async function addTranslated(host: Host, other: Host, to = other.ip): Promise<Container> {
  const family = to.includes(':') ? 6 : 4;
  const [name, ip] = [`nat${family}`, family === 4 ? 'ip' : 'ip6'];
  const { network, address, gateway, forwarding } = NETWORKS[family];
  const container = await host.addContainer({
    ...{ name, bridge: false, address },
    gateway: gateway.split('/')[0]!,
  });
  await host.exec('ip', ['address', 'add', gateway, 'dev', name, ...flagsOf(gateway)]);
  await host.exec('sysctl', ['-w', `net.${forwarding}=1`]);
  // In the userspace datapath, a host answers twice for the address at which its tunnels end.
  const [link] = JSON.parse(await other.exec('ip', ['-j', 'link', 'show', 'dev', 'br-phy']));
  await host.exec('ip', ['neigh', 'replace', to, 'lladdr', link.address, 'dev', 'br-phy']);
  await host.exec('ethtool', ['-K', 'br-phy', 'tx', 'off']);
  const chain = `add chain ${ip} translation leaving { type nat hook postrouting priority 100; }`;
  const rule = `add rule ${ip} translation leaving ${ip} saddr ${network} oifname "br-phy" masquerade`;
  await host.exec('nft', [`add table ${ip} translation; ${chain}; ${rule}`]);
  return container;
}

/** Gives a container an address that somebody else has. */
export async function usurp(container: Container, address: string): Promise<void> {
  await container.exec('ip', ['address', 'add', address, 'dev', 'eth0', ...flagsOf(address)]);
}

function flagsOf(address: string): string[] {
  return address.includes(':') ? ['nodad'] : [];
}

/**
 * Has a container send what looks like a frame of the pod `7`, from this MAC address, by a tunnel to an address; from one
 * of its own, the first unless told otherwise.
 */
export async function forge(
  container: Container,
  to: string,
  mac: string,
  from = container.ip,
): Promise<void> {
  const socket = await container.bindUdp({ host: from, port: 0 });
  const frame = `ffffffffffff ${mac} 88b5 ${'00'.repeat(46)}`.replaceAll(/[ :]/g, '');
  const packet = Buffer.from(`08000000${KEY}00${frame}`, 'hex');
  await new Promise((resolve) => socket.send(packet, VXLAN, to, resolve));
}

/** Whether a host has heard of a MAC address in the pod. */
export async function isHeard({ ovs, bridge }: Host, mac: string): Promise<boolean> {
  return (await ovs.ofctl('dump-flows', bridge, `table=20`)).includes(`dl_src=${mac}`);
}

/** Waits until it has. */
export async function untilHeard(host: Host, mac: string): Promise<void> {
  await eventually(() => isHeard(host, mac), { what: `${mac} to be heard of` });
}
