import { ArpOperation, encodeArp } from '../packet/arp.ts';
import { EthType } from '../packet/ethernet.ts';
import { ABSENT, emptyHeaders, IpProtocol, locateHeaders, read16 } from '../packet/headers.ts';
import { encodeIcmpv4Echo, encodeUdp, Icmpv4Type, type UdpDatagram } from '../packet/ipv4.ts';
import { UsageError } from '../util/errors.ts';
import { parseCidr, readIpv4, writeIpv4 } from '../util/ip.ts';
import { isGroupMac, readMac, writeMac } from '../util/mac.ts';

/** What a {@link SoftHost} is. */
export interface SoftHostOptions {
  readonly mac: string;
  /** Its IPv4 addresses, with or without a prefix length: `10.0.0.1/24`. What it sends is from the one nearest to the destination. */
  readonly ip: string | readonly string[];
  /** Frames that {@link SoftHost.received} keeps, the latest ones. Default 1000. */
  readonly maxReceived?: number;
  /** Packets that wait for the answer to one ARP request; more are dropped. Default 64. */
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

interface Address {
  readonly ip: string;
  readonly value: number;
  readonly mask: number;
}

const BROADCAST = 'ff:ff:ff:ff:ff:ff';
const NOBODY = '00:00:00:00:00:00';

/** A station at the end of a wire: it answers ARP and pings, pings, and sends and takes UDP. It needs no gateway: every address is on its link. */
export class SoftHost {
  readonly mac: string;
  /** The first of its addresses. */
  readonly ip: string;
  /** The frames that came to it last, also those that are for others. */
  readonly received: Uint8Array[] = [];
  readonly #uplink: Uplink;
  readonly #addresses: readonly Address[];
  readonly #maxReceived: number;
  readonly #maxWaiting: number;
  readonly #macs = new Map<string, string>();
  readonly #waiting = new Map<string, ((mac: string) => Uint8Array)[]>();
  readonly #pings = new Map<number, () => void>();
  readonly #listeners = new Map<number, (datagram: UdpDatagram) => void>();
  #sequence = 0;

  /** @throws UsageError `DATAPATH_HOST_INVALID` without an IPv4 address; WireError `MAC_INVALID`, `IP_INVALID` */
  constructor({ mac, ip, maxReceived = 1000, maxWaiting = 64 }: SoftHostOptions, uplink: Uplink) {
    const texts = typeof ip === 'string' ? [ip] : ip;
    this.#addresses = texts.map(parseAddress);
    const [first] = this.#addresses;
    if (first === undefined) throw new UsageError('DATAPATH_HOST_INVALID', 'a host has an IPv4 address');
    const scratch = new Uint8Array(6);
    writeMac(scratch, 0, mac);
    this.mac = readMac(scratch, 0);
    this.ip = first.ip;
    this.#uplink = uplink;
    this.#maxReceived = maxReceived;
    this.#maxWaiting = maxWaiting;
  }

  /** Sends a frame as it is. */
  send(frame: Uint8Array): void {
    this.#uplink.send(frame);
  }

