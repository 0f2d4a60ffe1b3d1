import { emptyHeaders, IpProtocol, locateHeaders, read16 } from '../../packet/headers.ts';
import { type DhcpMessage, DhcpPort, decodeDhcp, encodeDhcp, encodeUdp } from '../../packet/index.ts';
import type { GalagoError } from '../../util/errors.ts';
import { isIpv4 } from '../../util/ip.ts';
import type { Log } from '../../util/log.ts';
import { endpointId, type Member } from '../hosts/host-view.ts';
import { AddressPool } from './address-pool.ts';
import { answerDhcp, type DhcpDecision } from './answer.ts';
import type { Grant } from './lease.ts';
import { serverMac } from './server-mac.ts';
import type { DhcpSubnet } from './subnet.ts';

/** What the server needs of the world. */
export interface DhcpServerOptions {
  /** Which endpoint of a pod has an address, as far as databases know. */
  readonly ownerOf: (key: number, address: string) => string | undefined;
  /** Writes an endpoint's lease, or that it has none any more, to its host's database. */
  readonly record: (host: string, interfaceName: string, lease: Grant | undefined) => Promise<void>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log: Log;
}

/** Where a message came from: a port of a host, in a pod with a subnet. */
export interface DhcpPlace {
  readonly host: string;
  readonly member: Member;
  readonly subnet: DhcpSubnet;
  /** Asks everybody else in the pod whether they have an address. Never rejects. */
  readonly probe: (address: string) => Promise<ProbeResult>;
}

/** What came of asking a pod for an address; `unknown` when too much is asked, or nobody can be. */
export type ProbeResult = 'free' | 'taken' | 'unknown';

/** What a switch shall send to the port that asked. */
export interface DhcpReply {
  readonly frame: Uint8Array;
  /** The address that the endpoint must have first; undefined to send at once. */
  readonly granted?: string;
}

const BROADCAST_MAC = 'ff:ff:ff:ff:ff:ff';
const BROADCAST_IP = '255.255.255.255';
const BROADCAST_FLAG = 0x8000;
const NONE = '0.0.0.0';
const UDP_HEADER_SIZE = 8;
/** Addresses that are asked for because of one message: who was unlucky asks again. */
const MAX_TRIES = 3;

/**
 * The DHCPv4 server of all pods (RFC 2131). What it grants is recorded in the database of the endpoint's host before
 * the client hears of it, so that no address has two owners, whatever ends in between.
 */
export class DhcpServer {
  readonly #options: DhcpServerOptions;
  readonly #pools = new Map<number, AddressPool>();
  /** The endpoints that a message is being dealt with of. */
  readonly #serving = new Set<string>();

  constructor(options: DhcpServerOptions) {
    this.#options = options;
  }

  /** Deals with a frame from an endpoint. @returns what to answer; undefined for nothing. Never rejects. */
  async receive(frame: Uint8Array, place: DhcpPlace): Promise<DhcpReply | undefined> {
    const { host, member } = place;
    const owner = ownerAt(place);
    // It asks again; and while a database does not answer, no more than this waits for it.
    if (this.#serving.has(owner)) return undefined;
    this.#serving.add(owner);
    try {
      const message = readMessage(frame);
      // Whatever else a client says of itself, its port tells who it is.
      if (message === undefined || message.chaddr !== member.addresses?.mac) return undefined;
      const decision = await this.#decideProbed(message, place);
      return decision && (await this.#carryOut(decision, place));
    } catch (error) {
      const { code, message } = error as GalagoError;
      this.#options.log.debug({ host, interface: member.interface, code }, `DHCP: ${message}`);
      return undefined;
    } finally {
      this.#serving.delete(owner);
    }
  }

  /** Takes leases back that have run out. */
  async expire(host: string, members: readonly Member[]): Promise<void> {
    const now = this.#options.now() / 1000;
    for (const { interface: name, leasedUntil } of members)
      if (leasedUntil !== undefined && leasedUntil < now) await this.#options.record(host, name, undefined);
  }

  /** Decides anew when somebody turns out to have the address (RFC 2131, 3.1); undefined when none could be made sure of. */
  async #decideProbed(message: DhcpMessage, place: DhcpPlace): Promise<DhcpDecision | undefined> {
    const { member, subnet } = place;
    const pool = this.#poolOf(member.pod.key);
    const owner = ownerAt(place);
    for (let tries = 0; ; tries++) {
      const decision = this.#decide(message, place);
      const address = 'reply' in decision ? decision.reply.yiaddr : NONE;
      const isTheirs = address === NONE || member.addresses?.ips.includes(address) === true;
      if (isTheirs || pool.isProbed(owner, address)) return decision;
      const result = tries === MAX_TRIES ? 'unknown' : await place.probe(address);
      if (result === 'unknown') return undefined;
      if (result === 'taken') this.#leaveAlone(pool, address, place);
      else if (pool.isFree(subnet, owner, address)) pool.noteProbed(owner, address);
    }
  }

  #leaveAlone(pool: AddressPool, address: string, { host, member }: DhcpPlace): void {
    const fields = { host, interface: member.interface, pod: member.pod.name };
    this.#options.log.info(fields, `DHCP: somebody has ${address} already, it is left alone`);
    pool.leaveAlone(address);
  }

