import { UsageError } from '../../util/errors.ts';
import { isIpv4, parseCidr } from '../../util/ip.ts';
import { suggest } from '../../util/suggest.ts';
import { addressNumber, addressText } from './address-number.ts';

/** What the clients of a pod are told, and which addresses they can be given. */
export interface DhcpSubnet {
  /** The network's first address, and its prefix length. */
  readonly network: string;
  readonly prefixLength: number;
  /** The first and the last address that are given to whoever asks. */
  readonly first: string;
  readonly last: string;
  /** The server's own address, which nobody else in the pod can have. */
  readonly server: string;
  readonly router: string | undefined;
  readonly dns: readonly string[];
  readonly domain: string | undefined;
  /** Bytes; undefined to leave it to the clients. */
  readonly mtu: number | undefined;
  readonly leaseSeconds: number;
  /** Routes beside the one to the router. */
  readonly routes: readonly DhcpRoute[];
}

/** A route that clients shall have (RFC 3442). */
interface DhcpRoute {
  readonly destination: string;
  readonly prefixLength: number;
  readonly router: string;
}

const WORDS = ['subnet', 'range', 'server', 'router', 'dns', 'domain', 'mtu', 'lease', 'route'];
const MAX_LIST = 16;
const LEAST_MTU = 68;
/** Both ends of what is sensible: clients renew at half of it. */
const LEASE_SECONDS = { least: 60, usual: 3600, most: 7 * 86_400 };

/**
 * Reads `subnet=10.0.0.0/24 range=10.0.0.100-10.0.0.199 router=10.0.0.1 dns=10.0.0.53 mtu=1450 lease=3600
 * route=10.1.0.0/16,10.0.0.1 domain=example.net server=10.0.0.2`, of which only `subnet` is needed. `dns` and `route`
 * may be repeated.
 * @throws UsageError `POD_DHCP_INVALID`
 */
export function parseDhcpSubnet(text: string): DhcpSubnet {
  const words = readWords(text);
  const subnet = parseCidr4(one(words, 'subnet') ?? invalid(`expected subnet=ADDRESS/LENGTH in '${text}'`));
  const mask = (2 ** 32 - 2 ** (32 - subnet.prefixLength)) % 2 ** 32;
  const network = (addressNumber(subnet.address) & mask) >>> 0;
  const broadcast = network + 2 ** (32 - subnet.prefixLength) - 1;
  const inside = (word: string, value: string): string => {
    const number = isIpv4(value) ? addressNumber(value) : -1;
    if (number > network && number < broadcast) return value;
    return invalid(`${word} '${value}' is no host of ${addressText(network)}/${subnet.prefixLength}`);
  };
  const hosts = `${addressText(network + 1)}-${addressText(broadcast - 1)}`;
  const range = one(words, 'range') ?? hosts;
  const [first = '', last] = range.split('-');
  if (last === undefined) return invalid(`range '${range}' is no FIRST-LAST like ${hosts}`);
  if (addressNumber(inside('range', first)) > addressNumber(inside('range', last)))
    invalid(`range '${first}-${last}' ends before it begins`);
  const router = one(words, 'router');
  const ofServer = router === addressText(network + 1) ? network + 2 : network + 1;
  const server = inside('server', one(words, 'server') ?? addressText(ofServer));
  if (server === router) invalid(`server and router cannot both be ${server}`);
  return {
    network: addressText(network),
    prefixLength: subnet.prefixLength,
    first,
    last,
    server,
    router: router === undefined ? undefined : inside('router', router),
    dns: list(words, 'dns').map((value) =>
      isIpv4(value) ? value : invalid(`dns '${value}' is no IPv4 address`),
    ),
    domain: one(words, 'domain'),
    mtu: number(words, 'mtu', LEAST_MTU, 0xffff),
    leaseSeconds: number(words, 'lease', LEASE_SECONDS.least, LEASE_SECONDS.most) ?? LEASE_SECONDS.usual,
    routes: list(words, 'route').map((value) => parseRoute(value, inside, { network, broadcast })),
  };
}

type Words = ReadonlyMap<string, readonly string[]>;

function readWords(text: string): Words {
  const words = new Map<string, string[]>();
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const [name = '', value] = splitOnce(word);
    if (!WORDS.includes(name) || value === undefined)
      return invalid(`'${word}' is none of ${WORDS.join('=, ')}=${hint(name)}`);
    words.set(name, [...(words.get(name) ?? []), value]);
  }
  return words;
}

function hint(name: string): string {
  const near = suggest(name, WORDS);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

function splitOnce(word: string): [string, string?] {
  const at = word.indexOf('=');
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

function list(words: Words, name: string): readonly string[] {
  const values = words.get(name) ?? [];
  return values.length <= MAX_LIST
    ? values
    : invalid(`${name} is given ${values.length} times, at most ${MAX_LIST}`);
}

function one(words: Words, name: string): string | undefined {
  const values = words.get(name) ?? [];
  return values.length <= 1 ? values[0] : invalid(`${name} is given ${values.length} times`);
}

function number(words: Words, name: string, least: number, most: number): number | undefined {
  const text = one(words, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  return invalid(`${name} is ${least} to ${most}, got '${text}'`);
}

function parseRoute(
  text: string,
  inside: (word: string, value: string) => string,
  { network, broadcast }: { readonly network: number; readonly broadcast: number },
): DhcpRoute {
  const [destination = '', router] = text.split(',');
  if (router === undefined)
    return invalid(`route '${text}' is no network and router like 10.1.0.0/16,10.0.0.1`);
  const { address, prefixLength } = parseCidr4(destination);
  const size = 2 ** (32 - prefixLength);
  const first = addressNumber(address) - (addressNumber(address) % size);
  if (first >= network && first + size - 1 <= broadcast)
    invalid(`the route to ${destination} is for hosts of the subnet itself`);
  return { destination: address, prefixLength, router: inside('route', router) };
}

/** Up to /30, which has two hosts. */
function parseCidr4(text: string): { address: string; prefixLength: number } {
  const { family, address, prefixLength } = readCidr(text) ?? {};
  if (family === 4 && address !== undefined && prefixLength !== undefined && prefixLength <= 30)
    return { address, prefixLength };
  return invalid(`expected an IPv4 network like 10.0.0.0/24, up to /30, got '${text}'`);
}

function readCidr(text: string): ReturnType<typeof parseCidr> | undefined {
  try {
    return parseCidr(text);
  } catch {
    return undefined;
  }
}

function invalid(message: string): never {
  throw new UsageError('POD_DHCP_INVALID', message);
}
