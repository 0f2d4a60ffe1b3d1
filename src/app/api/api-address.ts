import { isIPv4, isIPv6 } from 'node:net';
import { UsageError } from '../../util/errors.ts';

/** Where an HTTP server listens. */
export interface ApiAddress {
  /** A name or an address, without brackets. */
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT`: `127.0.0.1:8181`, `localhost:8181`, `[::1]:8181`. IPv6 addresses stand in brackets.
 * @throws UsageError `API_ADDRESS_INVALID` when the text is anything else.
 */
export function parseApiAddress(text: string): ApiAddress {
  const colon = text.lastIndexOf(':');
  if (colon < 0) throw invalid(text, "there is no ':' and port");
  const port = text.slice(colon + 1);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) {
    throw invalid(text, `'${port}' is not a port from 0 to 65535`);
  }
  return { host: parseHost(text, text.slice(0, colon)), port: Number(port) };
}

/** Writes an address as {@link parseApiAddress} reads it, and as URLs have it. */
export function formatApiAddress({ host, port }: ApiAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/**
 * True for the names and addresses that only this machine can reach: `localhost`, `127.0.0.0/8` and `::1`. Any other
 * name is taken to be elsewhere, whatever it may resolve to.
 */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

function parseHost(text: string, host: string): string {
  if (host.startsWith('[') && host.endsWith(']')) {
    const address = host.slice(1, -1);
    if (!isIPv6(address) || address.includes('%')) throw invalid(text, `'${address}' is not an IPv6 address`);
    return address;
  }
  if (host.includes(':')) throw invalid(text, 'an IPv6 address needs brackets');
  if (/^[\d.]+$/.test(host) && !isIPv4(host)) throw invalid(text, `'${host}' is not an IPv4 address`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(host)) throw invalid(text, `'${host}' is not a host name`);
  return host;
}

function invalid(text: string, why: string): UsageError {
  return new UsageError('API_ADDRESS_INVALID', `expected HOST:PORT, got '${text}': ${why}`);
}
