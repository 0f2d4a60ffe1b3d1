import { runCommand } from '../system/command.ts';
import { addAddress, addVeth, allowIpv6, type IpCommand, ipBatch } from '../system/ip.ts';
import { type EndpointSettings, portName } from './endpoint.ts';
import type { Target } from './target.ts';

/** What has to be done to links for an endpoint, apart from Open vSwitch's part. */
export interface Wiring {
  /** The name of the port, on the host. */
  readonly port: string;
  /** The name under which the interface comes into the container. */
  readonly insideName: string;
  /** In the host's namespace. */
  readonly outside: readonly IpCommand[];
  /** In the container's; that the interface is up, and a route by it, comes last, and says that all else is done. */
  readonly inside: readonly IpCommand[];
  /** True when the interface has to be allowed IPv6 first, which Docker does not by itself. */
  readonly needsIpv6: boolean;
  /** True when checksums cannot be left to hardware that is not there. */
  readonly needsChecksums: boolean;
}

/** Plans the links of an endpoint. */
export function planWiring(
  settings: EndpointSettings,
  target: Target,
  place: { readonly mtu: number; readonly isUserspace: boolean },
): Wiring {
  const { ip, mac, ifname, isInternal, gateway, replacesDefaultRoute } = settings;
  const port = portName(target.container, ifname);
  const size = ['mtu', `${place.mtu}`];
  const netns = target.linkNetns;
  const via = ['default', 'via', `${gateway}`, 'dev', ifname];
  return {
    port,
    insideName: isInternal ? port : ifname,
    outside: isInternal
      ? [['link', 'set', 'dev', port, 'netns', netns]]
      : addVeth(port, { name: ifname, mac, mtu: place.mtu, netns }),
    inside: [
      ...(isInternal ? [['link', 'set', 'dev', port, 'name', ifname, 'address', mac, ...size]] : []),
      ...(ip === 'dhcp' ? [] : [addAddress(ip, ifname)]),
      ['link', 'set', 'dev', ifname, 'up'],
      ...(gateway === undefined ? [] : [['route', replacesDefaultRoute ? 'replace' : 'add', ...via]]),
    ],
    needsIpv6: ip.includes(':'),
    needsChecksums: place.isUserspace && !isInternal,
  };
}

/** Does the part of it that is inside of the container. @throws HostError as runCommand */
export async function wireInside(wiring: Wiring, { netns }: Target): Promise<void> {
  if (wiring.needsIpv6) await allowIpv6([wiring.insideName], netns);
  if (wiring.needsChecksums) await runCommand('ethtool', ['-K', wiring.insideName, 'tx', 'off'], { netns });
  await ipBatch(wiring.inside, { netns });
}
