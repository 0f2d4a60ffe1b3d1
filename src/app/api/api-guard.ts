import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { UsageError } from '../../util/errors.ts';
import { isLoopback } from './api-address.ts';

/** Why a request is not served; goes back as JSON of `code` and `message`. */
export interface Refusal {
  /** The HTTP status (RFC 9110, 15). */
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** Who may ask. */
export interface GuardOptions {
  /** The host that is listened on. */
  readonly host: string;
  /** Origins of web pages from elsewhere that may ask, as browsers write them: `https://console.example`. */
  readonly allowedOrigins: readonly string[];
}

/** What a request is judged by. */
export interface Asker {
  readonly headers: IncomingHttpHeaders;
  /** The address of ours that the request came in on. */
  readonly localAddress: string | undefined;
}

/**
 * Refuses requests that a web page from elsewhere had a browser make; undefined when there is nothing to refuse.
 *
 * A browser lets any page open a WebSocket to any host, and says in `Origin` which page it was (RFC 6455, 10.2). It
 * takes a name that its owner has pointed at this machine for the page's own host (DNS rebinding), but says in `Host`
 * which name it was. Programs send no `Origin`, and have nothing to gain from a wrong `Host`.
 */
export function guard(asker: Asker, options: GuardOptions): Refusal | undefined {
  const { host = '', origin } = asker.headers;
  if (!isOurName(hostName(host), asker.localAddress, options)) {
    const message = `expected this machine in the Host header, got '${host}'`;
    return { status: 403, code: 'API_HOST_REFUSED', message };
  }
  if (origin === undefined || isSameHost(origin, host) || options.allowedOrigins.includes(origin)) {
    return undefined;
  }
  const message = `pages of '${origin}' are not among those that may ask`;
  return { status: 403, code: 'API_ORIGIN_REFUSED', message };
}

/**
 * Reads an origin as browsers write it (RFC 6454, 6.1): `https://console.example`, `http://localhost:3000`.
 * @throws UsageError `API_ORIGIN_INVALID` when no browser would write the text.
 */
export function parseOrigin(text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  const expected = 'expected an origin, SCHEME://HOST[:PORT] in lower case and without a default port';
  throw new UsageError('API_ORIGIN_INVALID', `${expected}, got '${text}'`);
}

/** The name in a Host header (RFC 9110, 7.2), in lower case and without brackets and port. */
function hostName(host: string): string {
  const [, address, name] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d{1,5})?$/i.exec(host) ?? [];
  return (address ?? name ?? '').toLowerCase();
}

/** An address is safe where a name is not: nobody can point it elsewhere. */
function isOurName(name: string, localAddress: string | undefined, { host }: GuardOptions): boolean {
  if (isLoopback(name) || name === host.toLowerCase()) return true;
  return isIP(name) > 0 && name === localAddress?.replace(/^::ffff:/, '');
}

function isSameHost(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
