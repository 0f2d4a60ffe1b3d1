import { ArpOperation, encodeArp } from '../../packet/arp.ts';
import { EthType } from '../../packet/ethernet.ts';
import { ABSENT, emptyHeaders, IpProtocol, locateHeaders, read16 } from '../../packet/headers.ts';
import { encodeIcmpv4Echo, encodeUdp, Icmpv4Type, type UdpDatagram } from '../../packet/ipv4.ts';
import { encodeIcmpv6Echo, Icmpv6Type } from '../../packet/ipv6.ts';
import {
  AdvertisementFlag,
  encodeAdvertisement,
  encodeSolicitation,
  encodeUnsolicitedAdvertisement,
  type NeighbourMessage,
  readNeighbour,
} from '../../packet/neighbour.ts';
import { UsageError } from '../../util/errors.ts';
import { isIpv6, parseCidr, readIpv4, readIpv6 } from '../../util/ip.ts';
import { isGroupMac, readMac, writeMac } from '../../util/mac.ts';
import { HostAddresses } from './host-addresses.ts';
import { Neighbours } from './neighbours.ts';

/** What a {@link SoftHost} is. */
export interface SoftHostOptions {
  readonly mac: string;
  /**
   * Its addresses, of IPv4 and IPv6, with or without a prefix length: `10.0.0.1/24`. What it sends is from the one
   * nearest to the destination.
   */
  readonly ip: string | readonly string[];
  /** Frames that {@link SoftHost.received} keeps, the latest ones. Default 1000. */
  readonly maxReceived?: number;
  /** Packets that wait for the answer to one question where an address is; more are dropped. Default 64. */
  readonly maxWaiting?: number;
}

/** What a host hangs on: how its frames leave, and when nothing more will come. */
export interface Uplink {
  send(frame: Uint8Array): void;
  idle(): Promise<void>;
}

/** A datagram to be sent. */
export interface Datagram {
  readonly to: string;
  readonly port: number;
  readonly data: Uint8Array;
  /** Default the same as `port`. */
  readonly fromPort?: number;
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const NOBODY = '00:00:00:00:00:00';
const UNSPECIFIED = '::';

/**
 * A station at the end of a wire: it answers ARP, neighbour solicitations and pings, pings, and sends and takes UDP over
 * IPv4. It needs no gateway: every address is on its link.
 */
export class SoftHost {
  readonly mac: string;
  /** The first of its addresses. */
  readonly ip: string;
  /** The frames that came to it last, also those that are for others. */
  readonly received: Uint8Array[] = [];
  readonly #uplink: Uplink;
  readonly #addresses: HostAddresses;
  readonly #neighbours: Neighbours;
  readonly #maxReceived: number;
  readonly #pings = new Map<number, () => void>();
  readonly #listeners = new Map<number, (datagram: UdpDatagram) => void>();
  #sequence = 0;

