/** What a bridge is used as. */
export type BridgeMode =
  /** Its database has not told yet whether it carries pods: nothing is forwarded. */
  | 'waiting'
  /** A learning switch: one network for all ports. */
  | 'learning'
  /** A pod network. */
  | 'pods'
  /** It should carry pods, but could not keep them apart: nothing is taken from their interfaces. */
  | 'refused';

/** Where an address was seen, for people and programs outside. */
export type SeenAt = { readonly port: number } | { readonly peer: string };

/** One thing that happened in the network, as the feed tells it. */
export type NetworkEvent =
  | { readonly type: 'switchUp'; readonly switch: string; readonly ports: number }
  | { readonly type: 'switchDown'; readonly switch: string; readonly code?: string; readonly reason?: string }
  | {
      readonly type: 'switchMode';
      readonly switch: string;
      readonly bridge?: string;
      readonly mode: BridgeMode;
      readonly problems: readonly string[];
    }
  | {
      readonly type: 'port';
      readonly switch: string;
      readonly change: 'add' | 'delete' | 'modify';
      readonly port: number;
      readonly name: string;
      readonly up: boolean;
    }
  | ({ readonly type: 'endpointLearnt' } & SeenEndpoint)
  | ({ readonly type: 'endpointMoved'; readonly from: SeenAt } & SeenEndpoint)
  | ({ readonly type: 'endpointAged' } & SeenEndpoint)
  | ({ readonly type: 'podJoined' } & Membership)
  | ({ readonly type: 'podLeft' } & Membership)
  | ({ readonly type: 'addressConflict' } & AddressConflict)
  | ({ readonly type: 'addressConflictOver' } & AddressConflict)
  | { readonly type: 'problem'; readonly switch?: string; readonly code: string; readonly message: string };

/** A MAC address and where it is; `domain` is the pod's name, or the VLAN id of a learning switch. */
export interface SeenEndpoint {
  readonly switch: string;
  readonly domain: string;
  readonly mac: string;
  readonly at: SeenAt;
}

/** An interface that is in a pod. */
export interface Membership {
  readonly switch: string;
  readonly interface: string;
  readonly port: number;
  readonly pod: string;
  readonly key: number;
  /** The addresses that it may send from, when its database says so. */
  readonly mac?: string;
  readonly ips?: readonly string[];
}

/** An address that an endpoint of the switch and one on another host have in the same pod. */
export interface AddressConflict {
  readonly switch: string;
  readonly interface: string;
  readonly pod: string;
  /** A MAC address or an IP address. */
  readonly address: string;
  /** The other host's tunnel address. */
  readonly peer: string;
}

/** One switch as it is now. */
export interface SwitchState {
  readonly switch: string;
  readonly bridge?: string;
  readonly mode: BridgeMode;
  readonly problems: readonly string[];
  readonly ports: readonly { readonly port: number; readonly name: string; readonly up: boolean }[];
  readonly endpoints: readonly Omit<SeenEndpoint, 'switch'>[];
  readonly members: readonly Omit<Membership, 'switch'>[];
  readonly conflicts: readonly Omit<AddressConflict, 'switch'>[];
}

/** Takes each event as it happens. */
export type EventSink = (event: NetworkEvent) => void;
