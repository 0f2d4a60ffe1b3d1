import { ipBatch } from './ip-batch.ts';
import { contextOf, netnsOf, type Scope } from './scope.ts';

/** Makes the network between the hosts: a Linux bridge in a namespace of its own. */
export async function makeUnderlay(scope: Scope): Promise<void> {
  const netns = netnsOf(scope, UNDERLAY);
  await ipBatch(
    [
      ['netns', 'add', netns],
      ['link', 'add', BRIDGE, 'netns', netns, 'type', 'bridge', 'mcast_snooping', '0'],
    ],
    contextOf(scope),
  );
  await ipBatch([['link', 'set', 'dev', BRIDGE, 'up']], contextOf(scope, UNDERLAY));
}

/** Links a host's `eth0` to the underlay. */
export async function joinUnderlay(scope: Scope, host: string, mtu: number): Promise<void> {
  const end = [
    'link',
    'add',
    portOf(host),
    'netns',
    netnsOf(scope, UNDERLAY),
    'mtu',
    `${mtu}`,
    'type',
    'veth',
  ];
  const peer = ['peer', 'name', 'eth0', 'netns', netnsOf(scope, host), 'mtu', `${mtu}`];
  await ipBatch([[...end, ...peer]], contextOf(scope));
  await Promise.all([
    ipBatch([['link', 'set', portOf(host), 'master', BRIDGE, 'up']], contextOf(scope, UNDERLAY)),
    ipBatch([['link', 'set', 'eth0', 'up']], contextOf(scope, host)),
  ]);
}

/** Pulls or plugs a host's cable at the underlay's end. */
export async function setUplink(scope: Scope, host: string, up: boolean): Promise<void> {
  await ipBatch([['link', 'set', portOf(host), up ? 'up' : 'down']], contextOf(scope, UNDERLAY));
}

/** The name of the underlay's namespace in the lab: no host or container can have it. */
export const UNDERLAY = 'underlay';

const BRIDGE = 'underlay';

/** The underlay's end of a host's link; with a host's 12 characters it is as long as a name can be. */
function portOf(host: string): string {
  return `ul-${host}`;
}
