import { WireError } from '../util/errors.ts';
import { readIpv4, writeIpv4 } from '../util/ip.ts';
import { readMac, writeMac } from '../util/mac.ts';
import { read16, read32, write16, write32 } from './headers.ts';

/** The ports of servers and clients (RFC 2131, 4.1). */
export const DhcpPort = { SERVER: 67, CLIENT: 68 } as const;

/** Message types, the value of option 53 (RFC 2132, 9.6). */
export const DhcpType = {
  DISCOVER: 1,
  OFFER: 2,
  REQUEST: 3,
  DECLINE: 4,
  ACK: 5,
  NAK: 6,
  RELEASE: 7,
  INFORM: 8,
} as const;

/** Option codes (RFC 2132; 26 in 5.1, 121 in RFC 3442). */
export const DhcpOption = {
  SUBNET_MASK: 1,
  ROUTER: 3,
  DNS: 6,
  HOST_NAME: 12,
  DOMAIN_NAME: 15,
  INTERFACE_MTU: 26,
  REQUESTED_ADDRESS: 50,
  LEASE_TIME: 51,
  MESSAGE_TYPE: 53,
  SERVER_ID: 54,
  PARAMETER_LIST: 55,
  MESSAGE: 56,
  RENEWAL_TIME: 58,
  REBINDING_TIME: 59,
  CLIENT_ID: 61,
  CLASSLESS_ROUTES: 121,
} as const;

/** A DHCPv4 message (RFC 2131, 2) of an Ethernet client. */
export interface DhcpMessage {
  /** 1 from a client, 2 from a server. */
  readonly op: number;
  readonly xid: number;
  readonly secs: number;
  /** Bit 15: the client cannot receive unicast yet. */
  readonly flags: number;
  readonly ciaddr: string;
  readonly yiaddr: string;
  readonly siaddr: string;
  readonly giaddr: string;
  readonly chaddr: string;
  /** By code; parts of one option are put together (RFC 3396). */
  readonly options: ReadonlyMap<number, Uint8Array>;
}

const ETHERNET = 1;
const OPTIONS = 240;
const COOKIE = 0x63825363;
const PAD = 0;
const END = 255;
/** What old relays and clients expect at least (RFC 1542, 2.1). */
const LEAST_SIZE = 300;

/**
 * Reads the payload of a UDP datagram.
 * @throws WireError `PACKET_TRUNCATED`, `PACKET_DHCP_INVALID`
 */
export function decodeDhcp(bytes: Uint8Array): DhcpMessage {
  if (bytes.length < OPTIONS)
    throw new WireError(
      'PACKET_TRUNCATED',
      `a DHCP message of ${bytes.length} bytes, expected at least ${OPTIONS}`,
    );
  if (bytes[1] !== ETHERNET || bytes[2] !== 6)
    throw new WireError(
      'PACKET_DHCP_INVALID',
      `hardware type ${bytes[1]} of ${bytes[2]} bytes is not Ethernet`,
    );
  if (read32(bytes, OPTIONS - 4) !== COOKIE)
    throw new WireError(
      'PACKET_DHCP_INVALID',
      'there is no magic cookie before the options: BOOTP, not DHCP',
    );
  return {
    op: bytes[0]!,
    xid: read32(bytes, 4),
    secs: read16(bytes, 8),
    flags: read16(bytes, 10),
    ciaddr: readIpv4(bytes, 12),
    yiaddr: readIpv4(bytes, 16),
    siaddr: readIpv4(bytes, 20),
    giaddr: readIpv4(bytes, 24),
    chaddr: readMac(bytes, 28),
    options: decodeOptions(bytes),
  };
}

/** Writes the payload of a UDP datagram. @throws WireError `MAC_INVALID`, `IP_INVALID` */
export function encodeDhcp(message: DhcpMessage): Uint8Array {
  const options = encodeOptions(message.options);
  const bytes = new Uint8Array(Math.max(LEAST_SIZE, OPTIONS + options.length));
  bytes[0] = message.op;
  bytes[1] = ETHERNET;
  bytes[2] = 6;
  write32(bytes, 4, message.xid);
  write16(bytes, 8, message.secs);
  write16(bytes, 10, message.flags);
  writeIpv4(bytes, 12, message.ciaddr);
  writeIpv4(bytes, 16, message.yiaddr);
  writeIpv4(bytes, 20, message.siaddr);
  writeIpv4(bytes, 24, message.giaddr);
  writeMac(bytes, 28, message.chaddr);
  write32(bytes, OPTIONS - 4, COOKIE);
  bytes.set(options, OPTIONS);
  return bytes;
}

/** An option that holds one address; undefined when it is not there or of another size. */
export function addressOption({ options }: DhcpMessage, code: number): string | undefined {
  const value = options.get(code);
  return value?.length === 4 ? readIpv4(value, 0) : undefined;
}

function decodeOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  let at = OPTIONS;
  while (at < bytes.length && bytes[at] !== END) {
    const code = bytes[at]!;
    at += 1;
    if (code === PAD) continue;
    const end = at + 1 + (bytes[at] ?? 0);
    if (at >= bytes.length || end > bytes.length)
      throw new WireError('PACKET_TRUNCATED', `DHCP option ${code} goes on behind the end of the message`);
    const part = bytes.subarray(at + 1, end);
    const before = options.get(code);
    options.set(code, before === undefined ? part : Buffer.concat([before, part]));
    at = end;
  }
  return options;
}

function encodeOptions(options: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const bytes: number[] = [];
  for (const [code, value] of options) {
    for (let at = 0; at === 0 || at < value.length; at += 255) {
      const part = value.subarray(at, at + 255);
      bytes.push(code, part.length, ...part);
    }
  }
  return Uint8Array.from([...bytes, END]);
}