  /** @throws UsageError `DATAPATH_HOST_INVALID` without an address; WireError `MAC_INVALID`, `IP_INVALID` */
  constructor({ mac, ip, maxReceived = 1000, maxWaiting = 64 }: SoftHostOptions, uplink: Uplink) {
    const scratch = new Uint8Array(6);
    writeMac(scratch, 0, mac);
    this.mac = readMac(scratch, 0);
    this.#addresses = new HostAddresses(typeof ip === 'string' ? [ip] : ip, this.mac);
    this.ip = this.#addresses.first;
    this.#uplink = uplink;
    this.#maxReceived = maxReceived;
    this.#neighbours = new Neighbours({
      maxWaiting,
      ask: (target, from) => this.#ask(target, from),
      send: (frame) => this.send(frame),
    });
  }

  /** Sends a frame as it is. */
  send(frame: Uint8Array): void {
    this.#uplink.send(frame);
  }

  /**
   * Sends an echo request.
   * @returns whether the answer came before nothing more could come
   * @throws UsageError `DATAPATH_HOST_INVALID` without an address of that kind; WireError `IP_INVALID`
   */
  async ping(address: string): Promise<boolean> {
    const to = parseCidr(address).address;
    const from = this.#addresses.sourceFor(to);
    const sequence = this.#sequence++ & 0xffff;
    const answered = new Promise<boolean>((resolve) => this.#pings.set(sequence, () => resolve(true)));
    const echo = { ethSrc: this.mac, identifier: 1, sequence, data: PING_DATA };
    this.#neighbours.sendTo(to, from, (ethDst) =>
      isIpv6(to)
        ? encodeIcmpv6Echo({
            ...echo,
            ethDst,
            ipv6Src: from,
            ipv6Dst: to,
            icmpv6Type: Icmpv6Type.ECHO_REQUEST,
          })
        : encodeIcmpv4Echo({
            ...echo,
            ethDst,
            ipv4Src: from,
            ipv4Dst: to,
            icmpv4Type: Icmpv4Type.ECHO_REQUEST,
          }),
    );
    const isAnswered = await Promise.race([answered, this.#uplink.idle().then(() => false)]);
    this.#pings.delete(sequence);
    return isAnswered;
  }

  /** Sends a datagram, over IPv4. @throws UsageError `DATAPATH_HOST_INVALID` without an IPv4 address, or to one of IPv6 */
  sendUdp({ to, port, data, fromPort = port }: Datagram): void {
    if (isIpv6(to))
      throw new UsageError('DATAPATH_HOST_INVALID', `a host sends datagrams over IPv4, got ${to}`);
    const addresses = { ethSrc: this.mac, ipv4Src: this.#addresses.sourceFor(to), ipv4Dst: to };
    const datagram = { ...addresses, udpSrc: fromPort, udpDst: port, data };
    this.#neighbours.sendTo(to, addresses.ipv4Src, (ethDst) => encodeUdp({ ...datagram, ethDst }));
  }

  /** Takes the datagrams to a port, in place of who took them before. */
  listen(port: number, listener: (datagram: UdpDatagram) => void): void {
    this.#listeners.set(port, listener);
  }

  /** Tells everybody where its addresses are (RFC 5227, 1.2; RFC 4861, 7.2.6): what hosts do when they come or move. */
  announce(): void {
    for (const ip of this.#addresses.all)
      if (isIpv6(ip)) this.send(encodeUnsolicitedAdvertisement({ mac: this.mac, target: ip }));
      else this.#ask(ip, ip);
  }

  /** Takes a frame in: what the wire calls. */
  receive(frame: Uint8Array): void {
    this.received.push(frame);
    if (this.received.length > this.#maxReceived) this.received.shift();
    if (frame.length < 14) return;
    const ethDst = readMac(frame, 0);
    if (ethDst !== this.mac && !isGroupMac(ethDst)) return;
    const headers = locateHeaders(frame, emptyHeaders());
    if (headers.tag !== ABSENT || headers.l3 === ABSENT) return;
    if (headers.ethType === EthType.ARP && frame.length >= headers.l3 + 28)
      return this.#takeArp(frame, headers.l3);
    if (headers.ethType === EthType.IPV4) this.#takeIpv4(frame, headers);
    if (headers.ethType === EthType.IPV6) this.#takeIpv6(frame, headers);
  }

  #takeArp(frame: Uint8Array, at: number): void {
    const sender = readIpv4(frame, at + 14);
    const arpSha = readMac(frame, at + 8);
    const target = readIpv4(frame, at + 24);
    this.#neighbours.heard(sender, arpSha);
    if (!this.#addresses.has(target) || sender === target) return;
    this.#neighbours.resolved(sender, arpSha);
    if (read16(frame, at + 6) !== ArpOperation.REQUEST) return;
    const operation = ArpOperation.REPLY;
    this.#arp({ ethDst: arpSha, arpSpa: target, arpTha: arpSha, arpTpa: sender, operation });
  }

  #takeIpv4(frame: Uint8Array, { l3, l4, end, protocol }: ReturnType<typeof emptyHeaders>): void {
    const ipv4Dst = readIpv4(frame, l3 + 16);
    if (l4 === ABSENT || end - l4 < 8 || !this.#addresses.has(ipv4Dst)) return;
    const ethernet = { ethDst: readMac(frame, 0), ethSrc: readMac(frame, 6) };
    const addresses = { ...ethernet, ipv4Src: readIpv4(frame, l3 + 12), ipv4Dst };
    const data = frame.subarray(l4 + 8, end);
    if (protocol === IpProtocol.UDP) {
      const [udpSrc, udpDst] = [read16(frame, l4), read16(frame, l4 + 2)];
      this.#listeners.get(udpDst)?.({ ...addresses, udpSrc, udpDst, data });
    } else if (protocol === IpProtocol.ICMP && frame[l4] === Icmpv4Type.ECHO_REPLY) {
      this.#pings.get(read16(frame, l4 + 6))?.();
    } else if (protocol === IpProtocol.ICMP && frame[l4] === Icmpv4Type.ECHO_REQUEST) {
      const [identifier, sequence] = [read16(frame, l4 + 4), read16(frame, l4 + 6)];
      const reply = { ethSrc: this.mac, ipv4Src: ipv4Dst, ipv4Dst: addresses.ipv4Src };
      const icmpv4Type = Icmpv4Type.ECHO_REPLY;
      this.#neighbours.sendTo(addresses.ipv4Src, ipv4Dst, (ethDst) =>
        encodeIcmpv4Echo({ ...reply, ethDst, icmpv4Type, identifier, sequence, data }),
      );
    }
  }

  #takeIpv6(frame: Uint8Array, headers: ReturnType<typeof emptyHeaders>): void {
    const { l3, l4, end, protocol } = headers;
    if (l4 === ABSENT || end - l4 < 8 || protocol !== IpProtocol.ICMPV6) return;
    const [ipv6Src, ipv6Dst] = [readIpv6(frame, l3 + 8), readIpv6(frame, l3 + 24)];
    switch (frame[l4]) {
      case Icmpv6Type.NEIGHBOR_SOLICITATION:
      case Icmpv6Type.NEIGHBOR_ADVERTISEMENT:
        return this.#takeNeighbour(readNeighbour(frame, headers), ipv6Src);
      case Icmpv6Type.ECHO_REPLY:
        if (this.#addresses.has(ipv6Dst)) this.#pings.get(read16(frame, l4 + 6))?.();
        return;
      case Icmpv6Type.ECHO_REQUEST: {
        if (!this.#addresses.has(ipv6Dst)) return;
        const [identifier, sequence] = [read16(frame, l4 + 4), read16(frame, l4 + 6)];
        const reply = { ethSrc: this.mac, ipv6Src: ipv6Dst, ipv6Dst: ipv6Src, identifier, sequence };
        const data = frame.subarray(l4 + 8, end);
        this.#neighbours.sendTo(ipv6Src, ipv6Dst, (ethDst) =>
          encodeIcmpv6Echo({ ...reply, ethDst, icmpv6Type: Icmpv6Type.ECHO_REPLY, data }),
        );
      }
    }
  }

  #takeNeighbour(message: NeighbourMessage | undefined, from: string): void {
    if (message === undefined) return;
    const { isSolicitation, target, mac } = message;
    if (!isSolicitation) {
      if (mac !== undefined) this.#neighbours.heard(target, mac);
      return;
    }
    if (!this.#addresses.has(target)) return;
    if (from === UNSPECIFIED) {
      // Somebody wants to take the address: everybody is told whose it is (RFC 4861, 7.2.4).
      this.send(encodeUnsolicitedAdvertisement({ mac: this.mac, target }));
      return;
    }
    if (mac !== undefined) this.#neighbours.resolved(from, mac);
    const flags = AdvertisementFlag.SOLICITED | AdvertisementFlag.OVERRIDE;
    this.#neighbours.sendTo(from, target, (ethDst) =>
      encodeAdvertisement({ mac: this.mac, target, ethDst, ipv6Dst: from, flags }),
    );
  }

  #ask(target: string, from: string): void {
    if (isIpv6(target)) this.send(encodeSolicitation({ mac: this.mac, ipv6Src: from, target }));
    else {
      const operation = ArpOperation.REQUEST;
      this.#arp({ ethDst: BROADCAST, arpSpa: from, arpTha: NOBODY, arpTpa: target, operation });
    }
  }

  #arp(packet: Omit<Parameters<typeof encodeArp>[0], 'arpSha'>): void {
    this.send(encodeArp({ ...packet, arpSha: this.mac }));
  }
}

const PING_DATA = new Uint8Array(56);