  #decide(message: DhcpMessage, place: DhcpPlace): DhcpDecision {
    const { member, subnet } = place;
    const pool = this.#poolOf(member.pod.key);
    const owner = ownerAt(place);
    return answerDhcp(message, {
      subnet,
      address: member.addresses?.ips.find(isIpv4),
      offer: (wanted) => pool.offer(subnet, owner, wanted),
      isFree: (address) => pool.isFree(subnet, owner, address),
    });
  }

  async #carryOut(decision: DhcpDecision, place: DhcpPlace): Promise<DhcpReply | undefined> {
    const { host, member, subnet } = place;
    const { record, now } = this.#options;
    const pool = this.#poolOf(member.pod.key);
    switch (decision.type) {
      case 'ignore':
        return undefined;
      case 'withdraw':
        pool.withdraw(ownerAt(place));
        return undefined;
      case 'decline':
        pool.decline(ownerAt(place), decision.address);
        if (member.addresses?.isDynamic) await record(host, member.interface, undefined);
        return undefined;
      case 'release':
        if (member.addresses?.isDynamic) await record(host, member.interface, undefined);
        return undefined;
      case 'grant': {
        const { address, reply } = decision;
        if (member.addresses?.isDynamic) {
          pool.promise(ownerAt(place), address);
          const until = Math.floor(now() / 1000) + subnet.leaseSeconds;
          await record(host, member.interface, { address, until, prefixLength: subnet.prefixLength });
        }
        return { frame: replyFrame(reply, place), granted: address };
      }
      default:
        return { frame: replyFrame(decision.reply, place) };
    }
  }

  #poolOf(key: number): AddressPool {
    let pool = this.#pools.get(key);
    if (pool === undefined) {
      pool = new AddressPool((address) => this.#options.ownerOf(key, address), this.#options.now);
      this.#pools.set(key, pool);
    }
    return pool;
  }
}

function ownerAt({ host, member }: DhcpPlace): string {
  return endpointId(host, member.interface);
}

function readMessage(frame: Uint8Array): DhcpMessage | undefined {
  const { l4, protocol, end } = locateHeaders(frame, emptyHeaders());
  if (l4 < 0 || protocol !== IpProtocol.UDP || l4 + UDP_HEADER_SIZE > end) return undefined;
  if (read16(frame, l4 + 2) !== DhcpPort.SERVER) return undefined;
  return decodeDhcp(frame.subarray(l4 + UDP_HEADER_SIZE, Math.min(end, l4 + read16(frame, l4 + 4))));
}

/** To where the client can receive it (RFC 2131, 4.1). */
function replyFrame(reply: DhcpMessage, { member, subnet }: DhcpPlace): Uint8Array {
  const { ciaddr, yiaddr, flags, chaddr } = reply;
  const unicast = ciaddr === NONE ? yiaddr : ciaddr;
  const isBroadcast = unicast === NONE || (ciaddr === NONE && (flags & BROADCAST_FLAG) !== 0);
  return encodeUdp({
    ethSrc: serverMac(member.pod.key),
    ethDst: isBroadcast ? BROADCAST_MAC : chaddr,
    ipv4Src: subnet.server,
    ipv4Dst: isBroadcast ? BROADCAST_IP : unicast,
    udpSrc: DhcpPort.SERVER,
    udpDst: DhcpPort.CLIENT,
    data: encodeDhcp(reply),
  });
}
