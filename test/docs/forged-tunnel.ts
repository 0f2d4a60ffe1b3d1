import { eventually } from '../lab/index.ts';
import type { Trial } from './trial.ts';

/** The key of the pod `7`, and the port of VXLAN. */
const KEY = '010007';
const VXLAN = 4789;

/**
 * Puts a container on the first host that is in no pod, but in a network of which the host translates addresses, as
 * Docker's own does.
 */
export async function addTranslated(trial: Trial): Promise<void> {
  const [h1, h2] = [trial.host('h1'), trial.host('h2')];
  await h1.addContainer({ name: 'nat', bridge: false, address: '172.17.0.2/16', gateway: '172.17.0.1' });
  await h1.exec('ip', ['address', 'add', '172.17.0.1/16', 'dev', 'nat']);
  await h1.exec('sysctl', ['-w', 'net.ipv4.ip_forward=1']);
  // In the userspace datapath, a host answers twice for the address at which its tunnels end.
  const [link] = JSON.parse(await h2.exec('ip', ['-j', 'link', 'show', 'dev', 'br-phy']));
  await h1.exec('ip', ['neigh', 'replace', h2.ip, 'lladdr', link.address, 'dev', 'br-phy']);
  await h1.exec('ethtool', ['-K', 'br-phy', 'tx', 'off']);
  const chain = 'add chain ip translation leaving { type nat hook postrouting priority 100; }';
  const rule = 'add rule ip translation leaving ip saddr 172.17.0.0/16 oifname "br-phy" masquerade';
  await h1.exec('nft', [`add table ip translation; ${chain}; ${rule}`]);
}

/** Has that container send what looks like a frame of the pod `7`, from this MAC address, by a tunnel to the other host. */
export async function forge(trial: Trial, mac: string): Promise<void> {
  const socket = await trial.container('nat').bindUdp({ host: '172.17.0.2', port: 0 });
  const frame = `ffffffffffff ${mac} 88b5 ${'00'.repeat(46)}`.replaceAll(/[ :]/g, '');
  const packet = Buffer.from(`08000000${KEY}00${frame}`, 'hex');
  await new Promise((resolve) => socket.send(packet, VXLAN, trial.host('h2').ip, resolve));
}

/** Whether the other host has heard of a MAC address in the pod. */
export async function isHeard(trial: Trial, mac: string): Promise<boolean> {
  const { ovs, bridge } = trial.host('h2');
  return (await ovs.ofctl('dump-flows', bridge, `table=20`)).includes(`dl_src=${mac}`);
}

/** Waits until it has. */
export async function untilHeard(trial: Trial, mac: string): Promise<void> {
  await eventually(() => isHeard(trial, mac), { what: `${mac} to be heard of` });
}
