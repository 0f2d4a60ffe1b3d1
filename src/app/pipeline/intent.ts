/** Where a MAC address is: behind a port of this switch, or behind the tunnel to another host. */
export type Location =
  | { readonly type: 'port'; readonly ofport: number }
  | { readonly type: 'tunnel'; readonly peer: string };

/** What a switch has to know before it can carry a pod's frames to other hosts. */
export interface TunnelPort {
  readonly ofport: number;
}

/** The addresses that an endpoint owns. */
export interface Addresses {
  readonly mac: string;
  /** IPv4 and IPv6 in canonical form; empty when they are not known. */
  readonly ips: readonly string[];
  /** True when DHCP gives the IPv4 address. Without, and with no `ips`, any may be used. */
  readonly isDynamic?: boolean;
  /** True for a router, which sends on what others have sent: from any IP address, but only from its own MAC. */
  readonly isRouter?: boolean;
}

/** One reason for flows to exist on one switch. */
export type Intent =
  /** The tables themselves: what happens to frames that nothing else speaks of. */
  | { readonly type: 'base' }
  /** A pod that has endpoints here: who hears its broadcasts, and whose tunnel frames are accepted. */
  | {
      readonly type: 'pod';
      readonly key: number;
      readonly ofports: readonly number[];
      readonly tunnel: TunnelPort | undefined;
      readonly peers: readonly string[];
      readonly maxMeter: number;
    }
  /** The port that carries tunnels. */
  | { readonly type: 'tunnel'; readonly ofport: number }
  /** An interface that is in a pod; with addresses, it may send from no others, and nothing is learnt of it. */
  | {
      readonly type: 'endpoint';
      readonly ofport: number;
      readonly key: number;
      readonly maxMeter: number;
      readonly addresses?: Addresses;
    }
  /** A port that frames of others pass through: whatever comes of it is taken, and nothing learnt. */
  | { readonly type: 'inline'; readonly ofport: number; readonly key: number }
  /** The same, and what is for nobody known goes there. */
  | { readonly type: 'uplink'; readonly ofport: number; readonly key: number }
  /** An endpoint whose addresses are known, here or on another host. */
  | ({
      readonly type: 'station';
      readonly key: number;
      readonly location: Location;
      readonly tunnel: TunnelPort | undefined;
    } & Addresses)
  /** An endpoint that is heard when it looks for a DHCP server. */
  | { readonly type: 'dhcp'; readonly ofport: number; readonly key: number; readonly maxMeter: number }
  /** The address of a pod's own services, which the switch answers for. */
  | { readonly type: 'server'; readonly key: number; readonly mac: string; readonly ip: string }
  /** An interface that is in a pod, on a bridge that could not keep it there. */
  | { readonly type: 'barred'; readonly ofport: number }
  /** A MAC address that has been seen. */
  | {
      readonly type: 'learnt';
      readonly key: number;
      readonly mac: string;
      readonly location: Location;
      readonly tunnel: TunnelPort | undefined;
    };

/** A name for the intent that no other one on the same switch has, and that stays when its contents change. */
export function intentId(intent: Intent): string {
  switch (intent.type) {
    case 'base':
      return 'base';
    case 'pod':
      return `pod ${intent.key}`;
    case 'endpoint':
      return `endpoint ${intent.ofport}`;
    case 'inline':
    case 'uplink':
    case 'barred':
      return `${intent.type} ${intent.ofport}`;
    case 'learnt':
      return `learnt ${intent.key} ${intent.mac}`;
    case 'station':
      return `station ${intent.key} ${intent.mac}`;
    case 'tunnel':
      return `tunnel ${intent.ofport}`;
    case 'dhcp':
      return `dhcp ${intent.ofport}`;
    case 'server':
      return `server ${intent.key}`;
  }
}

/**
 * The number in the cookies of the intent's flows: its type in the top 4 of 40 bits, and below them the number that
 * it has by nature, so that it is the same after a restart. Stations and learnt addresses share their pod's.
 */
export function intentNumber(intent: Intent): number {
  switch (intent.type) {
    case 'base':
      return 0;
    case 'pod':
      return TYPE_UNIT + intent.key;
    case 'endpoint':
      return 2 * TYPE_UNIT + intent.ofport;
    case 'learnt':
      return 3 * TYPE_UNIT + intent.key;
    case 'barred':
      return 4 * TYPE_UNIT + intent.ofport;
    case 'station':
      return (intent.location.type === 'port' ? STATION_HERE : STATION_ELSEWHERE) + intent.key;
    case 'tunnel':
      return 6 * TYPE_UNIT + intent.ofport;
    case 'dhcp':
      return 8 * TYPE_UNIT + intent.ofport;
    case 'server':
      return 9 * TYPE_UNIT + intent.key;
    case 'inline':
      return 10 * TYPE_UNIT + intent.ofport;
    case 'uplink':
      return 11 * TYPE_UNIT + intent.ofport;
  }
}

const TYPE_UNIT = 2 ** 36;

const STATION_HERE = 5 * TYPE_UNIT;
/** What the numbers of stations on other hosts begin with. */
export const STATION_ELSEWHERE = 7 * TYPE_UNIT;