  /** Sends an echo request. @returns whether the answer came before nothing more could come */
  async ping(to: string): Promise<boolean> {
    const sequence = this.#sequence++ & 0xffff;
    const answered = new Promise<boolean>((resolve) => this.#pings.set(sequence, () => resolve(true)));
    const addresses = { ethSrc: this.mac, ipv4Src: this.#sourceFor(to), ipv4Dst: to };
    const echo = {
      ...addresses,
      icmpv4Type: Icmpv4Type.ECHO_REQUEST,
      identifier: 1,
      sequence,
      data: PING_DATA,
    };
    this.#sendTo(to, addresses.ipv4Src, (ethDst) => encodeIcmpv4Echo({ ...echo, ethDst }));
    const isAnswered = await Promise.race([answered, this.#uplink.idle().then(() => false)]);
    this.#pings.delete(sequence);
    return isAnswered;
  }

  /** Sends a datagram. */
  sendUdp({ to, port, data, fromPort = port }: Datagram): void {
    const addresses = { ethSrc: this.mac, ipv4Src: this.#sourceFor(to), ipv4Dst: to };
    const datagram = { ...addresses, udpSrc: fromPort, udpDst: port, data };
    this.#sendTo(to, addresses.ipv4Src, (ethDst) => encodeUdp({ ...datagram, ethDst }));
  }

  /** Takes the datagrams to a port, in place of who took them before. */
  listen(port: number, listener: (datagram: UdpDatagram) => void): void {
    this.#listeners.set(port, listener);
  }

  /** Asks everybody whose address this is, and tells where its own is (RFC 5227, 1.2): what hosts do when they come or move. */
  announce(): void {
    for (const { ip } of this.#addresses)
      this.#arp({
        ethDst: BROADCAST,
        arpSpa: ip,
        arpTha: NOBODY,
        arpTpa: ip,
        operation: ArpOperation.REQUEST,
      });
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
  }

  #takeArp(frame: Uint8Array, at: number): void {
    const sender = readIpv4(frame, at + 14);
    const arpSha = readMac(frame, at + 8);
    const target = readIpv4(frame, at + 24);
    if (this.#macs.has(sender) || this.#waiting.has(sender)) this.#resolved(sender, arpSha);
    const isForUs = this.#addresses.some(({ ip }) => ip === target) && sender !== target;
    if (!isForUs) return;
    this.#resolved(sender, arpSha);
    if (read16(frame, at + 6) !== ArpOperation.REQUEST) return;
    this.#arp({
      ethDst: arpSha,
      arpSpa: target,
      arpTha: arpSha,
      arpTpa: sender,
      operation: ArpOperation.REPLY,
    });
  }

  #takeIpv4(frame: Uint8Array, { l3, l4, end, protocol }: ReturnType<typeof emptyHeaders>): void {
    const ipv4Dst = readIpv4(frame, l3 + 16);
    if (l4 === ABSENT || end - l4 < 8 || !this.#addresses.some(({ ip }) => ip === ipv4Dst)) return;
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
      this.#sendTo(addresses.ipv4Src, ipv4Dst, (ethDst) =>
        encodeIcmpv4Echo({ ...reply, ethDst, icmpv4Type, identifier, sequence, data }),
      );
    }
  }

  /** Sends a packet once it is known to whom. */
  #sendTo(to: string, from: string, make: (mac: string) => Uint8Array): void {
    const known = this.#macs.get(to);
    if (known !== undefined) return this.send(make(known));
    const waiting = this.#waiting.get(to) ?? [];
    if (waiting.length < this.#maxWaiting) waiting.push(make);
    this.#waiting.set(to, waiting);
    this.#arp({
      ethDst: BROADCAST,
      arpSpa: from,
      arpTha: NOBODY,
      arpTpa: to,
      operation: ArpOperation.REQUEST,
    });
  }

  #resolved(ip: string, mac: string): void {
    this.#macs.set(ip, mac);
    const waiting = this.#waiting.get(ip) ?? [];
    this.#waiting.delete(ip);
    for (const make of waiting) this.send(make(mac));
  }

  #arp(packet: Omit<Parameters<typeof encodeArp>[0], 'arpSha'>): void {
    this.send(encodeArp({ ...packet, arpSha: this.mac }));
  }

  /** The own address that shares the destination's network, else the first one. */
  #sourceFor(to: string): string {
    const value = ipv4Value(to);
    return this.#addresses.find((own) => ((own.value ^ value) & own.mask) === 0)?.ip ?? this.ip;
  }
}

const PING_DATA = new Uint8Array(56);

function parseAddress(text: string): Address {
  const { family, address, mask = '255.255.255.255' } = parseCidr(text);
  if (family !== 4) throw new UsageError('DATAPATH_HOST_INVALID', `a host's address is IPv4, got '${text}'`);
  return { ip: address, value: ipv4Value(address), mask: ipv4Value(mask) };
}

function ipv4Value(text: string): number {
  const bytes = new Uint8Array(4);
  writeIpv4(bytes, 0, text);
  return new DataView(bytes.buffer).getInt32(0);
}
