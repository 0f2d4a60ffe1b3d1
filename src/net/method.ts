import { isIPv4, isIPv6 } from 'node:net';
import { UsageError } from '../util/errors.ts';
import { suggest } from '../util/suggest.ts';

/** A connection method that is dialled: `tcp:HOST:PORT`, `ssl:HOST:PORT`, `unix:PATH`. */
export type ActiveMethod =
  | { readonly type: 'tcp' | 'ssl'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string };

/** A connection method that is listened on: `ptcp:PORT[:HOST]`, `pssl:PORT[:HOST]`, `punix:PATH`. */
export type PassiveMethod =
  | { readonly type: 'ptcp' | 'pssl'; readonly host: string; readonly port: number }
  | { readonly type: 'punix'; readonly path: string };

/**
 * A connection method in Open vSwitch's own syntax (ovsdb(7), "Connection Methods"). `host` is a name or an
 * address without brackets; `path` is relative to the working directory, as Node takes it, not to OVS's run
 * directory.
 */
export type ConnectionMethod = ActiveMethod | PassiveMethod;

/** What {@link parseMethod} fills in where the text is silent. */
export interface ParseMethodOptions {
  /** The port of a text that names none: 6653 for OpenFlow, 6640 for OVSDB. Without it a port is required. */
  readonly defaultPort?: number;
}

/**
 * Reads a connection method: `tcp:10.0.0.1:6653`, `ssl:[2001:db8::1]:6640`, `unix:/run/db.sock`, and passive
 * `ptcp:6653`, `pssl:6640:0.0.0.0`, `punix:/run/br0.mgmt`. IPv6 addresses stand in brackets.
 *
 * A passive method without a host listens on 127.0.0.1 only. Open vSwitch would listen on every interface;
 * here that has to be said: `ptcp:6653:0.0.0.0` or `ptcp:6653:[::]`. Port 0 lets the system choose, and is for
 * passive methods only.
 * @throws UsageError `NET_METHOD_INVALID` when the text is anything else.
 */
export function parseMethod(text: string, options: ParseMethodOptions = {}): ConnectionMethod {
  const colon = text.indexOf(':');
  const type = colon < 0 ? text : text.slice(0, colon);
  if (!isType(type)) throw unknownType(text, type);
  if (colon < 0) throw invalid(text, type, `there is no ':' after '${type}'`);
  const rest = text.slice(colon + 1);
  switch (type) {
    case 'unix':
    case 'punix':
      return { type, path: parsePath(text, type, rest) };
    case 'tcp':
    case 'ssl': {
      const { host, port } = splitHostPort(text, type, rest);
      return {
        type,
        host: parseHost(text, type, host),
        port: parsePort(text, type, port, options.defaultPort),
      };
    }
    case 'ptcp':
    case 'pssl': {
      const at = rest.indexOf(':');
      const port = parsePort(text, type, at < 0 ? rest : rest.slice(0, at), options.defaultPort);
      return { type, host: at < 0 ? LOOPBACK : parseHost(text, type, rest.slice(at + 1)), port };
    }
  }
}

/** Writes a connection method as {@link parseMethod} reads it, with the host and the port always named. */
export function formatMethod(method: ConnectionMethod): string {
  switch (method.type) {
    case 'unix':
    case 'punix':
      return `${method.type}:${method.path}`;
    case 'tcp':
    case 'ssl':
      return `${method.type}:${formatHost(method.host)}:${method.port}`;
    case 'ptcp':
    case 'pssl':
      return `${method.type}:${method.port}:${formatHost(method.host)}`;
  }
}

/** True when the method is listened on, false when it is dialled. */
export function isPassive(method: ConnectionMethod): method is PassiveMethod {
  return method.type === 'ptcp' || method.type === 'pssl' || method.type === 'punix';
}

type MethodType = ConnectionMethod['type'];

const LOOPBACK = '127.0.0.1';

/** `sun_path` of unix(7) has 108 bytes, the last of them zero; a longer path would be cut silently. */
const MAX_PATH_BYTES = 107;

const FORMS: Readonly<Record<MethodType, string>> = {
  tcp: 'tcp:HOST:PORT',
  ssl: 'ssl:HOST:PORT',
  unix: 'unix:PATH',
  ptcp: 'ptcp:PORT[:HOST]',
  pssl: 'pssl:PORT[:HOST]',
  punix: 'punix:PATH',
};

function isType(type: string): type is MethodType {
  return Object.hasOwn(FORMS, type);
}

function parsePath(text: string, type: MethodType, path: string): string {
  if (path === '') throw invalid(text, type, 'the path is empty');
  if (path.includes('\0')) throw invalid(text, type, 'the path holds a zero byte');
  const size = Buffer.byteLength(path);
  if (size > MAX_PATH_BYTES) {
    throw invalid(text, type, `the path has ${size} bytes, a socket's may have ${MAX_PATH_BYTES}`);
  }
  return path;
}

function splitHostPort(text: string, type: MethodType, rest: string): { host: string; port: string } {
  if (rest.startsWith('[')) {
    const end = rest.indexOf(']');
    if (end < 0) throw invalid(text, type, "there is no ']' after '['");
    const after = rest.slice(end + 1);
    if (after !== '' && !after.startsWith(':')) throw invalid(text, type, `'${after}' follows the ']'`);
    return { host: rest.slice(0, end + 1), port: after.slice(1) };
  }
  const colon = rest.indexOf(':');
  if (colon < 0) return { host: rest, port: '' };
  if (rest.includes(':', colon + 1)) {
    throw invalid(text, type, 'there are too many colons; an IPv6 address needs brackets');
  }
  return { host: rest.slice(0, colon), port: rest.slice(colon + 1) };
}

function parseHost(text: string, type: MethodType, host: string): string {
  if (host === '') throw invalid(text, type, 'the host is empty');
  if (host.startsWith('[') && host.endsWith(']')) {
    const address = host.slice(1, -1);
    if (!isIPv6(address)) throw invalid(text, type, `'${address}' is not an IPv6 address`);
    return address;
  }
  if (isIPv6(host)) throw invalid(text, type, 'an IPv6 address needs brackets');
  if (/^[\d.]+$/.test(host) && !isIPv4(host)) throw invalid(text, type, `'${host}' is not an IPv4 address`);
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(host)) throw invalid(text, type, `'${host}' is not a host name`);
  return host;
}

function parsePort(text: string, type: MethodType, port: string, defaultPort: number | undefined): number {
  if (port === '') {
    if (defaultPort === undefined) throw invalid(text, type, 'the port is missing');
    return defaultPort;
  }
  const value = /^\d{1,5}$/.test(port) ? Number(port) : Number.NaN;
  const lowest = type.startsWith('p') ? 0 : 1;
  if (!(value >= lowest && value <= 65535)) {
    throw invalid(text, type, `'${port}' is not a port from ${lowest} to 65535`);
  }
  return value;
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function unknownType(text: string, type: string): UsageError {
  const near = suggest(type, Object.keys(FORMS));
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  const forms = Object.values(FORMS).join(', ');
  return new UsageError(
    'NET_METHOD_INVALID',
    `expected a connection method (${forms}), got '${text}'${hint}`,
  );
}

function invalid(text: string, type: MethodType, why: string): UsageError {
  return new UsageError('NET_METHOD_INVALID', `expected ${FORMS[type]}, got '${text}': ${why}`);
}
