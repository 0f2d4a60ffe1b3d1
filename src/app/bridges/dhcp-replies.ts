import { output, type PacketIn, type PacketOutInit } from '../../ofp/index.ts';
import type { DhcpReply, DhcpServer } from '../dhcp/server.ts';
import type { Member } from '../hosts/host-view.ts';
import type { AddressProbes } from './address-probes.ts';
import type { Places, PodPlan } from './pod-plan.ts';

/** What a bridge's members say to the DHCP server, and what it says to them when they may hear it. */
export class DhcpReplies {
  readonly #server: DhcpServer;
  readonly #probes: AddressProbes;
  /** The last one to each port, until the switch lets the address through that it grants. */
  readonly #waiting = new Map<number, { readonly to: Member; readonly reply: DhcpReply }>();

  constructor(server: DhcpServer, probes: AddressProbes) {
    this.#server = server;
    this.#probes = probes;
  }

  /** Has the server deal with a frame. Never rejects. */
  async ask({ match, data }: PacketIn, plan: PodPlan, places: Places): Promise<void> {
    const { members, subnets, host } = plan;
    const key = places.of(match)?.key;
    const member = members.find(({ ofport }) => ofport === match.inPort);
    const subnet = key === undefined ? undefined : subnets.get(key);
    if (member === undefined || subnet === undefined) return;
    const probe = (address: string) => this.#probes.ask(plan, member, address);
    const reply = await this.#server.receive(data, { host, member, subnet, probe });
    if (reply !== undefined) this.#waiting.set(member.ofport, { to: member, reply });
  }

  /** Takes what may be sent: a client that was granted an address may use it at once. */
  take(members: readonly Member[]): PacketOutInit[] {
    const sent: PacketOutInit[] = [];
    for (const [ofport, { to, reply }] of this.#waiting) {
      const member = members.find((candidate) => candidate.ofport === ofport);
      // Meanwhile the port may be somebody else's, or in another pod.
      const isSame = member?.interface === to.interface && member.pod.key === to.pod.key;
      const { frame, granted } = reply;
      if (isSame && granted !== undefined && !member.addresses?.ips.includes(granted)) continue;
      this.#waiting.delete(ofport);
      if (isSame) sent.push({ type: 'packetOut', actions: [output(ofport)], data: frame });
    }
    return sent;
  }
}
