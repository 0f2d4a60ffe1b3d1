import { isLoopback, OVSDB_PORT, parseApiAddress } from '../app/index.ts';
import { type ConnectionMethod, parseMethod } from '../net/index.ts';
import { OPENFLOW_PORT } from '../ofp/index.ts';

/** What can be reached, and from where. */
export interface Endpoints {
  readonly openflow: readonly string[];
  readonly ovsdb: readonly string[];
  /** `HOST:PORT`; false when there is none. */
  readonly api: string | false;
}

/** Something that other machines can reach, or tamper with, without proving who they are. */
export interface Exposure {
  /** The option that says so, and its value. */
  readonly option: string;
  readonly value: string;
  /** What comes of it, and what is safe. */
  readonly why: string;
}

/** Finds what goes beyond this machine without TLS: that has to be asked for. */
export function findExposures({ openflow, ovsdb, api }: Endpoints): Exposure[] {
  const isPlain = (text: string, types: readonly string[], defaultPort: number) => {
    const method: ConnectionMethod = parseMethod(text, { defaultPort });
    return types.includes(method.type) && 'host' in method && !isLoopback(method.host);
  };
  return [
    ...openflow
      .filter((value) => isPlain(value, ['ptcp'], OPENFLOW_PORT))
      .map((value) => ({ option: '--openflow', value, why: OPENFLOW })),
    ...ovsdb
      .filter((value) => isPlain(value, ['ptcp', 'tcp'], OVSDB_PORT))
      .map((value) => ({ option: '--ovsdb', value, why: OVSDB })),
    ...(api !== false && !isLoopback(parseApiAddress(api).host)
      ? [{ option: '--api', value: api, why: API }]
      : []),
  ];
}

const OPENFLOW = 'anybody could pose as a switch; pssl: is safe';
const OVSDB = 'plain OVSDB is root on the switch; ssl: and pssl: are safe';
const API = 'anybody could read the feed; a loopback address is safe';
