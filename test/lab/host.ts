import type { AddressInfo } from 'node:net';
import { Container, type ContainerOptions, hostPart, isIpv6 } from './container.ts';
import { ipBatch } from './ip-batch.ts';
import { NetworkNamespace } from './network-namespace.ts';
import { OpenVSwitch } from './openvswitch.ts';
import { LabError } from './run.ts';
import { contextOf, type Scope } from './scope.ts';
import { connectHere, forward, LOOPBACK, listenHere } from './sockets.ts';

/** A host of a {@link Lab}. */
export interface HostOptions {
  /** Unique in the lab, at most 12 characters. */
  readonly name: string;
  /**
   * Its address on the underlay, with prefix length: `192.0.2.1/24`. More than one may be given, of either family.
   * Default: none; such a host is not on the underlay and can have no tunnels.
   */
  readonly address?: string | readonly string[];
  /** The bridge for its containers; false makes none. Default `br-int`. */
  readonly bridge?: string | false;
  /** Default `secure`: without flows, nothing passes. */
  readonly failMode?: 'secure' | 'standalone';
}

/** {@link HostOptions} with what the lab adds. */
export interface HostPlace {
  /** Counts from 1 in the lab. */
  readonly number: number;
  /** The network namespace of the underlay's bridge. */
  readonly underlayNetns: string;
  readonly underlayMtu: number;
  /** Claims a name in the lab, or throws. */
  readonly claimName: (name: string) => void;
}

/** A tunnel port of a {@link Host}. */
export interface TunnelPortOptions {
  /** Default: `vx0`, `gn0` or `gre0`. */
  readonly name?: string;
  readonly type?: 'vxlan' | 'geneve' | 'gre';
  readonly bridge?: string;
  /** Default: `remote_ip=flow` and `key=flow`: the flows say where to. */
  readonly options?: Readonly<Record<string, string>>;
}

/** A machine: a network namespace with its own Open vSwitch in it, and containers on its bridge. */
export class Host extends NetworkNamespace {
  readonly ovs: OpenVSwitch;
  /** The bridge for containers; empty when there is none. */
  readonly bridge: string;
  /** Underlay addresses with prefix lengths. */
  readonly addresses: readonly string[];
  /** The first underlay address, without its prefix length: where tunnels to this host end. Empty without underlay. */
  readonly ip: string;
  readonly #place: HostPlace;
  readonly #containers = new Map<string, Container>();
  #containerNumber = 0;

  /** {@link Lab.addHost} is the way to call it. */
  static async create(scope: Scope, options: HostOptions, place: HostPlace): Promise<Host> {
    const host = new Host(scope, options, place, (netns) => netns);
    return host;
  }
}
