import { runCommand } from '../system/command.ts';
import { addAddress, addVeth, allowIpv6, type IpCommand, ipBatch, readNamespace } from '../system/ip.ts';
import type { Slot } from './slot.ts';
import type { SlotSettings } from './slot-labels.ts';
import type { Vswitch } from './vswitch.ts';
import { type VswitchRole, vswitchIds } from './vswitch-labels.ts';

/** An interface of a container in a slot. */
export interface Nic {
  /** Its name in the container. */
  readonly ifname: string;
  readonly vswitch: string;
  /** The name of its port, and of its outer end for a veth pair. */
  readonly port: string;
  /** The name of what goes into the container, before it does. */
  readonly insideName: string;
  readonly ofport: number;
  readonly role: Extract<VswitchRole, 'slot' | 'inline'>;
  readonly mac: string;
  /** With prefix lengths; empty for the second one of two that pass frames on. */
  readonly ips: readonly string[];
  readonly mtu: number;
  readonly isInternal: boolean;
  /** True when checksums cannot be left to hardware that is not there. */
  readonly needsChecksums: boolean;
}

/** A slot, and the virtual switch that it is on. */
export interface PlacedSlot {
  readonly ifname: string;
  readonly vswitch: Vswitch;
  readonly slot: Slot;
  /** Of the virtual switch's own link. */
  readonly mtu: number;
}

/** The interfaces of a container: one for each slot, and the second one of two. */
export function nicsOf(places: readonly PlacedSlot[], settings: SlotSettings): readonly Nic[] {
  const { isInternal, isDualNic } = settings;
  return places.flatMap(({ ifname, vswitch, slot, mtu }, i) => {
    const isPair = isDualNic && i === 0;
    const common = {
      vswitch: vswitch.name,
      mtu,
      isInternal,
      needsChecksums: vswitch.isUserspace && !isInternal,
      role: isPair ? ('inline' as const) : ('slot' as const),
    };
    const nic = ({ name, insideName, ofport, mac }: Slot['second'], as: string, ips: readonly string[]) => {
      const inside = isInternal ? name : insideName;
      return { ...common, ifname: as, port: name, insideName: inside, ofport, mac, ips };
    };
    return [nic(slot, ifname, slot.ips), ...(isPair ? [nic(slot.second, 'eth1', [])] : [])];
  });
}

/** The row of an interface's port. */
export function portInit({ port, isInternal, ofport, role, ifname, mac, ips }: Nic, slot: string) {
  // What passes frames on may send from any address, so that only those that answers are given for are told.
  const ids = ips.length > 0 ? { slot, ifname, mac, ips } : { slot, ifname };
  return {
    name: port,
    ...(isInternal && { type: 'internal' }),
    ofport_request: ofport,
    external_ids: vswitchIds(role, ids),
  };
}

/** Makes the veth pairs. @throws HostError as runCommand */
export async function makeLinks(nics: readonly Nic[]): Promise<void> {
  const pairs = nics.filter(({ isInternal }) => !isInternal);
  await ipBatch(
    pairs.flatMap(({ port, insideName, mac, mtu }) => addVeth(port, { name: insideName, mac, mtu })),
  );
  for (const { insideName, needsChecksums } of pairs)
    if (needsChecksums) await runCommand('ethtool', ['-K', insideName, 'tx', 'off']);
}

/**
 * Moves the interfaces into a container and sets them up: `eth0` last, so that what runs there can wait for it.
 * @param pid a process of the container
 * @throws HostError as runCommand
 */
export async function moveInside(nics: readonly Nic[], pid: number, gateway: string): Promise<void> {
  await ipBatch(
    nics.map(({ insideName, ifname }) => {
      return ['link', 'set', 'dev', insideName, 'netns', `${pid}`, 'name', ifname];
    }),
  );
  const netns = `/proc/${pid}/ns/net`;
  const hasBridge = nics.some(({ role }) => role === 'inline');
  if (hasBridge) await makeBridge(nics[0]!, netns);
  if (nics.some(({ ips }) => ips.some((ip) => ip.includes(':')))) {
    const plain = nics.filter(({ role }) => role === 'slot').map(({ ifname }) => ifname);
    await allowIpv6([...(hasBridge ? [BRIDGE] : []), ...plain], netns);
  }
  await ipBatch(insideCommands(nics, hasBridge, gateway), { netns });
}

function insideCommands(nics: readonly Nic[], hasBridge: boolean, gateway: string): IpCommand[] {
  const [first, ...others] = nics as readonly [Nic, ...Nic[]];
  const addressed = hasBridge ? BRIDGE : first.ifname;
  const enslave = ({ ifname }: Nic): IpCommand => ['link', 'set', 'dev', ifname, 'master', BRIDGE];
  return [
    ...nics.flatMap((nic) => (nic.isInternal ? [ownAddress(nic)] : [])),
    ...(hasBridge ? [...nics.slice(0, 2).map(enslave), ['link', 'set', 'dev', BRIDGE, 'up']] : []),
    ...others.flatMap((nic) => [
      ...nic.ips.map((ip) => addAddress(ip, nic.ifname)),
      ['link', 'set', 'dev', nic.ifname, 'up'],
    ]),
    ...first.ips.map((ip) => addAddress(ip, addressed)),
    ['link', 'set', 'dev', first.ifname, 'up'],
    ['route', 'replace', 'default', 'via', gateway, 'dev', addressed],
  ];
}

function ownAddress({ ifname, mac, mtu }: Nic): IpCommand {
  return ['link', 'set', 'dev', ifname, 'address', mac, 'mtu', `${mtu}`];
}

/** A bridge outlives the interfaces in it, when only they are made again. */
async function makeBridge({ mac, mtu }: Nic, netns: string): Promise<void> {
  const { links } = await readNamespace({ netns });
  const isThere = links.some(({ name }) => name === BRIDGE);
  await ipBatch(
    [
      ...(isThere ? [['link', 'delete', 'dev', BRIDGE]] : []),
      ['link', 'add', 'name', BRIDGE, 'mtu', `${mtu}`, 'address', mac, 'type', 'bridge'],
    ],
    { netns },
  );
}

/** What two interfaces that pass frames on are in, inside of the container. */
const BRIDGE = 'br0';
