import { addressOption, type DhcpMessage, DhcpOption, DhcpType } from '../../packet/index.ts';
import { ipv4Mask, writeIpv4 } from '../../util/ip.ts';
import type { DhcpSubnet } from './subnet.ts';

/** What is to be done about a client's message. */
export type DhcpDecision =
  /** Sends the reply; an acknowledgement only when the lease has been recorded. */
  | { readonly type: 'offer' | 'refuse' | 'inform'; readonly reply: DhcpMessage }
  | { readonly type: 'grant'; readonly reply: DhcpMessage; readonly address: string }
  | { readonly type: 'decline'; readonly address: string }
  | { readonly type: 'release' | 'withdraw' }
  /** Not for this server, or nothing that it can say something to. */
  | { readonly type: 'ignore' };

/** What the server knows of the client. */
export interface DhcpClient {
  readonly subnet: DhcpSubnet;
  /** The address that it has, by its labels or a lease. */
  readonly address: string | undefined;
  /** Promises it an address. */
  readonly offer: (wanted?: string) => string | undefined;
  /** True when it could have the address. */
  readonly isFree: (address: string) => boolean;
}

const IGNORE = { type: 'ignore' } as const;
const NONE = '0.0.0.0';

/** What the server does about a message (RFC 2131, 4.3); whoever asks, it alone serves the pod. */
export function answerDhcp(message: DhcpMessage, client: DhcpClient): DhcpDecision {
  if (message.op !== 1 || message.giaddr !== NONE) return IGNORE;
  const wanted = addressOption(message, DhcpOption.REQUESTED_ADDRESS);
  switch (message.options.get(DhcpOption.MESSAGE_TYPE)?.[0]) {
    case DhcpType.DISCOVER:
      return discover(message, client, wanted);
    case DhcpType.REQUEST:
      return request(message, client, wanted);
    case DhcpType.DECLINE:
      return wanted !== undefined && wanted === client.address
        ? { type: 'decline', address: wanted }
        : IGNORE;
    case DhcpType.RELEASE:
      return message.ciaddr === client.address ? { type: 'release' } : IGNORE;
    case DhcpType.INFORM:
      return { type: 'inform', reply: reply(message, client.subnet, DhcpType.ACK, NONE) };
    default:
      return IGNORE;
  }
}

function discover(message: DhcpMessage, client: DhcpClient, wanted: string | undefined): DhcpDecision {
  const address = client.address ?? client.offer(wanted);
  if (address === undefined) return IGNORE;
  return { type: 'offer', reply: reply(message, client.subnet, DhcpType.OFFER, address) };
}

/** SELECTING and INIT-REBOOT name the address in an option, RENEWING and REBINDING in `ciaddr` (RFC 2131, 4.3.2). */
function request(message: DhcpMessage, client: DhcpClient, wanted: string | undefined): DhcpDecision {
  const server = addressOption(message, DhcpOption.SERVER_ID);
  if (server !== undefined && server !== client.subnet.server) return { type: 'withdraw' };
  const address = wanted ?? message.ciaddr;
  const isTheirs = client.address === undefined ? client.isFree(address) : client.address === address;
  if (!isTheirs) return { type: 'refuse', reply: refusal(message, client.subnet) };
  return { type: 'grant', address, reply: reply(message, client.subnet, DhcpType.ACK, address) };
}

function refusal(message: DhcpMessage, { server }: DhcpSubnet): DhcpMessage {
  const options = new Map([
    [DhcpOption.MESSAGE_TYPE, Uint8Array.of(DhcpType.NAK)],
    [DhcpOption.SERVER_ID, addresses(server)],
  ]);
  return { ...message, op: 2, secs: 0, ciaddr: NONE, yiaddr: NONE, siaddr: NONE, options };
}

function reply(message: DhcpMessage, subnet: DhcpSubnet, type: number, yiaddr: string): DhcpMessage {
  const options = new Map<number, Uint8Array>([
    [DhcpOption.MESSAGE_TYPE, Uint8Array.of(type)],
    [DhcpOption.SERVER_ID, addresses(subnet.server)],
    // Who asks for information only has an address that is no lease (RFC 2131, 4.3.5).
    ...(yiaddr === NONE ? [] : leaseTimes(subnet)),
    ...parameters(message, subnet),
  ]);
  return { ...message, op: 2, secs: 0, yiaddr, siaddr: subnet.server, options };
}

function leaseTimes({ leaseSeconds }: DhcpSubnet): [number, Uint8Array][] {
  return [
    [DhcpOption.LEASE_TIME, u32(leaseSeconds)],
    [DhcpOption.RENEWAL_TIME, u32(Math.floor(leaseSeconds / 2))],
    [DhcpOption.REBINDING_TIME, u32(Math.floor((leaseSeconds * 7) / 8))],
  ];
}

/** What the client asks for of what there is; the mask goes to everybody. */
function parameters(message: DhcpMessage, subnet: DhcpSubnet): [number, Uint8Array][] {
  const { router, dns, domain, mtu } = subnet;
  const known: [number, Uint8Array | undefined][] = [
    [DhcpOption.SUBNET_MASK, addresses(ipv4Mask(subnet.prefixLength))],
    // Before the router, as RFC 3442 has it: clients that know it pass over the other.
    [DhcpOption.CLASSLESS_ROUTES, classlessRoutes(subnet)],
    [DhcpOption.ROUTER, router === undefined ? undefined : addresses(router)],
    [DhcpOption.DNS, dns.length === 0 ? undefined : addresses(...dns)],
    [DhcpOption.DOMAIN_NAME, domain === undefined ? undefined : Buffer.from(domain)],
    [DhcpOption.INTERFACE_MTU, mtu === undefined ? undefined : Uint8Array.of(mtu >> 8, mtu & 0xff)],
  ];
  const asked = message.options.get(DhcpOption.PARAMETER_LIST);
  return known.flatMap(([code, value]) => {
    const isSent = asked === undefined || asked.includes(code) || code === DhcpOption.SUBNET_MASK;
    return value !== undefined && isSent ? [[code, value]] : [];
  });
}

/** The routes, and the default one among them, because clients then ignore the router option (RFC 3442). */
function classlessRoutes({ routes, router }: DhcpSubnet): Uint8Array | undefined {
  if (routes.length === 0) return undefined;
  const all = router === undefined ? routes : [...routes, { destination: NONE, prefixLength: 0, router }];
  return Buffer.concat(
    all.map(({ destination, prefixLength, router: via }) => {
      const significant = addresses(destination).subarray(0, Math.ceil(prefixLength / 8));
      return Buffer.concat([Uint8Array.of(prefixLength), significant, addresses(via)]);
    }),
  );
}

function addresses(...texts: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(4 * texts.length);
  for (const [i, text] of texts.entries()) writeIpv4(bytes, 4 * i, text);
  return bytes;
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
}
